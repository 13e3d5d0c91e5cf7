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

  /**
   * A norm over as many elements as its weight has, and a rotation where one is given, whose own x
   * is not looked at.
   */
  record NormedTurn(Expr x, Values weight, float eps, @Nullable Rotate turn) implements Expr {}

  /** Columns of x; the slices of one x cover it. */
  record Slice(Expr x, long from, long width, boolean again) implements Expr {}

  /** x + scale · branch. */
  record ScaledSum(Expr x, Expr branch, float scale) implements Expr {}

  /** Rows of the leaf {@code table}. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record Rows(int table, int[] ids, float scale) implements Expr {}

  /** Leaves {@code b} and {@code d} are VeRA's vectors, between more than the layer needs. */
  record Vectors(Expr x, Values weight, Values down, Values up, int b, int d, Dropout dropout)
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

  /** The root of its network, over a head that is the leaf {@code weight}. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  record WholeLoss(Expr hidden, int weight, int[] targets, float gradScale) implements Expr {}

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
