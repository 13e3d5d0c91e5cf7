package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.LoraLinear;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/** The layer as a chain of products of whichever library multiplies. */
public final class CpuLoraLinear implements LoraLinear {
  private final LowRankSteps steps;

  public CpuLoraLinear(Products products, QuantizedLinear quantized, Elementwise elementwise) {
    steps = new LowRankSteps(products, quantized, elementwise);
  }

  @Override
  public void forward(
      Operand y,
      Operand hidden,
      Operand x,
      Matrix weight,
      @Nullable Operand bias,
      AdapterPair pair) {
    AdapterArguments.common(y, hidden, x, weight, pair, 0);
    AdapterArguments.bias(bias, weight.size(0));
    steps.down(hidden, x, pair);
    steps.roundedOnce(
        y,
        (out, from, to) -> {
          steps.base(out, x.rows(from, to), weight);
          steps.times(out, hidden.rows(from, to), pair.b(), pair.scale(), 1);
          steps.addBias(out, bias);
        });
  }

  @Override
  public void backward(
      Gradients to, Operand gradY, Operand x, Operand hidden, Matrix weight, AdapterPair pair) {
    AdapterArguments.common(gradY, hidden, x, weight, pair, 0);
    AdapterArguments.gradients(to.x(), to.w(), to.a(), to.b(), to.bias(), x, weight, pair);
    if (to.b() != null) {
      steps.turnedTimes(to.b(), gradY, hidden, pair.scale(), 0);
    }
    if (to.w() != null) {
      steps.turnedTimes(to.w(), gradY, x, 1, 0);
    }
    if (to.bias() != null) {
      steps.sumRows(to.bias(), gradY);
    }
    if (to.a() == null && to.x() == null) {
      return;
    }
    try (Scratch scratch = new Scratch()) {
      Operand gradHidden = scratch.tensor(DType.FP32, hidden.shape());
      steps.timesPlain(gradHidden, gradY, pair.b(), pair.scale(), 0);
      if (to.a() != null) {
        steps.downBackward(to.a(), gradHidden, x, pair);
      }
      if (to.x() != null) {
        steps.roundedOnce(
            to.x(),
            (out, from, end) -> {
              steps.baseBackward(out, gradY.rows(from, end), weight);
              steps.throughA(out, gradHidden.rows(from, end), from, pair);
            });
      }
    }
  }
}
