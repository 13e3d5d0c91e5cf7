package dev.nacelle.cli;

import dev.nacelle.devices.Memory;
import dev.nacelle.report.Sizes;
import java.util.List;

/** Too little memory for the main job. */
final class MemoryFaults {
  /** What the demonstration held at its peak (README, table of figures), rounded up. */
  private static final long DEMONSTRATION = 1_300_000_000L;

  /** Below this not even a small model and the JVM fit. */
  private static final long LEAST = 256L << 20;

  private MemoryFaults() {}

  static void of(Memory memory, List<Diagnosis.Fault> faults) {
    Long available = memory.available();
    if (available == null || available >= DEMONSTRATION) {
      return;
    }
    String held = memory.limit() == null ? "" : " within the limit of " + memory.limitFile();
    faults.add(
        new Diagnosis.Fault(
            Sizes.bytes(available)
                + " of memory are available"
                + held
                + "; the demonstration takes "
                + Sizes.bytes(DEMONSTRATION),
            memory.limit() == null
                ? "end other programs, or fine-tune a smaller model"
                : "raise the container's memory limit, or fine-tune a smaller model",
            available < LEAST));
  }
}
