package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.Kernels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** One run on every instruction set of this machine and on one and two threads: the same curve. */
class IsaCurveTest {
  private static final String ISA = "NACELLE_ISA";

  @TempDir Path folder;

  @AfterEach
  void forget() {
    System.clearProperty(ISA);
  }

  @Test
  void theCurveDoesNotDependOnTheProcessor() throws IOException {
    PeftCase golden = PeftCase.named("tied-chat");
    List<String> levels = levels();
    for (String level : levels) {
      System.setProperty(ISA, level);
      for (String threads : new String[] {"1", "2"}) {
        String name = level + threads;
        Path first = run(golden, name + "-first", threads, name);
        Path second = run(golden, name + "-second", threads, name);
        assertEquals(-1L, Files.mismatch(first, second), name + ": the same bytes twice");
      }
    }
    System.out.println("instruction sets of this machine: " + levels);
    assertTrue(levels.contains("generic"), levels.toString());
  }

  private Path run(PeftCase golden, String out, String threads, String what) {
    PeftRun run = PeftRun.of(golden, folder.resolve(out), "--threads", threads);
    assertArrayEquals(golden.numbers("losses"), run.numbers("loss"), 1e-4, what);
    return run.out().resolve("adapter_model.safetensors");
  }

  private static List<String> levels() {
    return Stream.of("generic", "avx2", "avx512", "amx", "neon")
        .filter(IsaCurveTest::runs)
        .toList();
  }

  private static boolean runs(String level) {
    try (KernelSet kernels = Kernels.open(1, level)) {
      return kernels.isaLevel().equals(level);
    } catch (IllegalArgumentException e) {
      return false; // not on this processor
    }
  }
}
