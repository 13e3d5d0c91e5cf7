package dev.nacelle.train.export;

import org.jspecify.annotations.Nullable;

/**
 * How much of an update the stored type loses: ‖stored − (W + update)‖ ÷ ‖update‖, over all adapted
 * tensors and for the worst of them. An update of a few thousandths of W loses about half of itself
 * to bf16's eight bits.
 */
public final class Rounding {
  private double lostSquares;
  private double updateSquares;
  private double worst;
  private @Nullable String worstTensor;

  /** Counts one adapted tensor. */
  void add(String tensor, double lost, double update) {
    lostSquares += lost;
    updateSquares += update;
    double share = share(lost, update);
    if (worstTensor == null || share > worst) {
      worst = share;
      worstTensor = tensor;
    }
  }

  private static double share(double lost, double update) {
    return update == 0 ? 0 : Math.sqrt(lost / update);
  }

  /** Over all adapted tensors; 0 where the updates are zero. */
  public double overall() {
    return share(lostSquares, updateSquares);
  }

  /** Of the tensor that loses most. */
  public double worst() {
    return worst;
  }

  /** The tensor that loses most; null before any was counted. */
  public @Nullable String worstTensor() {
    return worstTensor;
  }
}
