package dev.nacelle.function;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/**
 * y = p · magnitude/‖V‖ + bias with p = x·Wᵀ + scale · (drop(x)·Aᵀ)·Bᵀ and ‖V‖ the row norms of V =
 * W + scale · B·A, a constant for the gradient (DoRA). V is never made. Keeps what p keeps, the
 * norms (M), and p itself, of which y is scaled again wherever somebody saved it: p takes the place
 * of y in memory. Where the layer is one that is multiplied again anyway, so is p. Backward:
 * gradMagnitude = Σ g·p/‖V‖ over the rows; then p's, of g · magnitude/‖V‖.
 *
 * @param product what makes p, without a bias
 * @param magnitude (M)
 * @param bias (M), frozen, or null
 */
public record DoraLinear(LoraLinear product, Parameter magnitude, @Nullable Tensor bias)
    implements Function {
  /** What {@link LoraLinear} saves when A trains comes before. */
  private static final int NORMS = 2;

  private static final int P = 3;

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor p = product.forward(context, inputs);
    Tensor norms = context.output(DType.FP32, magnitude.value().size(0));
    context.kernels().doraLinear().norms(norms.operand(), product.base().weight().matrix(), pair());
    if (!context.isRecording()) {
      finish(context, p, p, norms);
      norms.release();
      return p;
    }
    boolean again = product.isRecomputable();
    Tensor y = again ? p : context.output(p.dtype(), p.shape());
    finish(context, y, p, norms);
    context.saveExact(norms);
    norms.release();
    if (!again) {
      context.save(p);
      p.release();
    }
    return y;
  }

  private AdapterPair pair() {
    return new AdapterPair(
        product.a().value().operand(),
        product.b().value().operand(),
        product.scale(),
        AdapterPair.Dropout.NONE);
  }

  private void finish(Context context, Tensor y, Tensor p, Tensor norms) {
    context
        .kernels()
        .doraLinear()
        .scale(
            y.operand(),
            p.operand(),
            norms.operand(),
            magnitude.value().operand(),
            bias == null ? null : bias.operand());
  }

  @Override
  public boolean isRecomputable() {
    return true;
  }

  @Override
  public Tensor recompute(Context context) {
    if (product.isRecomputable()) {
      Tensor p = product.recompute(context);
      finish(context, p, p, context.saved(NORMS));
      return p;
    }
    Tensor p = context.saved(P);
    Tensor y = context.output(p.dtype(), p.shape());
    finish(context, y, p, context.saved(NORMS));
    return y;
  }

  @Override
  public void backward(Context context, Tensor g, Gradients gradients) {
    var kernel = context.kernels().doraLinear();
    Tensor norms = context.saved(NORMS);
    boolean again = product.isRecomputable();
    Tensor p = again ? product.recompute(context) : context.saved(P);
    Gradients.Slot slot = gradients.slot(magnitude);
    Tensor found =
        slot.fresh() ? slot.gradient() : context.scratch(DType.FP32, slot.gradient().shape());
    kernel.gradMagnitude(found.operand(), g.operand(), p.operand(), norms.operand());
    if (!slot.fresh()) {
      context.kernels().elementwise().add(slot.gradient().operand(), found.operand(), 1f);
    }
    // p made again has done its work: its gradient takes its memory.
    Tensor gradP = again ? p : context.scratch(g.dtype(), g.shape());
    kernel.scale(gradP.operand(), g.operand(), norms.operand(), magnitude.value().operand(), null);
    product.backward(context, gradP, gradients);
    if (again) {
      p.release();
    }
  }
}
