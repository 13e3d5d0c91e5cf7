package dev.nacelle.function;

import java.util.ArrayList;
import java.util.List;

/** Functions together: tensors with two consumers, shared gradients, recipes with many readers. */
final class NetworkCases {
  private static final Dropout DROP = new Dropout(0.3f, 5, 1234);

  private final FunctionCases make;
  private final List<FunctionCase> cases = new ArrayList<>();

  NetworkCases(FunctionCases make) {
    this.make = make;
  }

  List<FunctionCase> all() {
    twoConsumers();
    residualAround();
    rotatedShare();
    oneTensorThrice();
    sharedParameters();
    overwrittenRecipe();
    for (long[] shape : new long[][] {{1, 4, 6, 2}, {7, 12, 20, 3}, {5, 32, 48, 4}}) {
      for (Dropout dropout : List.of(Dropout.NONE, DROP)) {
        mlp(shape, dropout);
        attentionHalf(shape, dropout);
      }
    }
    return cases;
  }

  private Values values(long... shape) {
    return make.values(shape);
  }

  private Values weight(long out, long in) {
    return make.weight(out, in);
  }

  /** x feeds two linears, whose outputs share one gradient. */
  private void twoConsumers() {
    Expr x = new Expr.Leaf(0);
    Expr one = new Expr.LowRank(x, weight(9, 5), 1, 2, 2f, DROP);
    Expr two = new Expr.LowRank(x, weight(9, 5), 3, 4, 0.5f, Dropout.NONE);
    List<Values> leaves =
        List.of(values(6, 5), weight(2, 5), weight(9, 2), weight(3, 5), weight(9, 3));
    cases.add(make.point("two linears of one x", leaves, new Expr.Sum(one, two), 6, 9));
    Expr frozen = new Expr.Sum(new Expr.Frozen(x, weight(9, 5)), new Expr.Frozen(x, weight(9, 5)));
    cases.add(make.point("two frozen linears", List.of(values(6, 5)), frozen, 6, 9));
  }

  /** x's gradient is shared with the branch's before the branch adds to it. */
  private void residualAround() {
    Expr x = new Expr.Leaf(0);
    Expr inner = new Expr.Sum(x, new Expr.LowRank(x, weight(8, 8), 1, 2, 1f, DROP));
    Expr outer = new Expr.Sum(inner, new Expr.Norm(inner, values(8), 1e-5f));
    List<Values> leaves = List.of(values(3, 8), weight(2, 8), weight(8, 2));
    cases.add(make.point("residual around a linear", leaves, inner, 3, 8));
    cases.add(make.point("residual around residual", leaves, outer, 3, 8));
    Expr twice = new Expr.Sum(new Expr.Sum(x, new Expr.Frozen(x, weight(8, 8))), norm(x, 8));
    cases.add(make.point("three shares of one gradient", List.of(values(3, 8)), twice, 3, 8));
    // Backward adds to x's share while those of branch and early are still to be read.
    Expr branch = new Expr.Frozen(x, weight(8, 8));
    Expr early = new Expr.Frozen(branch, weight(8, 8));
    Expr late = new Expr.Frozen(x, weight(8, 8));
    Expr all = new Expr.Sum(early, new Expr.Sum(late, new Expr.Sum(x, branch)));
    cases.add(make.point("shares still to be read", List.of(values(3, 8)), all, 3, 8));
  }

  private Expr norm(Expr x, long columns) {
    return new Expr.Norm(x, values(columns), 1e-5f);
  }

  /** Rope turns its gradient in place, but not one that the residual's other side reads. */
  private void rotatedShare() {
    Expr x = new Expr.Leaf(0);
    Expr left = make.rotate(new Expr.Frozen(x, weight(8, 8)), 6, 2, 4, false, 1f);
    Expr right = make.rotate(new Expr.Frozen(x, weight(8, 8)), 6, 1, 8, true, 1.5f);
    cases.add(
        make.point(
            "two rotations, one gradient", List.of(values(6, 8)), new Expr.Sum(left, right), 6, 8));
    Expr plain = new Expr.Sum(x, right);
    cases.add(make.point("rotation beside x", List.of(values(6, 8)), plain, 6, 8));
  }

  private void oneTensorThrice() {
    Expr x = new Expr.Leaf(0);
    Expr e = new Expr.Attend(x, x, x, new int[] {0, 2, 6}, 2, 2, 0.5f);
    cases.add(make.point("attention of one tensor", List.of(values(6, 8)), e, 6, 8));
  }

