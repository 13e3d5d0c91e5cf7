package dev.nacelle.cli;

import dev.nacelle.report.Sizes;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * What runs and builds Nacelle on this machine.
 *
 * @param java the JDK's version
 * @param javaHome its folder
 * @param cache where models, data sets and unpacked libraries are kept
 * @param cacheFree bytes that may still be written there; null where that cannot be asked
 * @param cacheFault why the cache cannot be written; null where it can
 * @param tools what was found on the PATH of what builds Nacelle; none in a release archive
 */
record Software(
    String java,
    String javaHome,
    Path cache,
    @Nullable Long cacheFree,
    @Nullable String cacheFault,
    List<Tool> tools) {

  /** The demonstration's model, its package beside it while it is unpacked, and the libraries. */
  private static final long DISK_NEEDED = 1L << 30;

  private static final int PATIENCE_SECONDS = 10;

  /**
   * A program.
   *
   * @param name what it is
   * @param path where; null where there is none
   * @param version its own first line; null where it does not say
   * @param use what it is for
   * @param fix what installs it
   */
  record Tool(
      String name, @Nullable String path, @Nullable String version, String use, String fix) {}

  static Software find(Path cache) {
    Long free = null;
    String fault = null;
    try {
      Files.createDirectories(cache);
      Path probe = Files.createTempFile(cache, "doctor", ".tmp");
      Files.writeString(probe, "written by nacelle doctor\n");
      Files.delete(probe);
      free = Files.getFileStore(cache).getUsableSpace();
    } catch (IOException e) {
      fault = e.toString();
    }
    return new Software(
        System.getProperty("java.version", "unknown"),
        System.getProperty("java.home", "unknown"),
        cache,
        free,
        fault,
        isPackaged() ? List.of() : builders());
  }

  /** Whether this is a release archive: there is nothing to build, and nothing to build it with. */
  static boolean isPackaged() {
    return Boolean.getBoolean("nacelle.packaged");
  }

  private static List<Tool> builders() {
    return List.of(
        tool("cmake", "building the C kernels", "apt-get install cmake", "cmake"),
        tool("compiler", "building the C kernels", "apt-get install gcc", "cc", "gcc", "clang"),
        tool("make", "building the C kernels", "apt-get install make", "ninja", "make"),
        tool("maven", "building Nacelle", "apt-get install maven", "mvn"),
        tool(
            "pip",
            "bringing smollm2-135m, the demonstration's model",
            "apt-get install python3-pip",
            "pip3",
            "pip"));
  }

  /** The first of some programs that the PATH has. */
  private static Tool tool(String name, String use, String fix, String... programs) {
    String path = System.getenv("PATH");
    for (String program : programs) {
      for (String folder : (path == null ? "" : path).split(File.pathSeparator, -1)) {
        Path file = Path.of(folder.isEmpty() ? "." : folder).resolve(program);
        if (Files.isExecutable(file) && Files.isRegularFile(file)) {
          boolean asks = name.equals("cmake") || name.equals("compiler");
          return new Tool(name, file.toString(), asks ? version(file) : null, use, fix);
        }
      }
    }
    return new Tool(name, null, null, use, fix);
  }

  private static @Nullable String version(Path program) {
    try {
      Process process =
          new ProcessBuilder(program.toString(), "--version")
              .redirectErrorStream(true)
              .redirectInput(ProcessBuilder.Redirect.from(new File("/dev/null")))
              .start();
      try (var out = process.getInputStream()) {
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          return null;
        }
        String text = new String(out.readNBytes(1 << 14), StandardCharsets.UTF_8);
        return text.lines().findFirst().map(String::strip).orElse(null);
      } finally {
        process.destroyForcibly();
      }
    } catch (IOException e) {
      return null;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return null;
    }
  }

  /** What is missing. */
  void faults(List<Diagnosis.Fault> faults) {
    if (cacheFault != null) {
      faults.add(
          new Diagnosis.Fault(
              "the cache folder " + cache + " cannot be written (" + cacheFault + ")",
              "export NACELLE_CACHE=DIR with a folder that can be",
              true));
    } else if (cacheFree != null && cacheFree < DISK_NEEDED) {
      faults.add(
          new Diagnosis.Fault(
              "only " + Sizes.bytes(cacheFree) + " are free in the cache folder " + cache,
              "free some disk space, or export NACELLE_CACHE=DIR on another disk",
              false));
    }
    for (Tool tool : tools) {
      if (tool.path == null) {
        faults.add(
            new Diagnosis.Fault(
                "no " + tool.name + " on the PATH, which is for " + tool.use, tool.fix, false));
      }
    }
  }
}
