package dev.nacelle.train;

/**
 * AdamW's constants, as torch.optim.AdamW.
 *
 * @param loraPlusRatio multiplies the rate of every B
 */
public record AdamSettings(
    double beta1, double beta2, double eps, double weightDecay, double loraPlusRatio) {
  public static final AdamSettings DEFAULT = new AdamSettings(0.9, 0.999, 1e-8, 0, 1);
}
