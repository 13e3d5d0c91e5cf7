package dev.nacelle.kernels.operator;

import dev.nacelle.nativeaccess.DType;

/**
 * How far a result may lie from the exact one: {@code |got − want| ≤ relative · |want| + scaled ·
 * scale}, where scale is the largest magnitude of the tensor's finite elements.
 */
public record Tolerance(double relative, double scaled) {
  private static final double FP32_EPSILON = 0x1p-23;

  /** Distance from 1 to the next number of a storage type. */
  public static double epsilon(DType dtype) {
    return switch (dtype) {
      case FP32 -> FP32_EPSILON;
      case BF16 -> 0x1p-7;
      case FP16 -> 0x1p-10;
      case FP64 -> 0x1p-52;
      default -> throw new IllegalArgumentException("no epsilon for " + dtype.label());
    };
  }

  /**
   * What storage of {@code dtype} and an fp32 sum of {@code terms} terms leave: {@code roundings}
   * roundings to the storage type, and the sum's error, which grows with the root of its length.
   */
  public static Tolerance of(DType dtype, int roundings, long terms) {
    double storage = roundings * epsilon(dtype);
    double sum = 2 * FP32_EPSILON * Math.sqrt((double) Math.max(1, terms));
    return new Tolerance(storage + 4 * FP32_EPSILON, sum + storage / 8);
  }

  /** The same, with {@code share} of the tensor's largest magnitude more. */
  public Tolerance widened(double share) {
    return new Tolerance(relative, scaled + share);
  }
}
