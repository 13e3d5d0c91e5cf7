package dev.nacelle.kernels.rope;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Rope;
import dev.nacelle.kernels.common.Elements;

/** The rotation in plain Java with double sines: what the others are held against. */
public final class ReferenceRope implements Rope {

  @Override
  public void forward(
      Operand y, Operand x, Operand positions, Operand invFreq, boolean interleaved, float scale) {
    RopeArguments.check("y", y, "x", x, positions, invFreq, scale);
    turn(y, x, positions, invFreq, interleaved, scale, 1);
  }

  @Override
  public void backward(
      Operand gradX,
      Operand gradY,
      Operand positions,
      Operand invFreq,
      boolean interleaved,
      float scale) {
    RopeArguments.check("gradX", gradX, "gradY", gradY, positions, invFreq, scale);
    turn(gradX, gradY, positions, invFreq, interleaved, scale, -1);
  }

  private static void turn(
      Operand out,
      Operand in,
      Operand positions,
      Operand invFreq,
      boolean interleaved,
      float scale,
      int direction) {
    long half = in.size(3) / 2;
    for (long b = 0; b < in.size(0); b++) {
      for (long t = 0; t < in.size(1); t++) {
        long position =
            Elements.getInteger(positions, b * positions.stride(0) + t * positions.stride(1));
        for (long i = 0; i < half; i++) {
          double angle = angle(position, Elements.get(invFreq, i * invFreq.stride(0)));
          double cosine = Math.cos(angle) * scale;
          double sine = Math.sin(angle) * scale * direction;
          long first = interleaved ? 2 * i : i;
          long second = interleaved ? 2 * i + 1 : i + half;
          for (long h = 0; h < in.size(2); h++) {
            long from = b * in.stride(0) + t * in.stride(1) + h * in.stride(2);
            long to = b * out.stride(0) + t * out.stride(1) + h * out.stride(2);
            double one = Elements.get(in, from + first * in.stride(3));
            double two = Elements.get(in, from + second * in.stride(3));
            Elements.set(out, to + first * out.stride(3), one * cosine - two * sine);
            Elements.set(out, to + second * out.stride(3), two * cosine + one * sine);
          }
        }
      }
    }
  }

  /** The angle as an fp32 product, rounded where the models' own code rounds it. */
  static double angle(long position, double invFreq) {
    return (float) position * (float) invFreq;
  }
}
