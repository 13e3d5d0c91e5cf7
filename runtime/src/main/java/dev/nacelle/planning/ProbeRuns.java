package dev.nacelle.planning;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.JsonText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Starts the processes that are measured, one after the other. */
final class ProbeRuns {
  private static final int LARGE_VOCABULARY = 50_000;

  /** An emulated processor needs minutes for what a board does in ten seconds. */
  private static final long LONGEST_SECONDS = 900;

  private final JvmCommand jvm;
  private final String main;
  private final int threads;

  ProbeRuns(JvmCommand jvm, String main, int threads) {
    this.jvm = jvm;
    this.main = main;
    this.threads = threads;
  }

  MachineSpeed speed() {
    Path folder = temporary();
    try {
      return MachineSpeed.of(start("speed", Integer.toString(threads), folder.toString()));
    } finally {
      delete(folder);
    }
  }

  /** One thread and several, a small vocabulary and a large one. */
  ProcessCost cost() {
    Path folder = temporary();
    try {
      int several = Math.max(2, threads);
      JsonNode one = run(folder, ProcessCost.SMALL_VOCABULARY, 1);
      JsonNode more = run(folder, ProcessCost.SMALL_VOCABULARY, several);
      JsonNode large = run(folder, LARGE_VOCABULARY, several);
      long tokens = LARGE_VOCABULARY - ProcessCost.SMALL_VOCABULARY;
      // What differs between two runs of the same hides this: live objects alone show it.
      double perToken = Math.max(0, heap(large) - heap(more)) / (double) tokens;
      double perLoaded = Math.max(0, large.path("load").asLong() - more.path("load").asLong());
      long perThread =
          Math.max(0, more.path("run").asLong() - one.path("run").asLong()) / (several - 1);
      Map<String, Long> kinds = new TreeMap<>();
      one.path("kinds").properties().forEach(k -> kinds.put(k.getKey(), k.getValue().asLong()));
      return new ProcessCost(
          Math.max(one.path("load").asLong(), more.path("load").asLong()),
          Math.max(one.path("run").asLong(), more.path("run").asLong() - perThread * (several - 1)),
          Math.max(perToken, perLoaded / tokens),
          perToken,
          perThread,
          kinds);
    } finally {
      delete(folder);
    }
  }

  private static long heap(JsonNode run) {
    return run.path("live_heap").asLong();
  }

  private JsonNode run(Path folder, int vocabulary, int count) {
    Path model = folder.resolve("model" + vocabulary);
    if (!Files.exists(model)) {
      make(model);
      JsonNode ignored = start("write", model.toString(), Integer.toString(vocabulary));
    }
    return start("run", model.toString(), Integer.toString(count));
  }

  private JsonNode start(String... arguments) {
    ProcessBuilder builder =
        new ProcessBuilder(jvm.start(main, List.of(arguments)))
            .redirectInput(ProcessBuilder.Redirect.from(Path.of("/dev/null").toFile()));
    builder.environment().remove(FaultInjector.VARIABLE);
    try {
      Path errors = Files.createTempFile("nacelle-calibration", ".err");
      Path output = Files.createTempFile("nacelle-calibration", ".out");
      try {
        builder.redirectError(errors.toFile()).redirectOutput(output.toFile());
        Process process = builder.start();
        boolean ended = process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS);
        if (!ended) {
          process.destroyForcibly();
        }
        if (!ended) {
          throw NacelleException.environment(
              "the process that measures this machine took longer than %d minutes"
                  .formatted(LONGEST_SECONDS / 60),
              "see what else runs here, and start again",
              null);
        }
        if (process.exitValue() != 0) {
          throw failed(
              "ended with " + process.exitValue(),
              Files.readString(errors, StandardCharsets.UTF_8),
              null);
        }
        String text = Files.readString(output, StandardCharsets.UTF_8).strip();
        return JsonText.read(text.isEmpty() ? "{}" : text);
      } finally {
        Files.deleteIfExists(errors);
        Files.deleteIfExists(output);
      }
    } catch (IOException e) {
      throw failed("cannot be started", String.valueOf(e.getMessage()), e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw failed("was interrupted", "", e);
    }
  }

  private static NacelleException failed(String how, String why, @Nullable Throwable cause) {
    String first = why.lines().findFirst().orElse("");
    return NacelleException.environment(
        "the process that measures this machine " + how + (first.isEmpty() ? "" : ": " + first),
        "check that this user may start processes and write into the folder for temporary files",
        cause);
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("nacelle-calibration");
    } catch (IOException e) {
      throw failed("has no folder for temporary files", String.valueOf(e.getMessage()), e);
    }
  }

  private static void make(Path folder) {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw failed("has no folder to write to", String.valueOf(e.getMessage()), e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      return; // temporary, and the system's to clear
    }
  }
}
