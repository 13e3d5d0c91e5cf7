package dev.nacelle.kernels.quant;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.backend.CpuKernelSet;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.kernels.cpu.KernelLibrary;
import dev.nacelle.kernels.cpu.Levels;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Rows of heads, looked-up rows, the head of a model, sums that are added to, errors. */
final class QuantizedFacesTest {
  private static final long SEED = 31;

  private final List<KernelSet> opened = new ArrayList<>();

  /** The sets of kernels that a test holds, until it ends. */
  private List<KernelSet> sets() {
    opened.add(Kernels.reference());
    for (KernelLibrary library : Levels.here()) {
      opened.add(new CpuKernelSet(library));
    }
    return opened;
  }

  @AfterEach
  void close() {
    opened.forEach(KernelSet::close);
  }

  /** Random codes with scales of about a hundredth. */
  static Operand blocks(BlockFormat format, NativeBuffer memory, long rows, long columns) {
    SplittableRandom random = new SplittableRandom(SEED);
    long rowBytes = format.rowBytes(columns);
    for (long i = 0; i < rows * rowBytes; i++) {
      memory.setByte(i, (byte) random.nextInt());
    }
    for (long at = 0; at < rows * rowBytes; at += format.blockBytes()) {
      for (int scale : scalePlaces(format)) {
        short half = Float.floatToFloat16((float) (random.nextGaussian() * 0.01));
        memory.setByte(at + scale, (byte) half);
        memory.setByte(at + scale + 1, (byte) (half >> 8));
      }
    }
    return Operand.of(memory, DType.U8, rows, rowBytes);
  }

  private static int[] scalePlaces(BlockFormat format) {
    return switch (format) {
      case Q4_0, Q5_0, Q8_0 -> new int[] {0};
      case Q4_1, Q5_1, Q4_K, Q5_K -> new int[] {0, 2};
      case Q6_K -> new int[] {208};
      case NF4 -> new int[0];
    };
  }

  @Test
  void rowsOfHeadsComeInTheirOwnOrder() {
    for (KernelSet set : sets()) {
      for (int tokens : new int[] {2, 9}) {
        try (Samples samples = new Samples(SEED);
            NativeBuffer memory = NativeBuffer.allocate(24 * 40)) {
          Operand blocks = blocks(BlockFormat.Q4_1, memory, 24, 64);
          BlockMatrix stored = BlockMatrix.of(blocks, BlockFormat.Q4_1);
          BlockMatrix used = new BlockMatrix(blocks, BlockFormat.Q4_1, null, 8);
          Operand x = samples.normal(DType.FP32, 0, tokens, 64);
          Operand plain = samples.normal(DType.FP32, 0, tokens, 24);
          Operand moved = samples.normal(DType.FP32, 0, tokens, 24);
          set.quantizedLinear().forward(plain, x, stored);
          set.quantizedLinear().forward(moved, x, used);
          Operand gradStored = samples.normal(DType.FP32, 0, tokens, 24);
          Operand gradUsed = samples.normal(DType.FP32, 0, tokens, 24);
          for (int t = 0; t < tokens; t++) {
            for (int head = 0; head < 3; head++) {
              for (int j = 0; j < 4; j++) {
                for (int half = 0; half < 2; half++) {
                  long inFile = t * 24L + head * 8L + 2L * j + half;
                  long inModel = t * 24L + head * 8L + half * 4L + j;
                  assertEquals(Samples.get(plain, inFile), Samples.get(moved, inModel));
                  Samples.set(gradUsed, inModel, Samples.get(gradStored, inFile));
                }
              }
            }
          }
          Operand one = samples.normal(DType.FP32, 0, tokens, 64);
          Operand two = samples.normal(DType.FP32, 0, tokens, 64);
          set.quantizedLinear().backward(one, gradStored, stored, 0);
          set.quantizedLinear().backward(two, gradUsed, used, 0);
          assertEquals(0, Samples.maxDifference(one, two), 1e-5, set.isaLevel());
        }
      }
    }
  }

