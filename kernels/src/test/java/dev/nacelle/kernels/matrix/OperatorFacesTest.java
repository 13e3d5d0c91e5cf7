package dev.nacelle.kernels.matrix;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What the faces promise beyond the matrix: rounding rules, aliases, chunks, groups, errors. */
final class OperatorFacesTest {
  private static final long SEED = 7;

  private static List<KernelSet> sets() {
    List<KernelSet> sets = new ArrayList<>();
    sets.add(Kernels.reference());
    for (KernelLibrary library : Levels.here()) {
      sets.add(new CpuKernelSet(library));
    }
    return sets;
  }

  @Test
  void rmsNormRoundsAsTheFamilyDoes() {
    for (KernelSet set : sets()) {
      for (DType dtype : List.of(DType.BF16, DType.FP16)) {
        try (Samples samples = new Samples(SEED)) {
          Operand x = samples.normal(dtype, 1, 9, 65);
          Operand weight = samples.normal(dtype, 0, 65);
          Operand rstd = samples.normal(DType.FP32, 0, 9);
          Operand y = samples.normal(dtype, 0, 9, 65);
          for (int offset = 0; offset < 2; offset++) {
            set.rmsNorm().forward(y, rstd, x, weight, 1e-5f, offset);
            for (long i = 0; i < y.elements(); i++) {
              float n = (float) Elements.get(x, i) * (float) Elements.get(rstd, i / 65);
              float w = (float) Elements.get(weight, i % 65);
              double want = offset == 0 ? Elements.rounded(dtype, n) * w : (double) (n * (1f + w));
              assertEquals(Elements.rounded(dtype, want), Elements.get(y, i), set.isaLevel());
            }
          }
        }
      }
    }
  }

  @Test
  void rmsNormAddsToAGradientWhenAsked() {
    for (KernelSet set : sets()) {
      try (Samples samples = new Samples(SEED)) {
        Operand x = samples.normal(DType.FP32, 0, 5, 300);
        Operand weight = samples.normal(DType.FP32, 0, 300);
        Operand gradY = samples.normal(DType.FP32, 0, 5, 300);
        Operand rstd = samples.normal(DType.FP32, 0, 5);
        Operand fresh = samples.normal(DType.FP32, 0, 5, 300);
        Operand added = samples.normal(DType.FP32, 0, 5, 300);
        Operand before = samples.copy(added);
        set.rmsNorm().forward(fresh, rstd, x, weight, 1e-5f, 0);
        set.rmsNorm().backward(fresh, null, gradY, x, weight, rstd, 0, false);
        set.rmsNorm().backward(added, null, gradY, x, weight, rstd, 0, true);
        for (long i = 0; i < 1500; i++) {
          double want = Elements.get(before, i) + Elements.get(fresh, i);
          assertEquals(want, Elements.get(added, i), 1e-6 * (1 + Math.abs(want)));
        }
      }
    }
  }

  @Test
  void swiGluAndRopeMayWorkInPlace() {
    for (KernelSet set : sets()) {
      for (DType dtype : Samples.COMPUTE) {
        try (Samples samples = new Samples(SEED)) {
          Operand gate = samples.normal(dtype, 1, 4, 515);
          Operand up = samples.normal(dtype, 0, 4, 515);
          Operand gradY = samples.normal(dtype, 0, 4, 515);
          Operand gradGate = samples.copy(gate);
          Operand gradUp = samples.copy(up);
          set.swiGlu().backward(gradGate, gradUp, gradY, gate, up);
          set.swiGlu().backward(gate, up, gradY, gate, up);
          assertEquals("", Comparison.bits(gate, gradGate));
          assertEquals("", Comparison.bits(up, gradUp));

          Operand x = samples.normal(dtype, 0, 1, 6, 2, 34);
          Operand y = samples.copy(x);
          Operand positions = samples.ids(DType.I64, 0, 3, 1, 4, 1, 5).reshape(1, 6);
          Operand frequencies = samples.normal(DType.FP32, 0, 17);
          for (boolean interleaved : new boolean[] {true, false}) {
            set.rope().forward(y, x, positions, frequencies, interleaved, 1.5f);
            set.rope().forward(x, x, positions, frequencies, interleaved, 1.5f);
            assertEquals("", Comparison.bits(x, y));
          }
        }
      }
    }
  }

