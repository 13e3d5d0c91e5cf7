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
}
