package dev.nacelle.kernels.common;

import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import java.util.stream.Collectors;

/**
 * What every face asks of its arguments before anything native runs. Each failure is an {@link
 * IllegalArgumentException} naming the argument, what was expected and what was given.
 */
public final class Checks {
  private Checks() {}

  /** fp32, bf16 or fp16. */
  public static void compute(String name, Operand x) {
    if (!x.dtype().isCompute()) {
      throw new IllegalArgumentException(name + ": expected fp32, bf16 or fp16, given " + x);
    }
  }

  /** One of the named types. */
  public static void dtype(String name, Operand x, DType... allowed) {
    for (DType type : allowed) {
      if (x.dtype() == type) {
        return;
      }
    }
    throw new IllegalArgumentException(
        name
            + ": expected "
            + Arrays.stream(allowed).map(DType::label).collect(Collectors.joining(" or "))
            + ", given "
            + x);
  }

  /** I32 or I64. */
  public static void integers(String name, Operand x) {
    dtype(name, x, DType.I32, DType.I64);
  }

  /** The type of another argument. */
  public static void sameDtype(String name, Operand x, String otherName, Operand other) {
    if (x.dtype() != other.dtype()) {
      throw new IllegalArgumentException(
          name
              + ": expected "
              + other.dtype().label()
              + " as "
              + otherName
              + " has it, given "
              + x);
    }
  }

  /** Exactly this shape. */
  public static void shape(String name, Operand x, long... expected) {
    if (!Arrays.equals(x.shape(), expected)) {
      throw new IllegalArgumentException(
          name + ": expected shape " + Arrays.toString(expected) + ", given " + x);
    }
  }

  /** The shape of another argument. */
  public static void sameShape(String name, Operand x, String otherName, Operand other) {
    if (!Arrays.equals(x.shape(), other.shape())) {
      throw new IllegalArgumentException(
          name
              + ": expected shape "
              + Arrays.toString(other.shape())
              + " as "
              + otherName
              + " has it, given "
              + x);
    }
  }

  /** The number of dimensions. */
  public static void rank(String name, Operand x, int rank, String letters) {
    if (x.rank() != rank) {
      throw new IllegalArgumentException(
          name + ": expected shape " + letters + " of " + rank + " dimensions, given " + x);
    }
  }

  /** At least so many dimensions. */
  public static void rankAtLeast(String name, Operand x, int rank, String letters) {
    if (x.rank() < rank) {
      throw new IllegalArgumentException(
          name
              + ": expected shape "
              + letters
              + " of at least "
              + rank
              + (rank == 1 ? " dimension" : " dimensions")
              + ", given "
              + x);
    }
  }

  /** No strides but the row-major ones: what kernels write whole must lie in one piece. */
  public static void contiguous(String name, Operand x) {
    if (!x.isContiguous()) {
      throw new IllegalArgumentException(
          name
              + ": expected contiguous memory, given "
              + x
              + " with strides "
              + Arrays.toString(x.strides()));
    }
  }

  /** A finite number of at least {@code least}. */
  public static void atLeast(String name, double value, double least) {
    if (!(value >= least) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + ": expected a finite number of at least " + least + ", given " + value);
    }
  }

  /** A finite number above {@code bound}. */
  public static void above(String name, double value, double bound) {
    if (!(value > bound) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(
          name + ": expected a finite number above " + bound + ", given " + value);
    }
  }
}
