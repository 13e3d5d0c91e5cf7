package dev.nacelle.function;

import dev.nacelle.nativeaccess.DType;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/** Each function alone over awkward shapes: one row, one column, odd sizes, several samples. */
final class FunctionCases {
  private final DType storage;
  private final SplittableRandom random;
  private final List<FunctionCase> cases = new ArrayList<>();

  FunctionCases(DType storage, long seed) {
    this.storage = storage;
    this.random = new SplittableRandom(seed);
  }

  List<FunctionCase> all() {
    norms();
    rotations();
    attentions();
    elementwise();
    linears();
    losses();
    cases.addAll(new RareCases(this).all());
    cases.addAll(new NetworkCases(this).all());
    return cases;
  }

  Values values(long... shape) {
    return Values.random(random, storage, shape);
  }

  /** (out, in), small enough that products keep the size of their inputs. */
  Values weight(long out, long in) {
    Values w = values(out, in);
    for (int i = 0; i < w.data().length; i++) {
      w.data()[i] = Values.round(storage, (float) (w.data()[i] / Math.sqrt((double) in)));
    }
    return w;
  }

  FunctionCase point(String name, List<Values> leaves, Expr root, long... outputShape) {
    return new FunctionCase(name, leaves, root, values(outputShape));
  }

  private void norms() {
    for (long[] s : new long[][] {{1, 1}, {3, 5}, {7, 33}, {2, 64}, {0, 8}}) {
      for (float eps : new float[] {1e-5f, 0.1f}) {
        Expr norm = new Expr.Norm(new Expr.Leaf(0), values(s[1]), eps);
        cases.add(point("norm " + Arrays.toString(s) + " eps " + eps, List.of(values(s)), norm, s));
      }
    }
  }

  private void rotations() {
    long[][] shapes = {{1, 1, 2}, {5, 3, 4}, {7, 2, 6}, {3, 1, 64}};
    for (long[] s : shapes) {
      for (boolean interleaved : new boolean[] {false, true}) {
        for (float scale : new float[] {1f, 1.25f}) {
          Expr e = rotate(new Expr.Leaf(0), s[0], s[1], s[2], interleaved, scale);
          String name = "rope " + Arrays.toString(s) + " " + interleaved + " " + scale;
          cases.add(point(name, List.of(values(s[0], s[1] * s[2])), e, s[0], s[1] * s[2]));
        }
      }
    }
  }

  /** Positions that begin again in the middle, as in a packed row. */
  Expr.Rotate rotate(Expr x, long rows, long heads, long d, boolean interleaved, float scale) {
    int[] positions = new int[(int) rows];
    for (int t = 0; t < rows; t++) {
      positions[t] = t < rows / 2 ? t : t - (int) rows / 2;
    }
    float[] frequencies = new float[(int) d / 2];
    for (int i = 0; i < frequencies.length; i++) {
      frequencies[i] = (float) Math.pow(100, -2.0 * i / d);
    }
    Values table = new Values(frequencies, d / 2);
    return new Expr.Rotate(x, positions, table, heads, interleaved, scale);
  }

  private void attentions() {
    int[][] starts = {{0, 1}, {0, 5}, {0, 1, 4}, {0, 3, 4, 11}};
    long[][] heads = {{1, 1, 2}, {4, 2, 4}, {6, 2, 3}, {3, 1, 16}, {2, 2, 8}};
    for (int[] at : starts) {
      for (long[] h : heads) {
        long rows = at[at.length - 1];
        List<Values> leaves =
            List.of(
                values(rows, h[0] * h[2]), values(rows, h[1] * h[2]), values(rows, h[1] * h[2]));
        float scale = (float) (1 / Math.sqrt((double) h[2]));
        Expr e =
            new Expr.Attend(
                new Expr.Leaf(0), new Expr.Leaf(1), new Expr.Leaf(2), at, h[0], h[1], scale);
        String name = "attention " + Arrays.toString(at) + " " + Arrays.toString(h);
        cases.add(point(name, leaves, e, rows, h[0] * h[2]));
      }
    }
  }