  /** Few rows are not packed: they are read where they lie, and need not adjoin. */
  @Test
  void rowsMayLieApart() {
    int held = 0;
    for (KernelSet set : sets()) {
      for (DType dtype : Samples.COMPUTE) {
        for (int tokens = 1; tokens <= 5; tokens++) {
          try (Samples samples = new Samples(SEED);
              NativeBuffer memory = NativeBuffer.allocate(24 * 40)) {
            BlockMatrix weight =
                BlockMatrix.of(blocks(BlockFormat.Q4_1, memory, 24, 64), BlockFormat.Q4_1);
            Operand apart = samples.normalStrided(dtype, 0, 7, tokens, 64);
            Operand adjoining = samples.normal(dtype, 0, tokens, 64);
            for (int t = 0; t < tokens; t++) {
              for (int c = 0; c < 64; c++) {
                Samples.set(adjoining, t * 64L + c, Samples.get(apart, t * 71L + c));
              }
            }
            Operand one = samples.normal(dtype, 0, tokens, 24);
            Operand two = samples.normal(dtype, 0, tokens, 24);
            set.quantizedLinear().forward(one, adjoining, weight);
            set.quantizedLinear().forward(two, apart, weight);
            assertEquals(Samples.values(one), Samples.values(two), set.isaLevel() + " " + tokens);
            held++;
          }
        }
      }
    }
    assertEquals(opened.size() * 3 * 5, held);
  }

  @Test
  void rowsAreLookedUp() {
    for (KernelSet set : sets()) {
      for (DType dtype : Samples.COMPUTE) {
        for (BlockFormat format : List.of(BlockFormat.Q8_0, BlockFormat.Q6_K)) {
          try (Samples samples = new Samples(SEED);
              NativeBuffer memory = NativeBuffer.allocate(7 * format.rowBytes(512))) {
            BlockMatrix table = BlockMatrix.of(blocks(format, memory, 7, 512), format);
            Operand all = samples.normal(dtype, 0, 7, 512);
            set.dequantize().forward(all, table);
            Operand ids = samples.ids(DType.I32, 6, 0, 3, 3);
            Operand y = samples.normalStrided(dtype, 0, 5, 4, 512);
            set.dequantize().gatherRows(y, table, ids);
            Operand want = samples.normal(dtype, 0, 4, 512);
            set.elementwise().gatherRows(want, all, ids);
            assertEquals(0, Samples.maxDifference(want, y));
            Operand bad = samples.ids(DType.I64, 1, 7);
            Operand two = samples.normal(dtype, 0, 2, 512);
            refused(
                "ids[1] is 7, the table has 7 rows",
                () -> set.dequantize().gatherRows(two, table, bad));
          }
        }
      }
    }
  }

  @Test
  void theHeadOfAModelReadsBlocks() {
    for (KernelSet set : sets()) {
      try (Samples samples = new Samples(SEED);
          NativeBuffer memory = NativeBuffer.allocate(300 * 36)) {
        BlockMatrix weight =
            BlockMatrix.of(blocks(BlockFormat.Q4_0, memory, 300, 64), BlockFormat.Q4_0);
        Operand plain = samples.normal(DType.FP32, 0, 300, 64);
        set.dequantize().forward(plain, weight);
        Operand hidden = samples.normal(DType.FP32, 0, 21, 64);
        long[] targets = new long[21];
        for (int i = 0; i < 21; i++) {
          targets[i] = i % 4 == 0 ? CrossEntropy.IGNORED : 13L * i;
        }
        List<List<Operand>> results = new ArrayList<>();
        for (dev.nacelle.kernels.Matrix head : List.of(plain, weight)) {
          Operand losses = samples.normal(DType.FP32, 0, 21);
          Operand grad = samples.normal(DType.FP32, 0, 21, 64);
          CrossEntropy kernel = set.crossEntropy();
          try (NativeBuffer workspace =
              NativeBuffer.allocate(kernel.workspaceBytes(21, 300, 64, DType.FP32) / 2 + 9999)) {
            kernel.forward(
                losses,
                grad,
                null,
                null,
                hidden,
                head,
                samples.ids(DType.I32, targets),
                0.5f,
                0,
                null,
                workspace);
          }
          results.add(List.of(losses, grad));
        }
        for (int i = 0; i < 2; i++) {
          assertEquals(
              0,
              Samples.maxDifference(results.get(0).get(i), results.get(1).get(i)),
              1e-5,
              set.isaLevel());
        }
        refused(
            "gradWeight: a quantised weight has no gradient",
            () ->
                set.crossEntropy()
                    .forward(
                        samples.normal(DType.FP32, 0, 21),
                        null,
                        plain,
                        null,
                        hidden,
                        weight,
                        samples.ids(DType.I32, targets),
                        1,
                        0,
                        null,
                        memory));
      }
    }
  }

