package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.DoraLinear;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.LoraLinear;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * Layers so large that they drop, widen or scale their rows in several runs, beside the reference.
 */
final class AdapterRunsTest {
  private static final long SEED = 23;
  private int compared;

  @Test
  void runsOfDroppedRowsMeetWithoutASeam() {
    for (KernelLibrary library : Levels.here()) {
      for (DType dtype : List.of(DType.FP32, DType.BF16)) {
        try (Samples samples = new Samples(SEED);
            KernelSet set = new CpuKernelSet(library)) {
          // Dropped in runs of 64 rows.
          Operand[] own = lora(set, samples, dtype, 70, 5000, 3);
          try (Samples same = new Samples(SEED)) {
            close(lora(Kernels.reference(), same, dtype, 70, 5000, 3), own, dtype);
          }
        }
      }
    }
    assertEquals(Levels.here().size() * 2 * 4, compared);
  }

  @Test
  void runsOfWideRowsMeetWithoutASeam() {
    for (KernelLibrary library : Levels.here()) {
      for (DType dtype : List.of(DType.FP32, DType.BF16)) {
        try (Samples samples = new Samples(SEED);
            KernelSet set = new CpuKernelSet(library)) {
          Operand[] own = dora(set, samples, dtype, 70, 3, 16400);
          try (Samples same = new Samples(SEED)) {
            close(dora(Kernels.reference(), same, dtype, 70, 3, 16400), own, dtype);
          }
        }
      }
    }
    assertEquals(Levels.here().size() * 2 * 5, compared);
  }

  private void close(Operand[] want, Operand[] got, DType dtype) {
    for (int i = 0; i < want.length; i++) {
      double largest = 0;
      for (double value : Samples.values(want[i])) {
        largest = Math.max(largest, Math.abs(value));
      }
      double allowed = largest * (dtype == DType.FP32 ? 1e-5 : 1e-2);
      assertTrue(
          Samples.maxDifference(want[i], got[i]) <= allowed, "tensor " + i + ", seed " + SEED);
      compared++;
    }
  }

  private static AdapterPair pair(Samples samples, long columns, long outputs) {
    return new AdapterPair(
        samples.normal(DType.FP32, 0, 2, columns),
        samples.normal(DType.FP32, 0, outputs, 2),
        0.5f,
        new AdapterPair.Dropout(0.5f, 3, 11));
  }

  private static Operand[] lora(
      KernelSet set, Samples samples, DType dtype, long rows, long columns, long outputs) {
    Operand x = samples.normal(dtype, 0, rows, columns);
    Operand w = samples.normal(dtype, 0, outputs, columns);
    AdapterPair pair = pair(samples, columns, outputs);
    Operand y = samples.normal(dtype, 0, rows, outputs);
    Operand hidden = samples.normal(DType.FP32, 0, rows, 2);
    set.loraLinear().forward(y, hidden, x, w, null, pair);
    Operand gradY = samples.normal(dtype, 0, rows, outputs);
    Operand gradX = samples.normal(dtype, 0, rows, columns);
    Operand gradA = samples.normal(DType.FP32, 0, 2, columns);
    Operand gradB = samples.normal(DType.FP32, 0, outputs, 2);
    set.loraLinear()
        .backward(
            new LoraLinear.Gradients(gradX, null, gradA, gradB, null), gradY, x, hidden, w, pair);
    return new Operand[] {y, gradX, gradA, gradB};
  }

  private static Operand[] dora(
      KernelSet set, Samples samples, DType dtype, long rows, long columns, long outputs) {
    Operand x = samples.normal(dtype, 0, rows, columns);
    Operand w = samples.normal(dtype, 0, outputs, columns);
    Operand magnitude = samples.normal(DType.FP32, 0, outputs);
    AdapterPair pair = pair(samples, columns, outputs);
    Operand y = samples.normal(dtype, 0, rows, outputs);
    Operand product = samples.normal(DType.FP32, 0, rows, outputs);
    Operand norms = samples.normal(DType.FP32, 0, outputs);
    Operand hidden = samples.normal(DType.FP32, 0, rows, 2);
    DoraLinear layer = set.doraLinear();
    layer.forward(y, product, norms, hidden, x, w, magnitude, null, pair);
    Operand gradY = samples.normal(dtype, 0, rows, outputs);
    Operand gradX = samples.normal(dtype, 0, rows, columns);
    Operand gradA = samples.normal(DType.FP32, 0, 2, columns);
    Operand gradB = samples.normal(DType.FP32, 0, outputs, 2);
    Operand gradMagnitude = samples.normal(DType.FP32, 0, outputs);
    layer.backward(
        new DoraLinear.Gradients(gradX, null, gradA, gradB, gradMagnitude, null),
        gradY,
        x,
        product,
        norms,
        hidden,
        w,
        magnitude,
        pair);
    return new Operand[] {y, gradX, gradA, gradB, gradMagnitude};
  }
}
