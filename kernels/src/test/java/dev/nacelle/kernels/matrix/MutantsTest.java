package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.backend.CudaKernelSet;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.kernels.cuda.EmulatedDevice;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;

/**
 * Runs the matrix on libraries of which each has one line broken, which
 * src/test/mutation/mutants.py made, and writes down which of them it noticed; for lines that no
 * operator shows, tests of {@link Suites} run in its place. A mutant that takes the process down is
 * noticed: the next run goes on behind it.
 */
@EnabledIfSystemProperty(named = MutantsTest.FOLDER, matches = ".+")
final class MutantsTest {
  static final String FOLDER = "nacelle.kernels.mutants";

  private static final String LIBRARY = "nacelle.kernels.library";

  @Test
  void everyMutantGetsAVerdict() throws IOException {
    Path folder = Path.of(Objects.requireNonNull(System.getProperty(FOLDER)));
    String level = Files.readString(folder.resolve("level")).strip();
    Path verdicts = folder.resolve("verdicts.tsv");
    Set<String> done = new HashSet<>();
    if (Files.exists(verdicts)) {
      Files.readAllLines(verdicts).forEach(row -> done.add(row.split("\t", -1)[0]));
    }
    List<String> rows = Files.readAllLines(folder.resolve("list.tsv"));
    assertFalse(rows.isEmpty());
    String before = System.getProperty(LIBRARY);
    try {
      for (String row : rows) {
        String[] parts = row.split("\t", -1);
        if (!done.contains(parts[0])) {
          // Stands until the next line, which a crash keeps from being written.
          append(verdicts, parts[0] + "\tcrashed");
          Path library = folder.resolve("mutant" + parts[0] + ".so");
          append(verdicts, parts[0] + "\t" + verdict(parts[1], level, library));
        }
      }
    } finally {
      System.clearProperty(Levels.ONLY);
      if (before == null) {
        System.clearProperty(LIBRARY);
      } else {
        System.setProperty(LIBRARY, before);
      }
    }
  }

  private static String verdict(String operators, String level, Path library) {
    for (String operator : operators.split(",", -1)) {
      if (Suites.isOne(operator)) {
        System.setProperty(LIBRARY, library.toString());
        System.setProperty(Levels.ONLY, level);
        String failure = Suites.firstFailure(operator);
        if (!failure.isEmpty()) {
          return "noticed\t" + failure.lines().findFirst().orElse("");
        }
        continue;
      }
      try (KernelSet set = set(level, library)) {
        String failure = new OperatorMatrixTest().firstFailure(operator, level, set);
        if (!failure.isEmpty()) {
          return "noticed\t" + failure.lines().findFirst().orElse("");
        }
      }
    }
    return "survived";
  }

  private static KernelSet set(String level, Path library) {
    if (level.equals("cuda")) {
      return new CudaKernelSet(EmulatedDevice.of(library), "emulated");
    }
    System.setProperty(LIBRARY, library.toString());
    KernelLibrary.Opened opened = KernelLibrary.open(2, level);
    KernelLibrary c = opened.library();
    assertNotNull(c, opened.reason());
    return new CpuKernelSet(c);
  }

  private static void append(Path file, String row) throws IOException {
    Files.writeString(
        file,
        row + "\n",
        StandardCharsets.UTF_8,
        StandardOpenOption.CREATE,
        StandardOpenOption.APPEND);
  }
}
