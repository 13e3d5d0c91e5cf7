package dev.nacelle.function;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tensor.Tensor;
import dev.nacelle.tensor.Weight;
import org.jspecify.annotations.Nullable;

/**
 * y = x·Wᵀ + bias with W and bias frozen, W plain or quantised: x (T, K), W (M, K), bias (M).
 * Backward is gradX = g·W alone, which needs nothing of x. A part of W may be taken away, as if W
 * were W − scale · B·A.
 *
 * @param bias or null
 * @param isRecomputable whether a function that saves y keeps x (or its recipe) instead, and y is
 *     multiplied again during backward
 * @param less what is taken away from W; null for nothing
 */
public record FrozenLinear(
    Weight weight, @Nullable Tensor bias, boolean isRecomputable, @Nullable Less less)
    implements Function {
  /**
   * A part of a weight (M, K).
   *
   * @param a (R, K) fp32
   * @param b (M, R) fp32
   */
  public record Less(Tensor a, Tensor b, float scale) {}

  /** With the whole weight. */
  public FrozenLinear(Weight weight, @Nullable Tensor bias, boolean isRecomputable) {
    this(weight, bias, isRecomputable, null);
  }

  /** Without a bias; nothing is kept. */
  public FrozenLinear(Weight weight) {
    this(weight, null, false);
  }

  /** The same layer without a part of its weight. */
  public FrozenLinear without(Less part) {
    return new FrozenLinear(weight, bias, isRecomputable, part);
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
    if (less != null) {
      Products products = context.kernels().products();
      Tensor h = context.scratch(DType.FP32, x.size(0), less.a.size(0));
      products.multiply(h.operand(), x.operand(), false, less.a.operand(), true, 1f, 0f);
      products.multiply(y.operand(), h.operand(), false, less.b.operand(), true, -less.scale, 1f);
    }
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
    if (less != null) {
      Products products = context.kernels().products();
      Operand to = gradX.gradient().operand();
      Tensor h = context.scratch(DType.FP32, g.size(0), less.a.size(0));
      products.multiply(h.operand(), g.operand(), false, less.b.operand(), false, 1f, 0f);
      products.multiply(to, h.operand(), false, less.a.operand(), false, -less.scale, 1f);
    }
  }
}
