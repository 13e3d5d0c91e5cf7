package dev.nacelle.kernels;

import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;

/**
 * What faces ask of their arguments before anything native runs; each message names the argument.
 */
public final class Checks {
  private Checks() {}

  /**
   * @throws IllegalArgumentException unless the operand has exactly this shape
   */
  public static void shape(String name, Operand operand, long... expected) {
    boolean same = operand.rank() == expected.length;
    for (int d = 0; same && d < expected.length; d++) {
      same = operand.size(d) == expected[d];
    }
    if (!same) {
      throw new IllegalArgumentException(
          name + " must have shape " + Arrays.toString(expected) + ", given " + operand);
    }
  }

  /**
   * @throws IllegalArgumentException unless the operand has this many dimensions
   */
  public static void rank(String name, Operand operand, int expected) {
    if (operand.rank() != expected) {
      throw new IllegalArgumentException(
          name + " must have " + expected + " dimensions, given " + operand);
    }
  }

  /**
   * @throws IllegalArgumentException unless the operand is fp32, bf16 or fp16
   */
  public static void compute(String name, Operand operand) {
    dtype(name, operand, DType.FP32, DType.BF16, DType.FP16);
  }

  /**
   * @throws IllegalArgumentException unless the operand has one of these element types
   */
  public static void dtype(String name, Operand operand, DType... allowed) {
    for (DType type : allowed) {
      if (operand.dtype() == type) {
        return;
      }
    }
    StringBuilder names = new StringBuilder();
    for (int i = 0; i < allowed.length; i++) {
      names.append(i == 0 ? "" : i == allowed.length - 1 ? " or " : ", ");
      names.append(allowed[i].label());
    }
    throw new IllegalArgumentException(name + " must be " + names + ", given " + operand);
  }

  /**
   * @throws IllegalArgumentException unless elements lie one behind the other
   */
  public static void contiguous(String name, Operand operand) {
    if (!operand.isContiguous()) {
      throw new IllegalArgumentException(
          name
              + " must be contiguous, given "
              + operand
              + " with strides "
              + Arrays.toString(operand.strides()));
    }
  }

  /**
   * @throws IllegalArgumentException unless elements of the last dimension are adjacent
   */
  public static void adjacent(String name, Operand operand) {
    if (operand.rank() > 0 && operand.size(-1) > 1 && operand.stride(-1) != 1) {
      throw new IllegalArgumentException(
          name
              + " must have adjacent elements in its last dimension, given "
              + operand
              + " with strides "
              + Arrays.toString(operand.strides()));
    }
  }

  /**
   * @throws IllegalArgumentException unless the operand has as many dimensions as the letters say
   */
  public static void rank(String name, Operand operand, int expected, String letters) {
    if (operand.rank() != expected) {
      throw new IllegalArgumentException(
          name + " must have shape " + letters + ", given " + operand);
    }
  }

  /** I32 or I64. */
  public static void integers(String name, Operand x) {
    dtype(name, x, DType.I32, DType.I64);
  }

  /** The type of another argument. */
  public static void sameDtype(String name, Operand x, String otherName, Operand other) {
    if (x.dtype() != other.dtype()) {
      throw new IllegalArgumentException(
          name + " must be " + other.dtype().label() + " as " + otherName + " has it, given " + x);
    }
  }

  /** The shape of another argument. */
  public static void sameShape(String name, Operand x, String otherName, Operand other) {
    if (!Arrays.equals(x.shape(), other.shape())) {
      throw new IllegalArgumentException(
          name
              + " must have shape "
              + Arrays.toString(other.shape())
              + " as "
              + otherName
              + " has it, given "
              + x);
    }
  }

  /** At least so many dimensions. */
  public static void rankAtLeast(String name, Operand x, int rank, String letters) {
    if (x.rank() < rank) {
      throw new IllegalArgumentException(
          name
              + " must have shape "
              + letters
              + " of at least "
              + rank
              + (rank == 1 ? " dimension" : " dimensions")
              + ", given "
              + x);
    }
  }

  /** A finite number of at least {@code least}. */
  public static void atLeast(String name, double value, double least) {
    if (!(value >= least) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + " must be a finite number of at least " + least + ", given " + value);
    }
  }

  /** A finite number above {@code bound}. */
  public static void above(String name, double value, double bound) {
    if (!(value > bound) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + " must be a finite number above " + bound + ", given " + value);
    }
  }
}
