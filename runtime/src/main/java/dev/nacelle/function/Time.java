package dev.nacelle.function;

import dev.nacelle.kernels.Elementwise;
import dev.nacelle.kernels.Operand;
import dev.nacelle.tape.Context;
import dev.nacelle.tensor.Tensor;

/** Sums over the first dimension and their opposite, step after step in order. */
final class Time {
  private Time() {}

  /**
   * y (…) = or += Σ over t of x (T, …).
   *
   * @param fresh whether y is written instead of added to
   */
  static void sum(Context context, Tensor y, Tensor x, boolean fresh) {
    Elementwise elementwise = context.kernels().elementwise();
    long steps = x.size(0);
    Operand all = x.operand(steps, y.elements());
    Operand to = y.operand(1, y.elements());
    for (long t = 0; t < steps; t++) {
      if (t == 0 && fresh) {
        elementwise.convert(to, all.rows(0, 1));
      } else {
        elementwise.add(to, all.rows(t, t + 1), 1f);
      }
    }
  }

  /** y (T, …): x (…) in every step. */
  static void repeat(Context context, Tensor y, Operand x) {
    long n = x.elements();
    Operand expanded =
        Operand.view(
            x.buffer(), x.byteOffset(), x.dtype(), new long[] {y.size(0), n}, new long[] {0, 1});
    context.kernels().elementwise().convert(y.operand(y.size(0), n), expanded);
  }
}