  @Test
  void gradientsAreAddedWhenAsked() {
    for (KernelSet set : sets()) {
      for (DType dtype : Samples.COMPUTE) {
        try (Samples samples = new Samples(SEED);
            NativeBuffer memory = NativeBuffer.allocate(200 * 68)) {
          BlockMatrix weight =
              BlockMatrix.of(blocks(BlockFormat.Q8_0, memory, 200, 64), BlockFormat.Q8_0);
          Operand gradY = samples.normal(dtype, 0, 11, 200);
          Operand fresh = samples.normal(dtype, 0, 11, 64);
          Operand added = samples.normal(dtype, 0, 11, 64);
          Operand before = samples.copy(added);
          set.quantizedLinear().backward(fresh, gradY, weight, 0);
          set.quantizedLinear().backward(added, gradY, weight, 1);
          double unit = dtype == DType.FP32 ? 1e-6 : dtype == DType.FP16 ? 2e-3 : 1.6e-2;
          Samples.forEach(
              added,
              i -> {
                double want = Samples.get(before, i) + Samples.get(fresh, i);
                double size = 1 + Math.abs(want) + Math.abs(Samples.get(fresh, i));
                assertEquals(want, Samples.get(added, i), unit * size, set.isaLevel());
              });
        }
      }
    }
  }

  @Test
  void wrongArgumentsAreNamed() {
    try (Samples samples = new Samples(SEED);
        NativeBuffer memory = NativeBuffer.allocate(4 * 40)) {
      Operand blocks = blocks(BlockFormat.Q4_1, memory, 4, 64);
      Operand x = samples.normal(DType.FP32, 0, 3, 64);
      Operand y = samples.normal(DType.FP32, 0, 3, 4);
      refused(
          "blocks: a row of 40 bytes is no number of q4_0 blocks of 18, given u8[4, 40]",
          () -> BlockMatrix.of(blocks, BlockFormat.Q4_0));
      refused("blocks must be u8", () -> BlockMatrix.of(x, BlockFormat.Q4_0));
      refused("absmax is missing", () -> BlockMatrix.of(blocks, BlockFormat.NF4));
      refused(
          "absmax must have shape [5], given fp32[3, 4]",
          () -> new BlockMatrix(blocks, BlockFormat.NF4, y, 0));
      refused(
          "absmax: blocks of q4_1 hold their own scales",
          () -> new BlockMatrix(blocks, BlockFormat.Q4_1, y, 0));
      refused("headRows must be", () -> new BlockMatrix(blocks, BlockFormat.Q4_1, null, 3));
      BlockMatrix weight = BlockMatrix.of(blocks, BlockFormat.Q4_1);
      for (KernelSet set : sets()) {
        refused(
            "x must have shape [3, 64], given fp32[3, 4]",
            () -> set.quantizedLinear().forward(y, y, weight));
        refused(
            "gradY must have shape [3, 4], given fp32[3, 64]",
            () -> set.quantizedLinear().backward(x, x, weight, 0));
        refused("y must have shape [4, 64]", () -> set.dequantize().forward(x, weight));
      }
    }
  }

  private static void refused(String begin, Runnable call) {
    String message = assertThrows(IllegalArgumentException.class, call::run).getMessage();
    assertTrue(message != null && message.startsWith(begin), message);
  }
}
