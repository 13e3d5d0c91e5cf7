package dev.nacelle.function;

import dev.nacelle.kernels.Products;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;

/**
 * y = x·Wᵀ + scale · (drop(x)·Aᵀ)·Bᵀ + bias with W and the bias frozen: x (T, K), W (M, K), A (R,
 * K), B (M, R). Keeps the (T, R) product with A and x (or its recipe), without which no A trains;
 * the mask of the dropout is counted out again. Backward: gradB = scale · gᵀ·h, gradH = scale ·
 * g·B, gradA = gradHᵀ·drop(x), gradX = g·W + mask(gradH·A). W gets no gradient and costs none.
 *
 * @param base W, its bias, and whether y is made again in backward where somebody saves it
 * @param trainsA whether A gets a gradient (LoRA), or stays as it is (LoRA-FA)
 */
public record LoraLinear(
    FrozenLinear base, Parameter a, boolean trainsA, Parameter b, float scale, Dropout dropout)
    implements Function {
  private static final int H = 0;
  private static final int X = 1;

  /** With an A that trains. */
  public LoraLinear(FrozenLinear base, Parameter a, Parameter b, float scale, Dropout dropout) {
    this(base, a, true, b, scale, dropout);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor y = base.product(context, x);
    Tensor h = down().forward(context, x);
    finish(context, y, h);
    context.save(h);
    if (trainsA || base.isRecomputable()) {
      context.save(x);
    }
    h.release();
    return y;
  }

  private DownProjection down() {
    return new DownProjection(a, dropout);
  }

  /** What stands beside x·Wᵀ. */
  private void finish(Context context, Tensor y, Tensor h) {
    context
        .kernels()
        .products()
        .multiply(y.operand(), h.operand(), false, b.value().operand(), true, scale, 1f);
    base.addBias(context, y);
  }

  @Override
  public boolean isRecomputable() {
    return base.isRecomputable();
  }

  @Override
  public Tensor recompute(Context context) {
    Tensor y = base.product(context, context.saved(X));
    finish(context, y, context.saved(H));
    return y;
  }

  @Override
  public void backward(Context context, Tensor g, Gradients gradients) {
    Products products = context.kernels().products();
    Tensor h = context.saved(H);
    Gradients.Slot gradB = gradients.slot(b);
    products.multiply(
        gradB.gradient().operand(), g.operand(), true, h.operand(), false, scale, gradB.beta());
    // h has done its work: its gradient takes its memory.
    products.multiply(h.operand(), g.operand(), false, b.value().operand(), false, scale, 0f);
    if (trainsA) {
      down().backward(context, gradients, a, h, context.saved(X));
    }
    if (gradients.wants(0)) {
      Gradients.Slot gradX = gradients.slot(0);
      base.gradInput(context, gradX, g);
      down().through(context, gradX.gradient(), h);
    }
  }
}
