package dev.nacelle.budget;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * A command held to less memory than the machine has: in a memory cgroup of its own, version 1 or
 * 2, or with a {@code /proc/meminfo} of its own in a mount namespace. Both limits can be moved
 * while it runs. Needs root.
 *
 * <p>By hand, from a built test class path: {@code java … dev.nacelle.budget.Confined
 * cgroup=600000000 meminfo=500000000 -- ./nacelle finetune …} prints exit code, VmHWM and what the
 * group counted.
 */
final class Confined implements AutoCloseable {
  private static final Path V1 = Path.of("/sys/fs/cgroup/memory");
  private static final Path V2 = Path.of("/sys/fs/cgroup");
  private static int made;

  private final List<String> before = new ArrayList<>();
  private final Map<String, String> environment = new TreeMap<>();
  private @Nullable Path group;
  private @Nullable Path meminfo;
  private @Nullable Process process;
  private volatile long peak;

  /** Whether memory cgroups can be made here. */
  static boolean canGroup() {
    return isRoot() && parent() != null;
  }

  /** Whether mount namespaces can be made here. */
  static boolean canMount() {
    if (!isRoot()) {
      return false;
    }
    try {
      return new ProcessBuilder("unshare", "-m", "true").start().waitFor() == 0;
    } catch (IOException e) {
      return false;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static boolean isRoot() {
    return "root".equals(System.getProperty("user.name"));
  }

  private static @Nullable Path parent() {
    for (Path root : List.of(V1, V2)) {
      if (Files.isWritable(root)
          && (root.equals(V1)
              ? Files.exists(root.resolve("memory.limit_in_bytes"))
              : Files.exists(root.resolve("cgroup.subtree_control")))) {
        return root;
      }
    }
    return null;
  }

  private boolean isV1(Path folder) {
    return folder.startsWith(V1);
  }

  /** Holds the command to a cgroup of so many bytes. */
  Confined inGroup(long bytes) throws IOException {
    Path root = parent();
    if (root == null) {
      throw new IOException("no memory cgroup can be made here");
    }
    Path folder = root.resolve("nacelle-test-" + ProcessHandle.current().pid() + "-" + made++);
    Files.createDirectory(folder);
    group = folder;
    limit(bytes);
    before.addAll(
        List.of("sh", "-c", "echo $$ > " + folder.resolve("cgroup.procs") + "; exec \"$@\"", "sh"));
    return this;
  }

  /** Moves the group's limit. */
  void limit(long bytes) throws IOException {
    Path folder = java.util.Objects.requireNonNull(group);
    String file = isV1(folder) ? "memory.limit_in_bytes" : "memory.max";
    Files.writeString(folder.resolve(file), Long.toString(bytes));
  }

  /** Shows the command a machine with so many bytes. */
  Confined withMemory(Path folder, long total, long available) throws IOException {
    Path file = folder.resolve("meminfo" + made++);
    Files.writeString(file, info(total, available));
    meminfo = file;
    before.addAll(
        List.of(
            "unshare",
            "-m",
            "sh",
            "-c",
            "mount --make-rprivate / && mount --bind '" + file + "' /proc/meminfo && exec \"$@\"",
            "sh"));
    return this;
  }

  /** Moves what is available: one write of the same length, so that nobody reads half of it. */
  void available(long total, long available) throws IOException {
    try (FileChannel channel =
        FileChannel.open(java.util.Objects.requireNonNull(meminfo), StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(info(total, available).getBytes(StandardCharsets.UTF_8)), 0);
    }
  }

  private static String info(long total, long available) {
    return String.format(
        Locale.ROOT,
        "MemTotal:       %12d kB%nMemFree:        %12d kB%nMemAvailable:   %12d kB%n",
        total >> 10,
        available >> 10,
        available >> 10);
  }

  /** Sets a variable for the command. */
  Confined with(String variable, String value) {
    environment.put(variable, value);
    return this;
  }

  /** Starts the command; its output goes into a file. */
  Confined start(Path output, List<String> command) throws IOException {
    List<String> all = new ArrayList<>(before);
    all.addAll(command);
    ProcessBuilder builder =
        new ProcessBuilder(all).redirectErrorStream(true).redirectOutput(output.toFile());
    builder.environment().putAll(environment);
    Process started = builder.start();
    process = started;
    Thread watcher = new Thread(() -> watch(started), "peak-watcher");
    watcher.setDaemon(true);
    watcher.start();
    return this;
  }

  private void watch(Process started) {
    while (started.isAlive()) {
      try {
        // The shell before it has a peak of its own, and a far smaller one.
        peak = Math.max(peak, bytes(started, "VmHWM:"));
        Thread.sleep(2);
      } catch (IOException e) {
        return;
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
    }
  }

  /** What the kernel counts of a process; 0 where it does not. */
  private static long bytes(Process of, String key) throws IOException {
    for (String line : Files.readAllLines(Path.of("/proc/" + of.pid() + "/status"))) {
      if (line.startsWith(key)) {
        return Long.parseLong(line.replaceAll("\\D", "")) << 10;
      }
    }
    return 0;
  }

  /** Whether it still runs. */
  boolean isAlive() {
    return java.util.Objects.requireNonNull(process).isAlive();
  }

  /** Waits for the exit code; 137 is the kernel's kill. */
  int await() throws InterruptedException {
    return java.util.Objects.requireNonNull(process).waitFor();
  }

  /** The highest VmHWM that was seen, in bytes; looked at every two milliseconds. */
  long peak() {
    return peak;
  }

  /** Bytes that the command holds and that are in no file, now; 0 once it has ended. */
  long anonymous() {
    try {
      return bytes(java.util.Objects.requireNonNull(process), "RssAnon:");
    } catch (IOException e) {
      return 0;
    }
  }

  /** How often the kernel killed in the group; -1 where it does not say. */
  long kills() throws IOException {
    Path folder = java.util.Objects.requireNonNull(group);
    Path file = folder.resolve(isV1(folder) ? "memory.oom_control" : "memory.events");
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("oom_kill ")) {
        return Long.parseLong(line.substring("oom_kill ".length()));
      }
    }
    return -1;
  }

  @Override
  public void close() throws IOException {
    Process started = process;
    if (started != null && started.isAlive()) {
      started.destroyForcibly();
      try {
        int ignored = started.waitFor();
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
    if (group != null) {
      Files.deleteIfExists(group);
    }
    if (meminfo != null) {
      Files.deleteIfExists(meminfo);
    }
  }

  /** {@code [cgroup=BYTES] [meminfo=BYTES] -- COMMAND…}. */
  public static void main(String[] args) throws Exception {
    int dashes = List.of(args).indexOf("--");
    try (Confined confined = new Confined()) {
      for (String word : List.of(args).subList(0, dashes)) {
        long bytes = Long.parseLong(word.substring(word.indexOf('=') + 1));
        if (word.startsWith("cgroup=")) {
          confined.inGroup(bytes);
        } else {
          confined.withMemory(Path.of("/tmp"), 2 * bytes, bytes);
        }
      }
      Path output = Files.createTempFile("confined", ".out");
      confined.start(output, List.of(args).subList(dashes + 1, args.length));
      int code = confined.await();
      System.out.print(Files.readString(output));
      System.out.printf(Locale.ROOT, "exit %d, VmHWM %d bytes%n", code, confined.peak());
      if (confined.group != null) {
        System.out.println("killed in the group: " + confined.kills());
      }
      Files.delete(output);
    }
  }
}
