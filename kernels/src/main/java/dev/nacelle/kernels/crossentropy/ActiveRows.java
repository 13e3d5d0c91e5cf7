package dev.nacelle.kernels.crossentropy;

/** The rows that have a target, and those targets; all others are never looked at. */
final class ActiveRows {
  private final int[] rows;
  private final int[] targets;

  ActiveRows(int[] rows, int[] targets) {
    this.rows = rows;
    this.targets = targets;
  }

  int count() {
    return rows.length;
  }

  /** Number of the i-th row with a target. */
  int row(int i) {
    return rows[i];
  }

  int target(int i) {
    return targets[i];
  }
}
