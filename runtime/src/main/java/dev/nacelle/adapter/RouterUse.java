package dev.nacelle.adapter;

/**
 * What one router did in a step, over all its tokens.
 *
 * @param modulePath the layer that it belongs to
 * @param entropy mean of −Σ ω·ln ω, in nats: ln E where all heads weigh the same, 0 where one has
 *     all
 * @param usage mean weight of each head; they sum to 1
 * @param margin mean of the largest weight less the second; 1 for a single head
 * @param balance Σ_e (mean weight of e) · (share of tokens that weigh e most): 1/E to 1
 */
@SuppressWarnings("ArrayRecordComponent") // made anew for each step, never compared
public record RouterUse(
    String modulePath, double entropy, double[] usage, double margin, double balance) {
  /** Mean usage of one head above which a router counts as collapsed. */
  public static final double COLLAPSED = 0.95;

  /** Entropy over ln E: 1 where all heads weigh the same; 0 for a single head. */
  public double evenness() {
    return usage.length == 1 ? 0 : entropy / Math.log(usage.length);
  }

  /** The most used head. */
  public int topHead() {
    int top = 0;
    for (int e = 1; e < usage.length; e++) {
      top = usage[e] > usage[top] ? e : top;
    }
    return top;
  }

  /** Whether one of several heads does nearly all of the work. */
  public boolean isCollapsed() {
    return usage.length > 1 && usage[topHead()] > COLLAPSED;
  }
}
