package dev.nacelle.function;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Functions of some families and some adapters alone: norms of heads under a rotation, slices of a
 * fused layer, scaled residuals, VeRA, and a token table and a head that train.
 */
final class RareCases {
  private final FunctionCases make;
  private final List<FunctionCase> cases = new ArrayList<>();

  RareCases(FunctionCases make) {
    this.make = make;
  }

  List<FunctionCase> all() {
    normedTurns();
    slices();
    scaledSums();
    vectors();
    tables();
    heads();
    return cases;
  }

  /** Norms of each head, or of all together; with a rotation, and in a block without one. */
  private void normedTurns() {
    for (long[] s : new long[][] {{1, 1, 2}, {5, 3, 4}, {7, 2, 6}}) {
      long columns = s[1] * s[2];
      Expr x = new Expr.Leaf(0);
      for (long width : new long[] {s[2], columns}) {
        Expr.Rotate turn = make.rotate(x, s[0], s[1], s[2], false, 1.25f);
        for (Expr.Rotate each : Arrays.asList(turn, null)) {
          Expr e = new Expr.NormedTurn(x, make.values(width), 1e-3f, each);
          String name =
              "normed " + (each == null ? "" : "rope ") + Arrays.toString(s) + " over " + width;
          cases.add(make.point(name, List.of(make.values(s[0], columns)), e, s[0], columns));
        }
      }
    }
    // Attention has the normed heads made again.
    Expr q = new Expr.NormedTurn(new Expr.Leaf(0), make.values(4), 1e-3f, null);
    Expr.Rotate turn = make.rotate(q, 6, 2, 4, false, 1f);
    Expr k = new Expr.NormedTurn(new Expr.Leaf(1), make.values(4), 1e-3f, turn);
    Expr e = new Expr.Attend(q, k, new Expr.Leaf(2), new int[] {0, 2, 6}, 2, 2, 0.5f);
    List<Values> three = List.of(make.values(6, 8), make.values(6, 8), make.values(6, 8));
    cases.add(make.point("attention of normed heads", three, e, 6, 8));
  }

  /** Gate and up of one fused layer, in either order and with parts of unlike width. */
  private void slices() {
    for (long[] s : new long[][] {{1, 1}, {3, 5}, {4, 16}}) {
      for (boolean again : new boolean[] {false, true}) {
        Expr fused = new Expr.Frozen(new Expr.Leaf(0), make.weight(2 * s[1], s[1]));
        Expr first = new Expr.Slice(fused, 0, s[1], again);
        Expr second = new Expr.Slice(fused, s[1], s[1], again);
        List<Values> one = List.of(make.values(s));
        String name = " " + Arrays.toString(s) + (again ? " again" : "");
        cases.add(make.point("slices" + name, one, new Expr.Gated(first, second), s));
        cases.add(make.point("slices turned" + name, one, new Expr.Gated(second, first), s));
      }
    }
    Expr fused = new Expr.Frozen(new Expr.Leaf(0), make.weight(12, 5));
    Expr wide = new Expr.Slice(fused, 0, 8, false);
    Expr key = new Expr.Slice(fused, 8, 2, false);
    Expr value = new Expr.Slice(fused, 10, 2, false);
    Expr e = new Expr.Attend(wide, key, value, new int[] {0, 3}, 4, 1, 0.7f);
    cases.add(make.point("attention of slices", List.of(make.values(3, 5)), e, 3, 8));
  }

  private void scaledSums() {
    for (long[] s : new long[][] {{1, 1}, {3, 7}, {0, 4}}) {
      for (float scale : new float[] {0.22f, -1.5f}) {
        String name = "scaled residual " + Arrays.toString(s) + " " + scale;
        List<Values> two = List.of(make.values(s), make.values(s));
        Expr sum = new Expr.ScaledSum(new Expr.Leaf(0), new Expr.Leaf(1), scale);
        cases.add(make.point(name, two, sum, s));
      }
    }
    // x's gradient goes to both sides, the branch's scaled on its way.
    Expr x = new Expr.Leaf(0);
    Expr inner = new Expr.ScaledSum(x, new Expr.Frozen(x, make.weight(6, 6)), 0.5f);
    Expr outer = new Expr.ScaledSum(inner, new Expr.Frozen(inner, make.weight(6, 6)), -0.25f);
    cases.add(make.point("scaled residuals", List.of(make.values(4, 6)), outer, 4, 6));
  }

  private void vectors() {
    for (long[] s : new long[][] {{1, 1, 1, 1}, {3, 5, 7, 2}, {8, 33, 17, 4}}) {
      for (Dropout dropout : List.of(Dropout.NONE, new Dropout(0.3f, 9, 77))) {
        List<Values> leaves =
            List.of(make.values(s[0], s[1]), make.values(s[2]), make.values(s[3]));
        Values down = make.weight(s[3], s[1] + 2);
        Values up = make.weight(s[2] + 3, s[3]);
        Expr e =
            new Expr.Vectors(new Expr.Leaf(0), make.weight(s[2], s[1]), down, up, 1, 2, dropout);
        String name = "vera " + Arrays.toString(s) + " dropout " + dropout.p();
        cases.add(make.point(name, leaves, e, s[0], s[2]));
      }
    }
  }

  /** Tokens that come once, twice and never. */
  private void tables() {
    for (float scale : new float[] {1f, 2.5f}) {
      Expr rows = new Expr.Rows(0, new int[] {2, 0, 2, 4, 2}, scale);
      List<Values> table = List.of(make.values(6, 3));
      cases.add(make.point("token table " + scale, table, rows, 5, 3));
      Expr linear = new Expr.Frozen(rows, make.weight(4, 3));
      cases.add(make.point("linear of token table " + scale, table, linear, 5, 4));
    }
  }

  private void heads() {
    for (long[] s : new long[][] {{1, 1, 2}, {5, 7, 11}, {9, 32, 65}}) {
      int[] targets = new int[(int) s[0]];
      for (int t = 0; t < targets.length; t++) {
        targets[t] = t % 3 == 1 ? -100 : (int) (5L * t % s[2]);
      }
      List<Values> two = List.of(make.values(s[0], s[1]), make.weight(s[2], s[1]));
      Expr loss = new Expr.WholeLoss(new Expr.Leaf(0), 1, targets, 0.25f);
      cases.add(make.loss("whole head " + Arrays.toString(s), two, loss, targets.length, 0.25f));
    }
  }
}
