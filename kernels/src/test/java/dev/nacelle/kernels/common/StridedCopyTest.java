package dev.nacelle.kernels.common;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Samples;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Copies of random shapes and strides, element by element beside plain indexing. */
final class StridedCopyTest {
  private static final long SEED = 20261128;
  private static final List<DType> TYPES =
      List.of(DType.FP32, DType.BF16, DType.FP16, DType.I64, DType.I32, DType.U8);

  private final List<NativeBuffer> buffers = new ArrayList<>();

  @Test
  void everyElementArrives() {
    SplittableRandom random = new SplittableRandom(SEED);
    int cases = 0;
    for (int round = 0; round < 600; round++) {
      DType dtype = TYPES.get(random.nextInt(TYPES.size()));
      boolean floats = dtype.isCompute();
      DType other = floats ? TYPES.get(random.nextInt(3)) : dtype;
      long[] shape = random.longs(random.nextInt(5), 0, random.nextInt(2) == 0 ? 5 : 40).toArray();
      if (shape.length > 3) {
        shape[0] = Math.min(shape[0], 2);
        shape[1] = Math.min(shape[1], 3);
      }
      Operand x = operand(random, dtype, shape, true);
      Operand y = operand(random, other, shape, false);
      for (long i = 0; i < x.elements(); i++) {
        Elements.set(x, Elements.offset(x, i), random.nextInt(100));
      }
      Elements.copy(y, x);
      for (long i = 0; i < x.elements(); i++) {
        assertEquals(
            Elements.get(x, Elements.offset(x, i)),
            Elements.get(y, Elements.offset(y, i)),
            "round " + round + " seed " + SEED);
      }
      cases++;
      buffers.forEach(NativeBuffer::close);
      buffers.clear();
    }
    assertEquals(600, cases);
  }

  /** Dimensions laid out in a random order with gaps; a source may repeat one with stride zero. */
  private Operand operand(SplittableRandom random, DType dtype, long[] shape, boolean source) {
    List<Integer> order = new ArrayList<>();
    for (int d = 0; d < shape.length; d++) {
      order.add(random.nextInt(order.size() + 1), d);
    }
    long[] strides = new long[shape.length];
    long next = 1L + random.nextInt(2);
    for (int d : order) {
      boolean expanded = source && random.nextInt(6) == 0;
      strides[d] = expanded ? 0 : next;
      next *= Math.max(1, expanded ? 1 : shape[d]) + random.nextInt(2);
    }
    NativeBuffer buffer = NativeBuffer.allocate((next + 64) * dtype.bytes() + 8);
    buffers.add(buffer);
    return Operand.view(buffer, random.nextInt(3), dtype, shape, strides);
  }

  @Test
  void aTransposedTensorCostsLittleMoreThanAPlainOne() {
    try (Samples samples = new Samples(SEED)) {
      Operand plain = samples.normal(DType.FP32, 0, 1024, 1024);
      Operand target = samples.normal(DType.FP32, 0, 1024, 1024);
      Operand turned =
          Operand.view(
              plain.buffer(), 0, DType.FP32, new long[] {1024, 1024}, new long[] {1, 1024});
      long best = Long.MAX_VALUE;
      for (int run = 0; run < 30; run++) {
        long begin = System.nanoTime();
        Elements.copy(target, turned);
        best = Math.min(best, System.nanoTime() - begin);
      }
      // Indexing by division took 30 ns an element; this takes one or two.
      assertTrue(best < 15L << 20, "a transposed copy of 2^20 elements took " + best + " ns");
      assertEquals(Elements.get(plain, 3 * 1024 + 5), Elements.get(target, 5 * 1024 + 3));
    }
  }
}
