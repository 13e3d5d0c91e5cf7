package dev.nacelle;

/**
 * AdamW's constants for a spiking network, as torch.optim.AdamW; the rate comes with each step.
 *
 * @param clip the largest norm of all gradients together; 0 for any
 */
public record SpikingTraining(
    double beta1, double beta2, double eps, double weightDecay, double clip) {
  /** 0.9, 0.999, 1e-8, no decay, no clipping. */
  public static final SpikingTraining DEFAULT = new SpikingTraining(0.9, 0.999, 1e-8, 0, 0);

  public SpikingTraining {
    boolean betas = beta1 >= 0 && beta1 < 1 && beta2 >= 0 && beta2 < 1;
    boolean rest = eps > 0 && weightDecay >= 0 && clip >= 0;
    if (!betas || !rest) {
      throw NacelleException.usage(
          "AdamW with betas "
              + beta1
              + ", "
              + beta2
              + ", eps "
              + eps
              + ", weight decay "
              + weightDecay
              + ", clip "
              + clip,
          "betas lie in [0, 1), eps above 0, decay and clip at 0 or above");
    }
  }
}
