package dev.nacelle.function;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;

/**
 * The half that low-rank layers share: h = drop(x)·Aᵀ, x (T, K), A (R, K), h (T, R) fp32, and its
 * way back. The mask of the dropout is counted out again each time.
 */
record DownProjection(Operand a, Dropout dropout) {
  DownProjection(Parameter a, Dropout dropout) {
    this(a.value().operand(), dropout);
  }

  /** h, an output of the context's that the caller releases. */
  Tensor forward(Context context, Tensor x) {
    Tensor h = context.output(DType.FP32, x.size(0), a.size(0));
    context
        .kernels()
        .products()
        .multiply(h.operand(), dropped(context, x).operand(), false, a, true, 1f, 0f);
    return h;
  }

  /**
   * gradA = gradHᵀ·drop(x).
   *
   * @param parameter that A is
   */
  void backward(Context context, Gradients gradients, Parameter parameter, Tensor gradH, Tensor x) {
    Gradients.Slot gradA = gradients.slot(parameter);
    context
        .kernels()
        .products()
        .multiply(
            gradA.gradient().operand(),
            gradH.operand(),
            true,
            dropped(context, x).operand(),
            false,
            1f,
            gradA.beta());
  }

  /** gradX += mask(gradH·A). */
  void through(Context context, Tensor gradX, Tensor gradH) {
    Products products = context.kernels().products();
    if (!dropout.isActive()) {
      products.multiply(gradX.operand(), gradH.operand(), false, a, false, 1f, 1f);
      return;
    }
    Tensor share = context.scratch(DType.FP32, gradX.shape());
    products.multiply(share.operand(), gradH.operand(), false, a, false, 1f, 0f);
    context
        .kernels()
        .elementwise()
        .dropout(
            gradX.operand(), share.operand(), dropout.p(), dropout.seed(), dropout.offset(), true);
  }

  private Tensor dropped(Context context, Tensor x) {
    if (!dropout.isActive()) {
      return x;
    }
    Tensor kept = context.scratch(x.dtype(), x.shape());
    context
        .kernels()
        .elementwise()
        .dropout(kept.operand(), x.operand(), dropout.p(), dropout.seed(), dropout.offset(), false);
    return kept;
  }
}
