package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/** What every implementation of the three layers asks of its arguments. */
final class AdapterArguments {
  private AdapterArguments() {}

  /** The tensors of forward; {@code heads} is 0 where b has none. */
  static void common(
      Operand y, Operand hidden, Operand x, Matrix weight, AdapterPair pair, long heads) {
    Checks.compute("x", x);
    Checks.rank("x", x, 2, "(N, K)");
    Checks.contiguous("x", x);
    long outputs = weight.size(0);
    if (weight instanceof Operand w) {
      Checks.compute("w", w);
      Checks.rank("w", w, 2, "(M, K)");
      Checks.adjacent("w", w);
    }
    if (weight.size(1) != x.size(1)) {
      throw new IllegalArgumentException(
          "x must have " + weight.size(1) + " columns as the weight has, given " + x);
    }
    Checks.compute("a", pair.a());
    Checks.rank("a", pair.a(), 2, "(R, K)");
    Checks.shape("a", pair.a(), pair.rank(), x.size(1));
    Checks.contiguous("a", pair.a());
    Checks.compute("b", pair.b());
    if (heads == 0) {
      Checks.shape("b", pair.b(), outputs, pair.rank());
    } else {
      Checks.shape("b", pair.b(), heads, outputs, pair.rank());
    }
    Checks.contiguous("b", pair.b());
    matrix("y", y, x.size(0), outputs);
    floats("hidden", hidden, x.size(0), pair.rank());
  }

  /** Rows with adjacent columns. */
  static void matrix(String name, Operand x, long rows, long columns) {
    Checks.compute(name, x);
    Checks.shape(name, x, rows, columns);
    Checks.adjacent(name, x);
  }

  /** Contiguous fp32. */
  static void floats(String name, Operand x, long... shape) {
    Checks.dtype(name, x, DType.FP32);
    Checks.shape(name, x, shape);
    Checks.contiguous(name, x);
  }

  /** The tensors of the mixture: mixed (N, E·R), omega (N, E), hidden (N, R). */
  static void mixture(Operand mixed, Operand omega, Operand hidden) {
    Checks.rank("hidden", hidden, 2, "(N, R)");
    floats("hidden", hidden, hidden.shape());
    Checks.rank("omega", omega, 2, "(N, E)");
    floats("omega", omega, hidden.size(0), omega.size(1));
    floats("mixed", mixed, hidden.size(0), omega.size(1) * hidden.size(1));
  }

  static void bias(@Nullable Operand bias, long outputs) {
    if (bias != null) {
      Checks.compute("bias", bias);
      Checks.shape("bias", bias, outputs);
      Checks.contiguous("bias", bias);
    }
  }

  /** Targets of gradients that all three have. */
  static void gradients(
      @Nullable Operand gradX,
      @Nullable Operand gradW,
      @Nullable Operand gradA,
      @Nullable Operand gradB,
      @Nullable Operand gradBias,
      Operand x,
      Matrix weight,
      AdapterPair pair) {
    if (gradX != null) {
      Checks.compute("gradX", gradX);
      Checks.sameShape("gradX", gradX, "x", x);
      Checks.contiguous("gradX", gradX);
    }
    if (gradW != null) {
      if (weight instanceof BlockMatrix) {
        throw new IllegalArgumentException("gradW: a quantised matrix gets no gradient");
      }
      floats("gradW", gradW, weight.size(0), weight.size(1));
    }
    if (gradA != null) {
      floats("gradA", gradA, pair.a().shape());
    }
    if (gradB != null) {
      floats("gradB", gradB, pair.b().shape());
    }
    if (gradBias != null) {
      floats("gradBias", gradBias, weight.size(0));
    }
  }
}