  /** One pair under two layers: its gradients add up. */
  private void sharedParameters() {
    Expr x = new Expr.Leaf(0);
    Expr first = new Expr.LowRank(x, weight(6, 6), 1, 2, 1f, DROP);
    Expr second = new Expr.LowRank(first, weight(6, 6), 1, 2, 1f, Dropout.NONE);
    List<Values> leaves = List.of(values(4, 6), weight(2, 6), weight(6, 2));
    cases.add(make.point("one pair twice", leaves, second, 4, 6));
    Expr.Loss loss =
        new Expr.Loss(second, weight(10, 6), new int[] {3, -100, 9, 0}, 0.5f, 1, 3, 1f);
    List<Values> withHead = List.of(values(4, 6), weight(2, 6), weight(6, 2), weight(10, 2));
    cases.add(make.loss("one A in layer and head", withHead, loss));
  }

  /** The gate is a recipe that a linear reads too: SwiGLU must not write over it. */
  private void overwrittenRecipe() {
    Expr n = norm(new Expr.Leaf(0), 7);
    Expr gated = new Expr.Gated(n, new Expr.Frozen(n, weight(7, 7)));
    Expr e = new Expr.Sum(new Expr.LowRank(n, weight(7, 7), 1, 2, 1f, DROP), gated);
    List<Values> leaves = List.of(values(5, 7), weight(2, 7), weight(7, 2));
    cases.add(make.point("a recipe as gate", leaves, e, 5, 7));
    Expr both = new Expr.Gated(norm(new Expr.Leaf(0), 7), norm(new Expr.Leaf(1), 7));
    Expr down = new Expr.LowRank(both, weight(3, 7), 2, 3, 1f, DROP);
    List<Values> four = List.of(values(5, 7), values(5, 7), weight(2, 7), weight(3, 2));
    cases.add(make.point("a recipe of recipes", four, down, 5, 3));
  }

  /** x + down(silu(gate(norm x)) · up(norm x)), with adapters and a bias. */
  private void mlp(long[] s, Dropout dropout) {
    Expr x = new Expr.Leaf(0);
    Expr n = norm(x, s[1]);
    Expr gate = new Expr.LowRank(n, weight(s[2], s[1]), 1, 2, 1f, dropout);
    Expr up =
        new Expr.Shift(new Expr.LowRank(n, weight(s[2], s[1]), 3, 4, 1f, dropout), values(s[2]));
    Expr down = new Expr.LowRank(new Expr.Gated(gate, up), weight(s[1], s[2]), 5, 6, 1f, dropout);
    List<Values> leaves =
        List.of(
            values(s[0], s[1]),
            weight(s[3], s[1]),
            weight(s[2], s[3]),
            weight(s[3], s[1]),
            weight(s[2], s[3]),
            weight(s[3], s[2]),
            weight(s[1], s[3]));
    Expr y = new Expr.Sum(x, down);
    cases.add(make.point("mlp " + s[1] + " dropout " + dropout.p(), leaves, y, s[0], s[1]));
  }

  /** x + out(attention(rope q, rope k, v)) over norm x, with adapters on q, k and out. */
  private void attentionHalf(long[] s, Dropout dropout) {
    long d = s[1] / 2;
    Expr x = new Expr.Leaf(0);
    Expr n = norm(x, s[1]);
    Expr q =
        make.rotate(
            new Expr.LowRank(n, weight(s[1], s[1]), 1, 2, 1f, dropout), s[0], 2, d, false, 1f);
    Expr biased =
        new Expr.Shift(new Expr.LowRank(n, weight(d, s[1]), 3, 4, 1f, dropout), values(d));
    Expr k = make.rotate(biased, s[0], 1, d, false, 1f);
    Expr v = new Expr.Frozen(n, weight(d, s[1]));
    int[] starts = s[0] > 2 ? new int[] {0, 2, (int) s[0]} : new int[] {0, (int) s[0]};
    Expr mixed = new Expr.Attend(q, k, v, starts, 2, 1, (float) (1 / Math.sqrt((double) d)));
    Expr out = new Expr.LowRank(mixed, weight(s[1], s[1]), 5, 6, 1f, dropout);
    List<Values> leaves =
        List.of(
            values(s[0], s[1]),
            weight(s[3], s[1]),
            weight(s[1], s[3]),
            weight(s[3], s[1]),
            weight(d, s[3]),
            weight(s[3], s[1]),
            weight(s[1], s[3]));
    String name = "attention half " + s[1] + " dropout " + dropout.p();
    cases.add(make.point(name, leaves, new Expr.Sum(x, out), s[0], s[1]));
  }
}
