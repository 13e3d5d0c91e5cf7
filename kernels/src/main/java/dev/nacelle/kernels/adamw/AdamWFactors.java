package dev.nacelle.kernels.adamw;

/**
 * What one step multiplies by, computed in double and rounded to fp32 once, as torch.optim.AdamW
 * does it.
 *
 * @param keep 1 − lr · weight_decay
 * @param weight1 1 − beta1, of exp_avg's step towards the gradient
 * @param beta2 of exp_avg_sq
 * @param weight2 1 − beta2
 * @param stepSize lr / (1 − beta1^step)
 * @param root √(1 − beta2^step)
 * @param eps added to the denominator
 */
record AdamWFactors(
    double keep,
    double weight1,
    double beta2,
    double weight2,
    double stepSize,
    double root,
    double eps) {

  static AdamWFactors of(
      long step, double lr, double beta1, double beta2, double eps, double weightDecay) {
    return new AdamWFactors(
        1 - lr * weightDecay,
        1 - beta1,
        beta2,
        1 - beta2,
        lr / (1 - Math.pow(beta1, (double) step)),
        Math.sqrt(1 - Math.pow(beta2, (double) step)),
        eps);
  }
}
