package dev.nacelle.kernels.adamw;

import dev.nacelle.kernels.AdamW;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.reference.ReferenceElementwise;

/** Moments as 8-bit codes in plain Java, from the equations of adamw_codes.h. */
enum MomentCodes {
  /** exp_avg: 128 ± k. */
  SIGNED(15, 127),
  /** exp_avg_sq. */
  UNSIGNED(31, 255);

  private static final float TOP = 1.875f;

  private final int bias;
  private final int top;

  MomentCodes(int bias, int top) {
    this.bias = bias;
    this.top = top;
  }

  /** Element {@code i} of a moment. */
  double read(Operand codes, Operand scales, int i) {
    int code = (int) Elements.get(codes, i);
    double scale = Elements.get(scales, i / AdamW.SCALED);
    if (this == UNSIGNED) {
      return value(code) * scale;
    }
    return code < 128 ? -value(128 - code) * scale : value(code - 128) * scale;
  }

  private double value(int k) {
    return k < 8 ? Math.scalb((double) k, -bias - 2) : Math.scalb(1 + k % 8 / 8.0, k / 8 - bias);
  }

  /** Writes all elements of a moment, rounded by the draws of {@code seed}. */
  void write(Operand codes, Operand scales, double[] values, long seed) {
    for (int begin = 0; begin < values.length; begin += (int) AdamW.SCALED) {
      int end = Math.min(values.length, begin + (int) AdamW.SCALED);
      float largest = 0;
      for (int i = begin; i < end; i++) {
        float size = Math.abs((float) values[i]);
        largest = Float.isNaN(size) ? size : Math.max(largest, size);
      }
      float scale = largest / TOP;
      Elements.set(scales, begin / AdamW.SCALED, scale);
      for (int i = begin; i < end; i++) {
        int k = 0;
        if (scale > 0) {
          int draw = ReferenceElementwise.draw(seed, i);
          k = code(Math.abs((float) values[i]) / scale, draw);
        } else if (Float.isNaN(scale)) {
          k = top;
        }
        boolean negative = this == SIGNED && values[i] < 0;
        Elements.set(codes, i, this == UNSIGNED ? k : negative ? 128 - k : 128 + k);
      }
    }
  }

  private int code(float size, int draw) {
    float units = Math.scalb(size, bias + 2);
    int k;
    if (units < 8) {
      k = (int) (units + (draw >>> 8) * 0x1p-24f);
    } else {
      k = ((Float.floatToRawIntBits(size) + (draw >>> 12)) >> 20) - (127 - bias) * 8;
    }
    return Math.min(k, top);
  }

  /** A number that is none makes all of its block none, of both moments. */
  static void spoil(double[] m, double[] v) {
    for (int begin = 0; begin < m.length; begin += (int) AdamW.SCALED) {
      int end = Math.min(m.length, begin + (int) AdamW.SCALED);
      boolean wild = false;
      for (int i = begin; i < end; i++) {
        wild |= !Double.isFinite(m[i]) || !Double.isFinite(v[i]);
      }
      for (int i = begin; wild && i < end; i++) {
        m[i] = Double.NaN;
        v[i] = Double.NaN;
      }
    }
  }
}
