package dev.nacelle.function;

import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import org.jspecify.annotations.Nullable;

/**
 * y = x·Wᵀ + bias with W and bias frozen, W plain or quantised: x (T, K), W (M, K), bias (M).
 * Backward is gradX = g·W alone, which needs nothing of x.
 *
 * @param bias or null
 * @param isRecomputable whether a function that saves y keeps x (or its recipe) instead, and y is
 *     multiplied again during backward
 */
public record FrozenLinear(Weight weight, @Nullable Tensor bias, boolean isRecomputable)
    implements Function {
  /** Without a bias; nothing is kept. */
  public FrozenLinear(Weight weight) {
    this(weight, null, false);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    if (isRecomputable) {
      context.save(inputs[0]);
    }
    return whole(context, inputs[0]);
  }

  @Override
  public void backward(Context context, Tensor gradOutput, Gradients gradients) {
    if (gradients.wants(0)) {
      gradInput(context, gradients.slot(0), gradOutput);
    }
  }

  @Override
  public Tensor recompute(Context context) {
    return whole(context, context.saved(0));
  }

  private Tensor whole(Context context, Tensor x) {
    Tensor y = product(context, x);
    addBias(context, y);
    return y;
  }

  /** x·Wᵀ, to which a pair may add before the bias does. */
  Tensor product(Context context, Tensor x) {
    Tensor y = context.output(x.dtype(), x.size(0), weight.size(0));
    context.kernels().weightProducts().forward(y.operand(), x.operand(), weight.matrix());
    return y;
  }

  void addBias(Context context, Tensor y) {
    if (bias != null) {
      context.kernels().elementwise().addBias(y.operand(), bias.operand());
    }
  }

  void gradInput(Context context, Gradients.Slot gradX, Tensor g) {
    context
        .kernels()
        .weightProducts()
        .backward(gradX.gradient().operand(), g.operand(), weight.matrix(), gradX.beta());
  }
}
