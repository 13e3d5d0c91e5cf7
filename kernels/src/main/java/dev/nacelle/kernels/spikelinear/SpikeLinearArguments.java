package dev.nacelle.kernels.spikelinear;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.spikepack.SpikePackArguments;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/** What every implementation of the layer asks of its arguments. */
final class SpikeLinearArguments {
  private SpikeLinearArguments() {}

  static void forward(Operand y, Operand bits, Operand weight, @Nullable Operand bias) {
    inputs(bits, weight);
    Checks.compute("y", y);
    Checks.shape("y", y, with(bits, weight.size(0)));
    Checks.contiguous("y", y);
    if (bias != null) {
      Checks.compute("bias", bias);
      Checks.shape("bias", bias, weight.size(0));
    }
  }

  static void backward(
      @Nullable Operand gradBits,
      @Nullable Operand gradWeight,
      @Nullable Operand gradBias,
      Operand gradY,
      Operand bits,
      Operand weight) {
    inputs(bits, weight);
    Checks.compute("gradY", gradY);
    Checks.shape("gradY", gradY, with(bits, weight.size(0)));
    written("gradBits", gradBits, with(bits, weight.size(1)));
    written("gradWeight", gradWeight, weight.shape());
    written("gradBias", gradBias, weight.size(0));
  }

  private static void inputs(Operand bits, Operand weight) {
    Checks.dtype("bits", bits, DType.I32);
    Checks.rankAtLeast("bits", bits, 1, "(…, ⌈N/32⌉)");
    Checks.compute("weight", weight);
    Checks.rank("weight", weight, 2, "(M, N)");
    Checks.shape("bits", bits, with(bits, SpikePackArguments.words(weight.size(1))));
  }

  private static void written(String name, @Nullable Operand gradient, long... shape) {
    if (gradient != null) {
      Checks.dtype(name, gradient, DType.FP32);
      Checks.shape(name, gradient, shape);
      Checks.contiguous(name, gradient);
    }
  }

  /** The shape of {@code bits} with another last dimension. */
  static long[] with(Operand bits, long last) {
    long[] shape = bits.shape();
    shape[shape.length - 1] = last;
    return shape;
  }

  /** Rows of bits. */
  static long rows(Operand bits) {
    long rows = 1;
    for (int d = 0; d < bits.rank() - 1; d++) {
      rows *= bits.size(d);
    }
    return rows;
  }
}
