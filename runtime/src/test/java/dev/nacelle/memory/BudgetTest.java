package dev.nacelle.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.MemoryWatch;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A budget against a machine that changes. */
final class BudgetTest {
  private static final long MIB = 1L << 20;

  @TempDir private Path root;

  @BeforeEach
  void machine() throws IOException {
    available(1024);
  }

  private void available(long mib) throws IOException {
    Path file = root.resolve("proc/meminfo");
    Files.createDirectories(file.getParent());
    Files.writeString(file, "MemTotal: 4194304 kB\nMemAvailable: %d kB\n".formatted(mib << 10));
  }

  private Budget budget(@Nullable Long asked) {
    return new Budget(asked, new MemoryWatch(new DeviceFiles(root), null));
  }

  @Test
  void whatIsThereIsTheBudgetWhereNoneIsAskedFor() throws IOException {
    Budget budget = budget(null);
    assertEquals(768 * MIB, budget.now().bytes());
    available(700);
    assertEquals(444 * MIB, budget.now().bytes());
    available(2048);
    assertEquals(1792 * MIB, budget.now().bytes());
    assertTrue(budget.now().reason().contains("/proc/meminfo"));
  }

  @Test
  void whatWasAskedForHoldsWhileItIsThere() throws IOException {
    Budget budget = budget(600 * MIB);
    assertEquals(new Budget.Look(600 * MIB, "--budget asks for 600.0 MiB"), budget.now());
    available(700);
    assertEquals(444 * MIB, budget.now().bytes());
    available(4096);
    assertEquals(600 * MIB, budget.now().bytes());
  }

  @Test
  void moreThanThereIsIsRefused() {
    NacelleException e = assertThrows(NacelleException.class, () -> budget(769 * MIB));
    assertEquals(NacelleException.Kind.BUDGET, e.kind());
    assertEquals(
        "--budget 769.0 MiB is more than this process can have here, 768.0 MiB: 1.00 GiB are"
            + " available and this process holds 0 MiB, less 256 MiB for everybody else"
            + " (/proc/meminfo)",
        e.getMessage());
    assertTrue(String.valueOf(e.hint()).contains(Long.toString(768 * MIB)));
  }
}
