package dev.nacelle.data.topics;

/**
 * Where a falling curve bends. HydraLoRA's paper takes "the elbow" of SSE over the number of
 * clusters and gives no rule; ours is Kneedle's for a curve that is as long as it is (Satopää et
 * al. 2011): the point that lies deepest below the chord from the first to the last. For topics
 * that are equally far apart SSE falls along a line up to their number and hardly after it, and the
 * deepest point is that number.
 */
final class Elbow {
  /** Less than this share of the first value is no depth. */
  private static final double ROUNDING = 1e-9;

  private Elbow() {}

  /** The place of the elbow, from 1; 1 for a curve that does not bend. */
  static int of(double[] curve) {
    int last = curve.length - 1;
    int elbow = 0;
    double deepest = ROUNDING * Math.abs(curve[0]);
    for (int i = 1; i < last; i++) {
      double chord = curve[0] + (curve[last] - curve[0]) * i / last;
      if (chord - curve[i] > deepest) {
        deepest = chord - curve[i];
        elbow = i;
      }
    }
    return elbow + 1;
  }
}
