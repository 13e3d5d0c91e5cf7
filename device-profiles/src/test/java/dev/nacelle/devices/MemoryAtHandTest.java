package dev.nacelle.devices;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.devices.profile.Profiles;
import dev.nacelle.devices.recognition.ProfileReserve;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a process may hold, on trees made here. */
final class MemoryAtHandTest {
  private static final long MIB = 1L << 20;
  private static final long GIB = 1L << 30;

  @TempDir private Path root;

  @BeforeEach
  void machine() throws IOException {
    write("proc/meminfo", "MemTotal: 8388608 kB\nMemFree: 1 kB\nMemAvailable: 6291456 kB\n");
    write(
        "proc/self/status",
        """
        Name:   java
        VmHWM:    307200 kB
        VmRSS:    204800 kB
        RssAnon:    102400 kB
        RssFile:    101376 kB
        RssShmem:      1024 kB
        """);
  }

  private void write(String path, String text) throws IOException {
    Path file = root.resolve(path);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }

  private MemoryAtHand read() {
    return MemoryAtHand.read(new DeviceFiles(root), null);
  }

  @Test
  void withoutALimitItIsWhatTheMachineHasToSpare() {
    MemoryAtHand memory = read();
    assertEquals(101 * MIB + 6 * GIB - 8 * GIB / 20, memory.bytes());
    assertEquals("/proc/meminfo", memory.file());
    assertFalse(memory.isLimited());
    assertEquals(
        "6.00 GiB are available and this process holds 101 MiB, less 410 MiB for everybody else"
            + " (/proc/meminfo)",
        memory.reason());
    assertEquals(101 * MIB + 6 * GIB - GIB, MemoryAtHand.read(new DeviceFiles(root), GIB).bytes());
  }

  @Test
  void thePagesOfMappedFilesAreNotCountedTwice() throws IOException {
    long before = read().bytes();
    write("proc/self/status", "VmRSS:\t 9204800 kB\nRssAnon:\t 102400 kB\nRssShmem:\t 1024 kB\n");
    assertEquals(before, read().bytes());
    write("proc/self/status", "VmRSS:\t 204800 kB\n");
    assertEquals(before + 99 * MIB, read().bytes(), "Linux before 4.5 does not tell them apart");
  }

  @Test
  void aSmallMachineKeepsAtLeastAQuarterOfAGibibyte() throws IOException {
    write("proc/meminfo", "MemTotal: 2097152 kB\nMemAvailable: 1048576 kB\n");
    assertEquals(101 * MIB + GIB - 256 * MIB, read().bytes());
    write("proc/meminfo", "MemTotal: 2097152 kB\nMemAvailable: 65536 kB\n");
    assertEquals(0, read().bytes());
  }

  @Test
  void theNarrowestGroupOnTheWayUpDecides() throws IOException {
    write("proc/self/cgroup", "0::/user/job/step\n");
    write("sys/fs/cgroup/user/job/step/memory.max", "max\n");
    write("sys/fs/cgroup/user/job/memory.max", Long.toString(2 * GIB));
    write("sys/fs/cgroup/user/job/memory.stat", "anon " + 109 * MIB + "\nshmem 0\nfile 9\n");
    write("sys/fs/cgroup/user/memory.max", Long.toString(3 * GIB));
    MemoryAtHand memory = read();
    assertEquals(2 * GIB, memory.bytes(), "a shell beside us does not count");
    assertEquals("/sys/fs/cgroup/user/job/memory.max", memory.file());
    assertEquals(
        "the control group's limit is 2.00 GiB (/sys/fs/cgroup/user/job/memory.max)",
        memory.reason());
    write("sys/fs/cgroup/user/memory.stat", "anon " + 2 * GIB + "\nshmem " + 101 * MIB + "\n");
    memory = read();
    assertEquals(GIB, memory.bytes(), "a neighbour fills the group above");
    assertEquals("/sys/fs/cgroup/user/memory.max", memory.file());
    assertEquals(
        "the control group's limit is 3.00 GiB, of which other processes hold 2.00 GiB"
            + " (/sys/fs/cgroup/user/memory.max)",
        memory.reason());
  }

  @Test
  void versionOne() throws IOException {
    write("proc/self/cgroup", "7:memory:/docker/abc\n");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
    write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", Long.toString(GIB));
    write(
        "sys/fs/cgroup/memory/docker/abc/memory.stat",
        "cache 7\ntotal_cache 7\ntotal_rss " + 301 * MIB + "\ntotal_shmem 0\n");
    assertEquals(GIB - 200 * MIB, read().bytes());
    write("sys/fs/cgroup/memory/docker/abc/memory.limit_in_bytes", Long.toString(64 * GIB));
    assertFalse(read().isLimited(), "wider than the machine");
  }

  @Test
  void aContainerSeesItsOwnGroupAtTheRoot() throws IOException {
    write("proc/self/cgroup", "0::/kubepods/not/mounted/here\n");
    write("sys/fs/cgroup/memory.max", Long.toString(GIB));
    assertEquals(GIB, read().bytes());
  }

  @Test
  void whereNothingIsSaidNothingIsKnown() throws IOException {
    Files.delete(root.resolve("proc/meminfo"));
    assertEquals(MemoryAtHand.UNKNOWN, read().bytes());
    assertNull(read().file());
    write("sys/fs/cgroup/memory.max", Long.toString(GIB));
    assertEquals(GIB, read().bytes());
  }

  @Test
  void theProfileOfABoardMayWantMoreForOthers() throws IOException {
    DeviceFiles files = new DeviceFiles(root);
    write("proc/device-tree/compatible", "nvidia,p3768-0000+p3767-0005\0nvidia,tegra234\0");
    assertNull(ProfileReserve.of(files, Profiles.builtIn()));
    Path own = root.resolve("own.yaml");
    Files.writeString(
        own,
        """
        schema: 1
        id: my-board
        name: My board
        kind: jetson
        extends: jetson-orin-nano-8gb-devkit
        recognise:
          p_numbers: {value: [p3767-0005], source: the board's label}
        reserve_bytes: {value: 1536MiB, source: "measured with the camera pipeline running"}
        """);
    assertEquals(1536 * MIB, ProfileReserve.of(files, Profiles.builtIn().with(own)));
    MemoryWatch watch = new MemoryWatch(files, 1536 * MIB);
    long before = watch.now().bytes();
    write("proc/meminfo", "MemTotal: 8388608 kB\nMemAvailable: 4194304 kB\n");
    assertEquals(before - 2 * GIB, watch.now().bytes());
    assertTrue(watch.now().reason().contains("less 1.50 GiB for everybody else"));
  }
}
