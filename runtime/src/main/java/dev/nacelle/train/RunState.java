package dev.nacelle.train;

import dev.nacelle.data.Cursor;
import org.jspecify.annotations.Nullable;

/**
 * Where a run stands between two steps: with the adapter and the optimiser's moments, all that the
 * next step depends on. Random choices need no more: an epoch's order comes from seed and epoch,
 * dropout masks from the seed and the count of rows.
 *
 * @param step optimiser steps done
 * @param totalSteps of the whole run, which the schedule goes by
 * @param cursor where the next step begins to draw
 * @param rowsDone rows that went through the model in training: the counter of the dropout masks
 * @param last the last step; null before the first
 * @param evaluationPending whether that step's evaluation, and its line in the log, are still to
 *     come
 * @param tokens of all steps
 * @param trainSeconds of all steps, also of the processes before this one
 * @param totalSeconds of all processes, opening and evaluating included
 */
record RunState(
    long step,
    long totalSteps,
    Cursor cursor,
    long rowsDone,
    @Nullable StepRecord last,
    boolean evaluationPending,
    EvaluationState evaluation,
    long tokens,
    double trainSeconds,
    double totalSeconds) {
  static final RunState START =
      new RunState(0, 0, Cursor.START, 0, null, false, EvaluationState.NONE, 0, 0, 0);

  /** Lines of the log that belong to this state. */
  long loggedSteps() {
    return evaluationPending ? step - 1 : step;
  }

  RunState ofTotal(long steps) {
    return new RunState(
        step,
        steps,
        cursor,
        rowsDone,
        last,
        evaluationPending,
        evaluation,
        tokens,
        trainSeconds,
        totalSeconds);
  }

  RunState after(StepRecord done, Cursor next, long rows) {
    return new RunState(
        done.step(),
        totalSteps,
        next,
        rows,
        done,
        true,
        evaluation,
        tokens + done.tokens(),
        trainSeconds,
        totalSeconds);
  }

  RunState evaluated(EvaluationState now, boolean pending) {
    return new RunState(
        step, totalSteps, cursor, rowsDone, last, pending, now, tokens, trainSeconds, totalSeconds);
  }

  RunState lasting(double training, double total) {
    return new RunState(
        step,
        totalSteps,
        cursor,
        rowsDone,
        last,
        evaluationPending,
        evaluation,
        tokens,
        training,
        total);
  }
}
