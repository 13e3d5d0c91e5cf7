package dev.nacelle.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is read of a machine's files, on trees made here. */
final class MachineFilesTest {
  private static final long GIB = 1L << 30;

  @TempDir private Path root;

  @BeforeEach
  void memory() throws IOException {
    write(
        "proc/meminfo",
        "MemTotal:        8388608 kB\nMemFree: 1 kB\nMemAvailable:    6291456 kB\n");
  }

  private void write(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private Memory read() {
    return Memory.read(new DeviceFiles(root));
  }

  @Test
  void withoutALimit() throws IOException {
    assertEquals(new Memory(8 * GIB, 6 * GIB, null, null), read());
    assertEquals(8 * GIB / 20, read().reserve());
    write("sys/fs/cgroup/memory.max", "max\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    assertEquals(new Memory(8 * GIB, 6 * GIB, null, null), read());
  }

  @Test
  void versionTwoTakesTheLeastOnTheWayUp() throws IOException {
    write("proc/self/cgroup", "0::/user/job\n");
    write("sys/fs/cgroup/user/job/memory.max", "max\n");
    write("sys/fs/cgroup/user/memory.max", Long.toString(4 * GIB));
    write("sys/fs/cgroup/user/memory.current", Long.toString(3 * GIB));
    write("sys/fs/cgroup/user/memory.stat", "anon 5\ninactive_file " + GIB + "\n");
    Memory memory = read();
    assertEquals(4 * GIB, memory.limit());
    assertEquals("/sys/fs/cgroup/user/memory.max", memory.limitFile());
    assertEquals(2 * GIB, memory.available());
    assertEquals(256L << 20, memory.reserve());
  }

  @Test
  void versionTwoInAContainerReadsTheMountedRoot() throws IOException {
    write("proc/self/cgroup", "0::/kubepods/not/mounted/here\n");
    write("sys/fs/cgroup/memory.max", Long.toString(GIB));
    assertEquals(GIB, read().limit());
    assertEquals(GIB, read().available());
  }

  @Test
  void versionOne() throws IOException {
    write("proc/self/cgroup", "11:cpu,cpuacct:/x\n7:memory:/docker/abc\n0::/\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", Long.toString(2 * GIB));
    write("sys/fs/cgroup/memory/docker/abc/memory.usage_in_bytes", Long.toString(GIB));
    Memory memory = read();
    assertEquals(2 * GIB, memory.limit());
    assertEquals(GIB, memory.available());
    write("proc/self/cgroup", "7:memory:/../../etc\n");
    assertNull(read().limit());
  }

  @Test
  void whatIsMissingOrSenselessIsNamed() throws IOException {
    Files.delete(root.resolve("proc/meminfo"));
    DeviceFiles files = new DeviceFiles(root);
    assertEquals(new Memory(null, null, null, null), Memory.read(files));
    assertFalse(Processor.read(files).known());
    assertEquals(Set.of("/proc/meminfo", "/proc/cpuinfo"), files.unread());
    write("proc/meminfo", "MemTotal: lots\n");
    DeviceFiles again = new DeviceFiles(root);
    assertNull(Memory.read(again).total());
    assertTrue(again.unread().contains("/proc/meminfo"));
  }

  @Test
  void hyperThreadsAreNoCores() throws IOException {
    StringBuilder info = new StringBuilder();
    for (int cpu = 0; cpu < 8; cpu++) {
      info.append("processor\t: " + cpu + "\nmodel name\t: Fast 9\nphysical id\t: " + cpu / 4);
      info.append("\ncore id\t\t: " + cpu % 2 + "\n\n");
    }
    write("proc/cpuinfo", info.toString());
    Processor processor = Processor.read(root);
    assertEquals(new Processor("Fast 9", 4, 8, true), processor);
    assertTrue(processor.usableCores() <= Runtime.getRuntime().availableProcessors());
  }

  @Test
  void anArmProcessorHasItsCoresInSysfs() throws IOException {
    StringBuilder info = new StringBuilder();
    for (int cpu = 0; cpu < 6; cpu++) {
      info.append("processor\t: " + cpu + "\nBogoMIPS\t: 62.50\nCPU part\t: 0xd42\n\n");
      String topology = "sys/devices/system/cpu/cpu" + cpu + "/topology/";
      write(topology + "thread_siblings_list", cpu + "\n");
      write(topology + "core_id", cpu % 4 + "\n");
    }
    write("proc/cpuinfo", info.toString());
    assertEquals(new Processor("unknown", 6, 6, true), Processor.read(root));
    Files.delete(root.resolve("proc/cpuinfo"));
    write("sys/devices/system/cpu/online", "0-3,5\n");
    assertEquals(5, Processor.read(root).threads());
  }

  @Test
  void aTegraIsRecognisedByItsReleaseFile() throws IOException {
    write(
        "etc/nv_tegra_release",
        "# R36 (release), REVISION: 4.3, GCID: 38968081, BOARD: generic, EABI: aarch64, DATE: x\n");
    write("proc/device-tree/model", "NVIDIA Jetson Orin Nano Developer Kit\0");
    write("etc/os-release", "NAME=\"Ubuntu\"\nPRETTY_NAME=\"Ubuntu 22.04.5 LTS\"\n");
    write(
        "usr/local/cuda/version.json", "{\"cuda\" : {\"name\":\"CUDA\",\"version\":\"12.6.11\"}}");
    write("usr/local/lib/python3.10/dist-packages/torch/lib/libtorch_cpu.so", "");
    write("usr/local/lib/python3.10/dist-packages/torch/version.py", "__version__ = '2.13.0'\n");
    DeviceFiles files = new DeviceFiles(root);
    Machine machine = Machine.read(files);
    assertEquals("NVIDIA Jetson Orin Nano Developer Kit", machine.name());
    assertEquals("36.4.3", machine.l4t());
    assertEquals("12.6.11", machine.cuda());
    assertEquals("Ubuntu 22.04.5 LTS", machine.system());
    assertEquals("6.2", machine.jetpack());
    assertEquals(
        new LibraryFiles.Found(
            "libtorch",
            "/usr/local/lib/python3.10/dist-packages/torch/lib/libtorch_cpu.so",
            "2.13.0"),
        LibraryFiles.find(files).getLast());
  }
}
