package dev.nacelle.function;

import org.jspecify.annotations.Nullable;

/**
 * A small network of functions, told once and worked out twice: on our tape and by LibTorch. A node
 * that appears in two places is one tensor with two consumers.
 */
sealed interface Expr {
  /** The case's n-th leaf. */
  record Leaf(int index) implements Expr {}

  record Norm(Expr x, Values weight, float eps) implements Expr {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Rotate(
      Expr x, int[] positions, Values frequencies, long heads, boolean interleaved, float scale)
      implements Expr {}

  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Attend(Expr q, Expr k, Expr v, int[] starts, long heads, long kvHeads, float scale)
      implements Expr {}

  record Gated(Expr gate, Expr up) implements Expr {}

  record Sum(Expr x, Expr branch) implements Expr {}

  record Shift(Expr x, Values bias) implements Expr {}

  record Frozen(Expr x, Values weight) implements Expr {}

  /** Leaves {@code a} and {@code b} are the pair's parameters. */
  record LowRank(Expr x, Values weight, int a, int b, float scale, Dropout dropout)
      implements Expr {}

  /**
   * Leaves {@code a}, {@code ups} (the heads side by side) and {@code router} are HydraLoRA's
   * parameters.
   */
  record Heads(Expr x, Values weight, int a, int ups, int router, float scale, Dropout dropout)
      implements Expr {}

  /** The root of its network; a pair of leaves where {@code a} is not null. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Loss(
      Expr hidden,
      Values weight,
      int[] targets,
      float gradScale,
      @Nullable Integer a,
      @Nullable Integer b,
      float scale)
      implements Expr {}
}