  @Test
  void crossEntropyGivesTheSameInSmallChunks() {
    for (KernelSet set : sets()) {
      try (Samples samples = new Samples(SEED)) {
        Operand hidden = samples.normal(DType.FP32, 0, 40, 24);
        Operand weight = samples.normal(DType.FP32, 0, 50, 24);
        long[] ids = new long[40];
        for (int i = 0; i < 40; i++) {
          ids[i] = i % 5 == 2 ? CrossEntropy.IGNORED : i;
        }
        Operand targets = samples.ids(DType.I32, ids);
        CrossEntropy head = set.crossEntropy();
        long all = head.workspaceBytes(40, 50, 24, DType.FP32);
        List<List<Operand>> results = new ArrayList<>();
        for (long bytes : new long[] {all, all / 3, all / 20}) {
          try (NativeBuffer workspace = NativeBuffer.allocate(bytes)) {
            Operand losses = samples.normal(DType.FP32, 0, 40);
            Operand gradHidden = samples.normal(DType.FP32, 0, 40, 24);
            Operand gradWeight = samples.normal(DType.FP32, 0, 50, 24);
            head.forward(
                losses,
                gradHidden,
                gradWeight,
                null,
                hidden,
                weight,
                targets,
                0.25f,
                0,
                null,
                workspace);
            results.add(List.of(losses, gradHidden, gradWeight));
          }
        }
        for (List<Operand> result : results) {
          for (int i = 0; i < 3; i++) {
            assertTrue(
                Samples.maxDifference(results.getFirst().get(i), result.get(i)) <= 1e-5,
                set.isaLevel());
          }
        }
      }
    }
  }

  @Test
  void crossEntropyAsksForOneRowAtLeast() {
    KernelSet set = sets().getLast();
    try (Samples samples = new Samples(SEED);
        NativeBuffer workspace = NativeBuffer.allocate(576)) {
      Operand hidden = samples.normal(DType.FP32, 0, 2, 8);
      Operand weight = samples.normal(DType.FP32, 0, 100, 8);
      Operand losses = samples.normal(DType.FP32, 0, 2);
      Operand targets = samples.ids(DType.I32, 99, -100);
      assertEquals(
          "workspace: expected at least 640 bytes for one row and 16 columns of logits, given 576",
          assertThrows(
                  IllegalArgumentException.class,
                  () ->
                      set.crossEntropy()
                          .forward(
                              losses, null, null, null, hidden, weight, targets, 1, 0, null,
                              workspace))
              .getMessage());
    }
  }

  /** Few rows of a large vocabulary too: a chunk of logits is what the workspace may hold. */
  @Test
  void crossEntropyNeverAsksForAllLogits() {
    long vocabulary = 262_144;
    for (KernelSet set : sets()) {
      for (long rows : new long[] {1, 8, 100, 512, 4096}) {
        long others = Math.min(rows, 512) * (576 * (4 + 4) + 2 * 4 * 64 + 64);
        long bytes = set.crossEntropy().workspaceBytes(rows, vocabulary, 576, DType.FP32);
        assertTrue(bytes - others <= (4 << 20) + 1024, set.isaLevel() + ", rows " + rows);
        assertTrue(bytes - others <= rows * vocabulary * 4 / 16, set.isaLevel() + ", rows " + rows);
      }
    }
  }

