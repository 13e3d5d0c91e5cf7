package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.WeightProducts;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/**
 * The steps that the three layers share, as products; dropped copies of x exist some rows at a
 * time.
 */
final class LowRankSteps {
  /** Elements of x that are dropped into scratch at a time: 1 MiB, well inside L2. */
  private static final long DROPPED = 1 << 18;

  /** Elements of a wide result at a time: 4 MiB, enough rows to repay packing the matrix anew. */
  private static final long WIDE = 1 << 20;

  private final Products products;
  private final WeightProducts weights;
  private final Elementwise elementwise;

  LowRankSteps(Products products, QuantizedLinear quantized, Elementwise elementwise) {
    this.products = products;
    this.weights = new WeightProducts(products, quantized);
    this.elementwise = elementwise;
  }

  /** y = x·Wᵀ. */
  void base(Operand y, Operand x, Matrix weight) {
    weights.forward(y, x, weight);
  }

  /** gradX = gradY·W. */
  void baseBackward(Operand gradX, Operand gradY, Matrix weight) {
    weights.backward(gradX, gradY, weight, 0);
  }

  /** c = alpha · a·bᵀ + beta · c. */
  void times(Operand c, Operand a, Operand b, float alpha, float beta) {
    products.multiply(c, a, false, b, true, alpha, beta);
  }

  /** c = alpha · a·b + beta · c. */
  void timesPlain(Operand c, Operand a, Operand b, float alpha, float beta) {
    products.multiply(c, a, false, b, false, alpha, beta);
  }

  /** c = alpha · aᵀ·b + beta · c. */
  void turnedTimes(Operand c, Operand a, Operand b, float alpha, float beta) {
    products.multiply(c, a, true, b, false, alpha, beta);
  }

  /** hidden (N, R) = drop(x)·aᵀ. */
  void down(Operand hidden, Operand x, AdapterPair pair) {
    if (!pair.dropout().isActive()) {
      times(hidden, x, pair.a(), 1, 0);
      return;
    }
    inRuns(
        x,
        (from, to, scratch) ->
            times(hidden.rows(from, to), dropped(scratch, x, from, to, pair), pair.a(), 1, 0));
  }

  /** gradA (R, K) = gradHiddenᵀ·drop(x). */
  void downBackward(Operand gradA, Operand gradHidden, Operand x, AdapterPair pair) {
    if (!pair.dropout().isActive() || x.elements() == 0) {
      turnedTimes(gradA, gradHidden, x, 1, 0);
      return;
    }
    inRuns(
        x,
        (from, to, scratch) ->
            turnedTimes(
                gradA,
                gradHidden.rows(from, to),
                dropped(scratch, x, from, to, pair),
                1,
                from == 0 ? 0 : 1));
  }

  /**
   * gradX += mask(gradHidden·a).
   *
   * @param first number of the first row, which the mask depends on
   */
  void throughA(Operand gradX, Operand gradHidden, long first, AdapterPair pair) {
    AdapterPair.Dropout drop = pair.dropout();
    if (!drop.isActive()) {
      timesPlain(gradX, gradHidden, pair.a(), 1, 1);
      return;
    }
    long columns = gradX.size(1);
    inRuns(
        gradX,
        (from, to, scratch) -> {
          Operand share = scratch.tensor(DType.FP32, to - from, columns);
          timesPlain(share, gradHidden.rows(from, to), pair.a(), 1, 0);
          elementwise.dropout(
              gradX.rows(from, to),
              share,
              drop.p(),
              drop.seed(),
              drop.offset() + (first + from) * columns,
              true);
        });
  }

  private Operand dropped(Scratch scratch, Operand x, long from, long to, AdapterPair pair) {
    AdapterPair.Dropout drop = pair.dropout();
    Operand kept = scratch.tensor(DType.FP32, to - from, x.size(1));
    long first = drop.offset() + from * x.size(1);
    elementwise.dropout(kept, x.rows(from, to), drop.p(), drop.seed(), first, false);
    return kept;
  }

  /** Adds the bias, if there is one, to every row. */
  void addBias(Operand y, @Nullable Operand bias) {
    if (bias != null) {
      elementwise.addBias(y, bias);
    }
  }

  /** sums (M) = Σ over rows. */
  void sumRows(Operand sums, Operand rows) {
    try (Scratch scratch = new Scratch()) {
      Operand ones = scratch.tensor(DType.FP32, 1, rows.size(0));
      Elements.fill(ones, 1);
      timesPlain(sums.reshape(1, sums.size(0)), ones, rows, 1, 0);
    }
  }

  /** An fp32 copy of a contiguous tensor. */
  Operand floats(Scratch scratch, Operand x) {
    Operand copy = scratch.tensor(DType.FP32, x.shape());
    elementwise.convert(copy, x);
    return copy;
  }

  /** y = x, converted; any strides. */
  void convert(Operand y, Operand x) {
    elementwise.convert(y, x);
  }

  /** What is done with rows {@code from} to {@code to}; scratch goes behind each run. */
  interface Run {
    void rows(long from, long to, Scratch scratch);
  }

  /** Runs of as many rows as keep a copy of them in cache. */
  private static void inRuns(Operand x, Run run) {
    long each = Math.max(64, DROPPED / Math.max(1, x.size(1)));
    for (long from = 0; from < x.size(0); from += each) {
      try (Scratch scratch = new Scratch()) {
        run.rows(from, Math.min(x.size(0), from + each), scratch);
      }
    }
  }

  /** Computes rows {@code from} to {@code to} of a result, in fp32, into {@code out}. */
  interface WideRun {
    void rows(Operand out, long from, long to, Scratch scratch);
  }

  /** As {@link WideRun}, without scratch of its own. */
  interface Rows {
    void rows(Operand out, long from, long to);
  }

  /** A result that is a sum of products, rounded to its type once, when the sum is whole. */
  void roundedOnce(Operand y, Rows run) {
    if (y.dtype() == DType.FP32) {
      run.rows(y, 0, y.size(0));
    } else {
      inRuns(y, 0, (out, from, to, scratch) -> run.rows(out, from, to));
    }
  }

  /** The same in runs of rows, of as many as bound scratch of {@code columns} more columns. */
  void inRuns(Operand y, long columns, WideRun run) {
    boolean narrow = y.dtype() != DType.FP32;
    long each = Math.max(64, WIDE / Math.max(1, Math.max(columns, y.size(1))));
    for (long from = 0; from < y.size(0); from += each) {
      long to = Math.min(y.size(0), from + each);
      try (Scratch scratch = new Scratch()) {
        Operand rows = y.rows(from, to);
        Operand out = narrow ? scratch.tensor(DType.FP32, rows.shape()) : rows;
        run.rows(out, from, to, scratch);
        if (narrow) {
          elementwise.convert(rows, out);
        }
      }
    }
  }
}
