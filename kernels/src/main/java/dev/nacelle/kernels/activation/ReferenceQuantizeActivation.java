package dev.nacelle.kernels.activation;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.QuantizeActivation;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.reference.ReferenceElementwise;

/**
 * Block by block in plain Java. Every operation is fp32's own, as in C: which step an element falls
 * to must not depend on who rounds.
 */
public final class ReferenceQuantizeActivation implements QuantizeActivation {
  @Override
  public void quantize(Operand codes, Operand scales, Operand x, Form form, long seed) {
    ActivationArguments.check("x", x, codes, scales, form);
    long columns = x.size(1);
    long blocks = form.blocks(columns);
    long bytes = form.block() * form.bits() / 8;
    for (long row = 0; row < x.size(0); row++) {
      for (long b = 0; b < blocks; b++) {
        long begin = b * form.block();
        long n = Math.min(form.block(), columns - begin);
        float scale = largest(x, row, begin, n) / form.steps();
        Elements.set(scales, row * blocks + b, scale);
        int[] packed = new int[Math.toIntExact(bytes)];
        for (long i = 0; i < form.block(); i++) {
          int step = 0;
          if (i < n && scale > 0) {
            int draw = ReferenceElementwise.drawOfPair(seed, row * columns + begin + i) | 1;
            float t = divided(at(x, row, begin + i), scale) + draw * 0x1p-16f;
            step = Math.clamp((long) Math.rint(t), -form.steps(), form.steps());
          }
          long bit = i * form.bits();
          packed[(int) (bit / 8)] |= (step + form.steps() + 1) << (bit % 8);
        }
        for (int i = 0; i < packed.length; i++) {
          Elements.set(codes, (row * blocks + b) * bytes + i, packed[i]);
        }
      }
    }
  }

  /** Times the inverse, where that loses no digits. */
  private static float divided(float x, float scale) {
    return scale >= 0x1p-125f && scale <= 0x1p125f ? x * (1 / scale) : x / scale;
  }

  private static float at(Operand x, long row, long column) {
    return (float) Elements.get(x, row * x.stride(0) + column * x.stride(1));
  }

  private static float largest(Operand x, long row, long begin, long n) {
    float largest = 0;
    for (long i = 0; i < n; i++) {
      float size = Math.abs(at(x, row, begin + i));
      largest = Float.isFinite(size) ? Math.max(largest, size) : Float.NaN;
      if (Float.isNaN(largest)) {
        break;
      }
    }
    return largest;
  }

  @Override
  public void dequantize(Operand y, Operand codes, Operand scales, Form form) {
    ActivationArguments.check("y", y, codes, scales, form);
    long columns = y.size(1);
    int mask = (1 << form.bits()) - 1;
    for (long row = 0; row < y.size(0); row++) {
      for (long c = 0; c < columns; c++) {
        long bit = c % form.block() * form.bits();
        long block = row * form.blocks(columns) + c / form.block();
        int raw = (int) Elements.get(codes, block * (form.block() * form.bits() / 8) + bit / 8);
        int step = (raw >> (bit % 8) & mask) - form.steps() - 1;
        double value = step * (float) Elements.get(scales, block);
        Elements.set(y, row * y.stride(0) + c * y.stride(1), value);
      }
    }
  }
}
