package dev.nacelle.kernels.spikelinear;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikeLinear;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.spikepack.ReferenceSpikePack;
import org.jspecify.annotations.Nullable;

/** The layer in plain Java: a dense product with zeros and ones, in double. */
public final class ReferenceSpikeLinear implements SpikeLinear {
  @Override
  public void forward(Operand y, Operand bits, Operand weight, @Nullable Operand bias) {
    SpikeLinearArguments.forward(y, bits, weight, bias);
    long outputs = weight.size(0);
    for (long i = 0; i < y.elements(); i++) {
      long m = i % outputs;
      double sum = bias == null ? 0 : Elements.get(bias, m * bias.stride(0));
      for (long n = 0; n < weight.size(1); n++) {
        if (ReferenceSpikePack.isSet(bits, i / outputs, n)) {
          sum += get(weight, m, n);
        }
      }
      Elements.set(y, i, sum);
    }
  }

  private static double get(Operand weight, long m, long n) {
    return Elements.get(weight, m * weight.stride(0) + n * weight.stride(1));
  }

  @Override
  public void backward(
      @Nullable Operand gradBits,
      @Nullable Operand gradWeight,
      @Nullable Operand gradBias,
      Operand gradY,
      Operand bits,
      Operand weight) {
    SpikeLinearArguments.backward(gradBits, gradWeight, gradBias, gradY, bits, weight);
    int outputs = Math.toIntExact(weight.size(0));
    int columns = Math.toIntExact(weight.size(1));
    double[] weights = new double[outputs * columns];
    double[] biases = new double[outputs];
    for (long row = 0; row < SpikeLinearArguments.rows(bits); row++) {
      double[] pull = new double[columns];
      for (int m = 0; m < outputs; m++) {
        double g = Elements.get(gradY, Elements.offset(gradY, row * outputs + m));
        biases[m] += g;
        for (int n = 0; n < columns; n++) {
          pull[n] += g * get(weight, m, n);
          weights[m * columns + n] += ReferenceSpikePack.isSet(bits, row, n) ? g : 0;
        }
      }
      write(gradBits, row * columns, pull);
    }
    write(gradWeight, 0, weights);
    write(gradBias, 0, biases);
  }

  private static void write(@Nullable Operand to, long at, double[] values) {
    for (int i = 0; to != null && i < values.length; i++) {
      Elements.set(to, at + i, values[i]);
    }
  }
}
