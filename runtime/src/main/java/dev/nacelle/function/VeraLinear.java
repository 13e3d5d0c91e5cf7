package dev.nacelle.function;

import dev.nacelle.kernels.DoraLinear;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;

/**
 * y = x·Wᵀ + b ⊙ ((d ⊙ (drop(x)·Aᵀ))·Bᵀ) + bias with W, A, B and the bias frozen: x (T, K), W (M,
 * K), b (M), d (R); of A and B the first K columns and M rows (VeRA). Keeps x, or its recipe,
 * alone: R is large as a rule. Backward, with h = drop(x)·Aᵀ, u = d ⊙ h and v = u·Bᵀ made again:
 * gradB = Σ g ⊙ v over the rows, gradU = (b ⊙ g)·B, gradD = Σ gradU ⊙ h, gradX = g·W + mask((d ⊙
 * gradU)·A).
 *
 * @param base W, its bias, and whether y is made again in backward where somebody saves it
 * @param down (R, at least K)
 * @param up (at least M, R)
 * @param ones at least as many as M and R
 */
public record VeraLinear(
    FrozenLinear base,
    Tensor down,
    Tensor up,
    Tensor ones,
    Parameter b,
    Parameter d,
    Dropout dropout)
    implements Function {
  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor y = base.product(context, x);
    Tensor h = projection().forward(context, x);
    finish(context, y, h);
    h.release();
    context.save(x);
    return y;
  }

  private DownProjection projection() {
    Operand a = down.operand();
    Operand first =
        Operand.view(
            a.buffer(),
            a.byteOffset(),
            DType.FP32,
            new long[] {rank(), base.weight().size(1)},
            new long[] {a.size(1), 1});
    return new DownProjection(first, dropout);
  }

  private long rank() {
    return down.size(0);
  }

  private Operand upper() {
    return up.operand().rows(0, base.weight().size(0));
  }

  private Operand ones(long count) {
    Operand all = ones.operand();
    return Operand.view(
        all.buffer(), all.byteOffset(), DType.FP32, new long[] {count}, new long[] {1});
  }

  /** Scratch: v = (d ⊙ h)·Bᵀ, (T, M) fp32. */
  private Tensor product(Context context, Tensor h) {
    Tensor u = context.scratch(DType.FP32, h.shape());
    byD(context, u, h);
    Tensor v = context.scratch(DType.FP32, h.size(0), base.weight().size(0));
    context.kernels().products().multiply(v.operand(), u.operand(), false, upper(), true, 1f, 0f);
    return v;
  }

  private void byD(Context context, Tensor to, Tensor h) {
    context
        .kernels()
        .doraLinear()
        .scale(to.operand(), h.operand(), ones(rank()), d.value().operand(), null);
  }

  private void byB(Context context, Tensor to, Tensor v) {
    context
        .kernels()
        .doraLinear()
        .scale(to.operand(), v.operand(), ones(v.size(1)), b.value().operand(), null);
  }

  /** What stands beside x·Wᵀ. */
  private void finish(Context context, Tensor y, Tensor h) {
    Tensor v = product(context, h);
    byB(context, v, v);
    context.kernels().elementwise().add(y.operand(), v.operand(), 1f);
    base.addBias(context, y);
  }

  @Override
  public boolean isRecomputable() {
    return base.isRecomputable();
  }

  @Override
  public Tensor recompute(Context context) {
    Tensor x = context.saved(0);
    Tensor y = base.product(context, x);
    Tensor h = projection().forward(context, x);
    finish(context, y, h);
    h.release();
    return y;
  }

  @Override
  public void backward(Context context, Tensor g, Gradients gradients) {
    Products products = context.kernels().products();
    Tensor h = projection().forward(context, context.saved(0));
    Tensor v = product(context, h);
    addColumns(context, gradients.slot(b), g, v);
    // v has done its work: its gradient takes its memory.
    byB(context, v, g);
    Tensor gradU = context.scratch(DType.FP32, h.shape());
    products.multiply(gradU.operand(), v.operand(), false, upper(), false, 1f, 0f);
    addColumns(context, gradients.slot(d), gradU, h);
    h.release();
    if (gradients.wants(0)) {
      byD(context, gradU, gradU);
      Gradients.Slot gradX = gradients.slot(0);
      base.gradInput(context, gradX, g);
      projection().through(context, gradX.gradient(), gradU);
    }
  }

  /** The slot gets Σ g ⊙ of over the rows. */
  private void addColumns(Context context, Gradients.Slot slot, Tensor g, Tensor of) {
    DoraLinear kernel = context.kernels().doraLinear();
    Tensor found =
        slot.fresh() ? slot.gradient() : context.scratch(DType.FP32, slot.gradient().shape());
    kernel.gradMagnitude(found.operand(), g.operand(), of.operand(), ones(of.size(1)));
    if (!slot.fresh()) {
      context.kernels().elementwise().add(slot.gradient().operand(), found.operand(), 1f);
    }
  }
}
