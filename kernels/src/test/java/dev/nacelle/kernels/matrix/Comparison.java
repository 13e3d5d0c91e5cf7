package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;

/** Holds results against numbers, and results against results bit by bit. */
final class Comparison {
  private Comparison() {}

  /**
   * The first element out of tolerance in words, or an empty string.
   *
   * @param other another result whose magnitude may set the scale
   */
  static String outside(Operand got, double[] want, double[] other, Tolerance tolerance) {
    double scale = Math.max(largest(want), largest(other));
    for (int i = 0; i < want.length; i++) {
      double g = Elements.get(got, Elements.offset(got, i));
      double allowed =
          tolerance.relative() * Math.abs(want[i])
              + tolerance.scaled() * scale
              + 2 * smallest(got.dtype());
      if (!agrees(g, want[i], allowed, largest(got.dtype()))) {
        return "element "
            + i
            + ": got "
            + g
            + ", want "
            + want[i]
            + " within "
            + allowed
            + " (largest magnitude "
            + scale
            + ")";
      }
    }
    return "";
  }

  /**
   * The largest error in units of what is allowed; elements that are no numbers, or beyond the
   * type, do not count.
   */
  static double largestError(Operand got, double[] want, double[] other, Tolerance tolerance) {
    double scale = Math.max(largest(want), largest(other));
    double worst = 0;
    for (int i = 0; i < want.length; i++) {
      double error = Math.abs(Elements.get(got, Elements.offset(got, i)) - want[i]);
      double allowed =
          tolerance.relative() * Math.abs(want[i])
              + tolerance.scaled() * scale
              + 2 * smallest(got.dtype());
      if (Double.isFinite(error) && Math.abs(want[i]) <= largest(got.dtype()) * (1 - 1e-3)) {
        worst = Math.max(worst, error / allowed);
      }
    }
    return worst;
  }

  private static double largest(double[] values) {
    double largest = 0;
    for (double value : values) {
      if (Double.isFinite(value)) {
        largest = Math.max(largest, Math.abs(value));
      }
    }
    return largest;
  }

  private static boolean agrees(double got, double want, double allowed, double largest) {
    if (Double.isNaN(want)) {
      return Double.isNaN(got);
    }
    if (Math.abs(want) > largest * (1 - 1e-3)) {
      return got == Math.copySign(Double.POSITIVE_INFINITY, want)
          || Math.abs(got - want) <= allowed;
    }
    return Math.abs(got - want) <= allowed;
  }

  /** The first element whose bits differ, in words, or an empty string. */
  static String bits(Operand got, Operand want) {
    for (long i = 0; i < want.elements(); i++) {
      double g = Elements.get(got, i);
      double w = Elements.get(want, i);
      if (Double.doubleToRawLongBits(g) != Double.doubleToRawLongBits(w)
          && !(Double.isNaN(g) && Double.isNaN(w))) {
        return "element " + i + ": got " + g + ", contiguous inputs gave " + w;
      }
    }
    return "";
  }

  private static double smallest(DType dtype) {
    return switch (dtype) {
      case BF16 -> 0x1p-133;
      case FP16 -> 0x1p-24;
      default -> Float.MIN_VALUE;
    };
  }

  private static double largest(DType dtype) {
    return dtype == DType.FP16 ? 65504 : Float.MAX_VALUE;
  }
}