  @Test
  void adamWStepsAGroupAsItStepsEachTensor() {
    for (KernelSet set : sets()) {
      try (Samples samples = new Samples(SEED)) {
        List<AdamW.Slot> group = new ArrayList<>();
        List<AdamW.Slot> alone = new ArrayList<>();
        for (long n : new long[] {3, 0, 8192, 1, 20000, 0}) {
          Operand p = samples.normal(DType.FP32, 0, n);
          Operand g = samples.normal(DType.FP32, 0, n);
          Operand m = samples.normal(DType.FP32, 0, n);
          Operand v = samples.normal(DType.FP32, 0, n);
          group.add(new AdamW.Slot(p, g, m, v));
          alone.add(new AdamW.Slot(samples.copy(p), g, samples.copy(m), samples.copy(v)));
        }
        for (AdamW.Slot slot : group) {
          for (long i = 0; i < slot.expAvgSq().elements(); i++) {
            Elements.set(slot.expAvgSq(), i, 0.5);
          }
        }
        for (AdamW.Slot slot : alone) {
          for (long i = 0; i < slot.expAvgSq().elements(); i++) {
            Elements.set(slot.expAvgSq(), i, 0.5);
          }
        }
        set.adamW().step(group, 4, 0.01, 0.9, 0.99, 1e-8, 0.1);
        alone.forEach(slot -> set.adamW().step(List.of(slot), 4, 0.01, 0.9, 0.99, 1e-8, 0.1));
        set.adamW().step(List.of(), 4, 0.01, 0.9, 0.99, 1e-8, 0.1);
        for (int i = 0; i < group.size(); i++) {
          assertEquals("", Comparison.bits(group.get(i).parameter(), alone.get(i).parameter()));
        }
      }
    }
  }

  @Test
  void clipTakesGradientsOfAnyTypeTogether() {
    for (KernelSet set : sets()) {
      try (Samples samples = new Samples(SEED)) {
        List<Operand> gradients =
            List.of(
                samples.normal(DType.FP32, 0, 9000),
                samples.normal(DType.BF16, 0, 17),
                samples.normal(DType.FP32, 0, 0),
                samples.normal(DType.FP16, 1, 3, 5));
        double squares = 0;
        for (Operand gradient : gradients) {
          for (double value : Torch.values(gradient)) {
            squares += value * value;
          }
        }
        double first = Elements.get(gradients.getFirst(), 0);
        assertEquals(Math.sqrt(squares), set.clipGradNorm().clip(gradients, 2), 1e-9);
        assertEquals(
            first * 2 / (Math.sqrt(squares) + 1e-6), Elements.get(gradients.getFirst(), 0), 1e-6);
        assertEquals(2, set.clipGradNorm().norm(gradients), 1e-2);
        assertEquals(0, set.clipGradNorm().clip(List.of(), 1));
      }
    }
  }

  @Test
  void wrongArgumentsAreNamed() {
    try (Samples samples = new Samples(SEED)) {
      Operand x = samples.normal(DType.FP32, 0, 3, 4);
      Operand half = samples.normal(DType.BF16, 0, 3, 4);
      Operand wide = samples.normal(DType.FP32, 0, 3, 5);
      Operand weight = samples.normal(DType.FP32, 0, 4);
      Operand rstd = samples.normal(DType.FP32, 0, 3);
      for (KernelSet set : sets()) {
        refused("y must be", () -> set.rmsNorm().forward(half, rstd, x, weight, 1e-5f, 0));
        refused(
            "weight must have shape [5]",
            () -> set.rmsNorm().forward(wide, rstd, wide, weight, 1e-5f, 0));
        refused("offset: expected 0", () -> set.rmsNorm().forward(x, rstd, x, weight, 1e-5f, 2));
        refused("eps must be", () -> set.rmsNorm().forward(x, rstd, x, weight, -1, 0));
        refused("up must have shape", () -> set.swiGlu().forward(x, x, wide));
        refused("up must be fp32", () -> set.swiGlu().forward(x, x, half));
        refused(
            "x must have shape (B, T, H, D)", () -> set.rope().forward(x, x, x, weight, false, 1));
        refused("max_norm must be", () -> set.clipGradNorm().clip(List.of(x), 0));
        refused(
            "step: expected at least 1, given 0",
            () -> set.adamW().step(List.of(new AdamW.Slot(x, x, x, x)), 0, 1, 0.9, 0.9, 1e-8, 0));
        refused(
            "beta1: expected",
            () -> set.adamW().step(List.of(new AdamW.Slot(x, x, x, x)), 1, 1, 1, 0.9, 1e-8, 0));
      }
    }
  }

  private static void refused(String begin, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message != null && message.startsWith(begin), message);
  }
}
