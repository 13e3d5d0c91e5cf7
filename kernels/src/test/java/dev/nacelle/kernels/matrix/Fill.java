package dev.nacelle.kernels.matrix;

import dev.nacelle.nativeaccess.DType;
import java.util.SplittableRandom;

/** What the floating-point tensors of a case hold. */
enum Fill {
  /** Normal values. */
  NORMAL,
  /** Two values only: ties of maxima, sums that cancel. */
  TIES,
  ZEROS,
  /** Below the smallest normal number of the type. */
  DENORMAL,
  /** As large as the type bears without the squares' sum leaving fp64. */
  LARGE,
  /** Normal values with a few infinities. */
  INFINITE,
  /** Normal values with a few NaN. */
  NAN;

  /** Whether numbers are there that no threshold can be held against. */
  boolean isWild() {
    return this == LARGE || this == INFINITE || this == NAN;
  }

  double value(SplittableRandom random, DType dtype, boolean positive) {
    double normal = random.nextGaussian();
    double value =
        switch (this) {
          case NORMAL -> normal;
          case TIES -> random.nextBoolean() ? 0.75 : -0.75;
          case ZEROS -> 0;
          case DENORMAL -> normal * (dtype == DType.FP16 ? 2e-6 : 2e-39);
          case LARGE -> normal * (dtype == DType.FP16 ? 100 : 1e15);
          case INFINITE ->
              random.nextInt(13) == 0 ? Math.copySign(Double.POSITIVE_INFINITY, normal) : normal;
          case NAN -> random.nextInt(13) == 0 ? Double.NaN : normal;
        };
    return positive ? Math.abs(value) : value;
  }
}
