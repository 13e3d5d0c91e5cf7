package dev.nacelle.data.topics;

/**
 * Where a falling curve bends. HydraLoRA's paper takes "the elbow" of SSE over the number of
 * clusters and gives no rule; ours is the sharpest bend: the number whose centre still gained most
 * beside what the next one gains. A topic's own centre gains by the topic's size, those behind the
 * last topic by chance, so that small topics beside large ones are counted too, where the point
 * deepest below a chord stops at the large ones.
 *
 * <p>Gains are those of the curve's lower convex hull, since one of chance may be less than the
 * next, and {@link #CHANCE} is added to each, since the last may be next to nothing.
 */
final class Elbow {
  /**
   * The share of the mean gain under which two gains count as equal. Of 595 sets of made texts (2 …
   * 8 topics, alike in size or up to 7 to 1, or one of them in two templates) 3 were off by more
   * than one with it, 6 with 0.05, 21 with 0.1, and 75 by the chord (November 2026). What is left
   * is one topic as large as seven small ones: its own bend is nearly as sharp.
   */
  private static final double CHANCE = 0.03;

  /** A bend of less than this is rounding. */
  private static final double ROUNDING = 1e-9;

  private Elbow() {}

  /** The place of the elbow, from 1; 1 for a curve that does not bend. */
  static int of(double[] curve) {
    int last = curve.length - 1;
    double[] gains = gains(curve);
    double chance = last > 0 ? CHANCE * (curve[0] - curve[last]) / last : 0;
    int elbow = 0;
    double sharpest = 1 + ROUNDING;
    for (int i = 1; i < last && chance > 0; i++) {
      double bend = (gains[i] + chance) / (gains[i + 1] + chance);
      if (bend > sharpest) {
        sharpest = bend;
        elbow = i;
      }
    }
    return elbow + 1;
  }

  /** What each place gains on the one before, along the greatest convex curve below this one. */
  private static double[] gains(double[] curve) {
    double[] gains = new double[curve.length];
    for (int from = 0; from < curve.length - 1; ) {
      int to = from + 1;
      double steepest = curve[from] - curve[to];
      for (int j = from + 2; j < curve.length; j++) {
        double slope = (curve[from] - curve[j]) / (j - from);
        if (slope >= steepest) {
          steepest = slope;
          to = j;
        }
      }
      while (from < to) {
        gains[++from] = steepest;
      }
    }
    return gains;
  }
}