  private void elementwise() {
    for (long[] s : new long[][] {{1, 1}, {3, 7}, {5, 33}, {0, 4}}) {
      List<Values> two = List.of(values(s), values(s));
      String shape = " " + Arrays.toString(s);
      Expr first = new Expr.Leaf(0);
      Expr second = new Expr.Leaf(1);
      cases.add(point("swiglu" + shape, two, new Expr.Gated(first, second), s));
      cases.add(
          point("swiglu of one" + shape, List.of(values(s)), new Expr.Gated(first, first), s));
      cases.add(point("residual" + shape, two, new Expr.Sum(first, second), s));
    }
  }

  private void linears() {
    long[][] shapes = {{1, 1, 1, 1}, {3, 5, 7, 2}, {8, 33, 17, 4}, {2, 64, 5, 16}, {11, 6, 40, 3}};
    for (long[] s : shapes) {
      String shape = " " + Arrays.toString(s);
      Expr x = new Expr.Leaf(0);
      Expr frozen = new Expr.Frozen(x, weight(s[2], s[1]));
      cases.add(point("linear" + shape, List.of(values(s[0], s[1])), frozen, s[0], s[2]));
      Expr shifted = new Expr.Shift(frozen, values(s[2]));
      cases.add(point("biased" + shape, List.of(values(s[0], s[1])), shifted, s[0], s[2]));
      for (float p : new float[] {0f, 0.1f, 0.5f}) {
        Dropout dropout = p == 0 ? Dropout.NONE : new Dropout(p, 77 + s[1], (1L << 32) - 9);
        List<Values> leaves = List.of(values(s[0], s[1]), weight(s[3], s[1]), weight(s[2], s[3]));
        Expr e = new Expr.LowRank(x, weight(s[2], s[1]), 1, 2, 1.5f, dropout);
        cases.add(point("lora" + shape + " dropout " + p, leaves, e, s[0], s[2]));
        List<Values> routed =
            List.of(
                values(s[0], s[1]), weight(s[3], s[1]), weight(s[2], 3 * s[3]), weight(3, s[1]));
        Expr heads = new Expr.Heads(x, weight(s[2], s[1]), 1, 2, 3, 1.5f, dropout);
        cases.add(point("hydra" + shape + " dropout " + p, routed, heads, s[0], s[2]));
      }
    }
  }

  private void losses() {
    long[][] shapes = {{1, 1, 2}, {5, 7, 11}, {9, 32, 65}, {4, 16, 3}};
    for (long[] s : shapes) {
      for (boolean paired : new boolean[] {false, true}) {
        int[] targets = new int[(int) s[0]];
        for (int t = 0; t < targets.length; t++) {
          targets[t] = t % 3 == 1 ? -100 : random.nextInt((int) s[2]);
        }
        List<Values> leaves =
            paired
                ? List.of(values(s[0], s[1]), weight(3, s[1]), weight(s[2], 3))
                : List.of(values(s[0], s[1]));
        Integer a = paired ? 1 : null;
        Integer b = paired ? 2 : null;
        cases.add(
            loss(
                "loss " + Arrays.toString(s) + (paired ? " with a pair" : ""),
                leaves,
                new Expr.Loss(new Expr.Leaf(0), weight(s[2], s[1]), targets, 0.25f, a, b, 0.5f)));
      }
    }
  }

  FunctionCase loss(String name, List<Values> leaves, Expr.Loss root) {
    return loss(name, leaves, root, root.targets().length, root.gradScale());
  }

  FunctionCase loss(String name, List<Values> leaves, Expr root, int targets, float gradScale) {
    float[] upstream = new float[targets];
    Arrays.fill(upstream, gradScale);
    return new FunctionCase(name, leaves, root, new Values(upstream, upstream.length));
  }
}
