package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.operator.Allocator;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.SplittableRandom;

/**
 * Any layout: dimensions in any order, gaps, stride 0, any first byte; memory ends with the last
 * element.
 */
final class FuzzLayout {
  private FuzzLayout() {}

  static Operand place(SplittableRandom random, CaseValues.Values values, Allocator allocator) {
    long[] shape = values.shape;
    DType dtype = values.dtype;
    long[] strides =
        random.nextInt(3) == 0 ? Operand.contiguousStrides(shape) : strides(random, shape);
    long last = 0;
    for (int d = 0; d < shape.length; d++) {
      last += Math.max(0, shape[d] - 1) * strides[d];
    }
    long begin =
        switch (random.nextInt(4)) {
          case 0 -> (long) dtype.bytes() * random.nextInt(1, 9);
          case 1 -> random.nextInt(1, 65);
          default -> 0;
        };
    long elements = values.numbers.length == 0 ? 0 : last + 1;
    NativeBuffer buffer = allocator.allocate(begin + elements * dtype.bytes());
    Operand x = Operand.view(buffer, begin, dtype, shape, strides);
    for (int i = 0; i < values.numbers.length; i++) {
      Elements.set(x, Elements.offset(x, i), values.numbers[i]);
    }
    return x;
  }

  private static long[] strides(SplittableRandom random, long[] shape) {
    int[] order = new int[shape.length];
    for (int d = 0; d < order.length; d++) {
      int at = random.nextInt(d + 1);
      order[d] = order[at];
      order[at] = d;
    }
    long[] strides = new long[shape.length];
    long next = random.nextInt(3) == 0 ? random.nextInt(1, 4) : 1;
    for (int d : order) {
      if (random.nextInt(8) == 0) {
        continue; // expanded: stride 0
      }
      strides[d] = next;
      next = next * Math.max(1, shape[d]) + (random.nextInt(3) == 0 ? random.nextInt(6) : 0);
    }
    return strides;
  }
}
