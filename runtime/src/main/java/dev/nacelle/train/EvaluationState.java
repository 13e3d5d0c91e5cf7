package dev.nacelle.train;

import org.jspecify.annotations.Nullable;

/**
 * What the evaluations of a run came to so far.
 *
 * @param before held-out loss before the first step; null where it was not measured
 * @param after the last one
 * @param best the smallest after a step
 * @param bestStep the step that it followed; 0 without one
 * @param withoutBetter evaluations since
 */
record EvaluationState(
    @Nullable Double before,
    @Nullable Double after,
    @Nullable Double best,
    long bestStep,
    int withoutBetter) {
  static final EvaluationState NONE = new EvaluationState(null, null, null, 0, 0);

  EvaluationState beganWith(double loss) {
    return new EvaluationState(loss, after, best, bestStep, withoutBetter);
  }

  /** With one more evaluation; whether it is the best is what {@link #isBest} then says. */
  EvaluationState plus(long step, double loss) {
    boolean better = best == null || loss < best;
    return better
        ? new EvaluationState(before, loss, loss, step, 0)
        : new EvaluationState(before, loss, best, bestStep, withoutBetter + 1);
  }

  boolean isBest(long step) {
    return bestStep == step;
  }
}
