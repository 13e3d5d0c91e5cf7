package dev.nacelle.function;

import dev.nacelle.kernels.Products;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Context;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;

/**
 * HydraLoRA (Tian et al. 2024, arXiv 2404.19245) beside a frozen layer, y = x·Wᵀ + scale · Σ_e
 * ω_e·(drop(x)·Aᵀ)·B_eᵀ + bias with ω = softmax(x·routerᵀ) in fp32 for each token: x (T, K), W (M,
 * K), A (R, K), router (E, K). The heads lie side by side, B_e in columns e·R to (e + 1)·R of
 * {@code ups} (M, E·R), so that all are one product: ω is multiplied into the rank axis, mixed[e·R
 * + r] = ω_e·h_r.
 *
 * <p>Keeps x (or its recipe), h (T, R) and ω (T, E). The router sees x undropped, and the dropout
 * is drawn once for all heads.
 *
 * @param base W, its bias, and whether y is made again in backward where somebody saves it
 * @param routing hears of ω in backward, once a pass, and may pull on it
 */
public record HydraLinear(
    FrozenLinear base,
    Parameter a,
    Parameter ups,
    Parameter router,
    float scale,
    Dropout dropout,
    Routing routing)
    implements Function {
  /** Who watches a router, and may add to the gradient of its weights. */
  public interface Routing {
    /**
     * Reads the weights of one pass.
     *
     * @param omega (T, E)
     * @param pull (T, E) to be filled: what is added to the gradient of ω
     */
    void watch(Tensor omega, Tensor pull);
  }

  @Override
  public Tensor forward(Context context, Tensor... inputs) {
    Tensor x = inputs[0];
    Tensor y = base.product(context, x);
    Tensor h = down().forward(context, x);
    Tensor omega = context.output(DType.FP32, x.size(0), heads());
    context
        .kernels()
        .products()
        .multiply(omega.operand(), x.operand(), false, router.value().operand(), true, 1f, 0f);
    finish(context, y, h, omega, false);
    context.save(x);
    context.save(h);
    // A rounded ω would not sum to one.
    context.saveExact(omega);
    h.release();
    omega.release();
    return y;
  }

  private DownProjection down() {
    return new DownProjection(a, dropout);
  }

  private long heads() {
    return router.value().size(0);
  }

  /**
   * What stands beside x·Wᵀ.
   *
   * @param weighed whether omega is ω already; else it holds the logits and becomes ω
   */
  private void finish(Context context, Tensor y, Tensor h, Tensor omega, boolean weighed) {
    Tensor mixed = mix(context, h, omega, weighed);
    context
        .kernels()
        .products()
        .multiply(y.operand(), mixed.operand(), false, ups.value().operand(), true, scale, 1f);
    base.addBias(context, y);
  }

  private Tensor mix(Context context, Tensor h, Tensor omega, boolean weighed) {
    Tensor mixed = context.scratch(DType.FP32, h.size(0), heads() * h.size(1));
    context.kernels().hydraLinear().mix(mixed.operand(), omega.operand(), h.operand(), weighed);
    return mixed;
  }

  @Override
  public boolean isRecomputable() {
    return base.isRecomputable();
  }

  @Override
  public Tensor recompute(Context context) {
    Tensor y = base.product(context, context.saved(0));
    finish(context, y, context.saved(1), context.saved(2), true);
    return y;
  }

  @Override
  public void backward(Context context, Tensor g, Gradients gradients) {
    Products products = context.kernels().products();
    Tensor x = context.saved(0);
    Tensor h = context.saved(1);
    Tensor omega = context.saved(2);
    Tensor mixed = mix(context, h, omega, true);
    Gradients.Slot gradUps = gradients.slot(ups);
    products.multiply(
        gradUps.gradient().operand(),
        g.operand(),
        true,
        mixed.operand(),
        false,
        scale,
        gradUps.beta());
    // The mixture has done its work: its gradient takes its memory.
    products.multiply(mixed.operand(), g.operand(), false, ups.value().operand(), false, scale, 0f);
    Tensor gradH = context.scratch(DType.FP32, h.shape());
    Tensor gradLogits = context.scratch(DType.FP32, omega.shape());
    Tensor gradOmega = context.scratch(DType.FP32, omega.shape());
    if (!context.isRehearsal()) {
      routing.watch(omega, gradOmega);
    }
    context
        .kernels()
        .hydraLinear()
        .unmix(
            gradH.operand(),
            gradLogits.operand(),
            gradOmega.operand(),
            mixed.operand(),
            omega.operand(),
            h.operand());
    down().backward(context, gradients, a, gradH, x);
    Gradients.Slot gradRouter = gradients.slot(router);
    products.multiply(
        gradRouter.gradient().operand(),
        gradLogits.operand(),
        true,
        x.operand(),
        false,
        1f,
        gradRouter.beta());
    if (gradients.wants(0)) {
      Gradients.Slot gradX = gradients.slot(0);
      base.gradInput(context, gradX, g);
      down().through(context, gradX.gradient(), gradH);
      products.multiply(
          gradX.gradient().operand(),
          gradLogits.operand(),
          false,
          router.value().operand(),
          false,
          1f,
          1f);
    }
  }
}
