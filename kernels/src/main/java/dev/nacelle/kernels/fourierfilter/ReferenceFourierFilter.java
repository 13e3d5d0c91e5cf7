package dev.nacelle.kernels.fourierfilter;

import dev.nacelle.kernels.FourierFilter;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
import org.jspecify.annotations.Nullable;

/** The filter in plain Java: the sums as they stand, in double. */
public final class ReferenceFourierFilter implements FourierFilter {
  /** Real and imaginary part of one mode of a row. */
  private record Mode(double re, double im) {
    static Mode of(double[] row, int mode) {
      double re = 0;
      double im = 0;
      for (int t = 0; t < row.length; t++) {
        double angle = 2 * Math.PI * ((long) mode * t % row.length) / row.length;
        re += row[t] * Math.cos(angle);
        im -= row[t] * Math.sin(angle);
      }
      return new Mode(re, im);
    }

    /** The real part of this mode's wave at step {@code t} of {@code steps}. */
    double wave(int mode, int t, int steps) {
      double angle = 2 * Math.PI * ((long) mode * t % steps) / steps;
      return re * Math.cos(angle) - im * Math.sin(angle);
    }
  }

  private static double weight(int mode, int steps) {
    return (mode == 0 || 2 * mode == steps ? 1.0 : 2.0) / steps;
  }

  private static double get(Operand gain, int mode, long neuron) {
    return Elements.get(gain, mode * gain.stride(0) + neuron * gain.stride(1));
  }

  /** One neuron's row (T) behind the filter. */
  public static double[] filter(double[] row, Operand gainRe, Operand gainIm, long neuron) {
    double[] y = new double[row.length];
    for (int m = 0; m < gainRe.size(0); m++) {
      Mode x = Mode.of(row, m);
      double re = get(gainRe, m, neuron);
      double im = get(gainIm, m, neuron);
      Mode passed = new Mode(re * x.re() - im * x.im(), re * x.im() + im * x.re());
      for (int t = 0; t < row.length; t++) {
        y[t] += weight(m, row.length) * passed.wave(m, t, row.length);
      }
    }
    return y;
  }

  /** The gradient of one neuron's row; the gains' gradients are added to, where they are there. */
  public static double[] pull(
      double[] gradient,
      double[] row,
      Operand gainRe,
      Operand gainIm,
      long neuron,
      @Nullable Operand gradRe,
      @Nullable Operand gradIm) {
    double[] gradX = new double[row.length];
    for (int m = 0; row.length > 0 && m < gainRe.size(0); m++) {
      Mode x = Mode.of(row, m);
      Mode sum = Mode.of(gradient, m);
      double w = weight(m, row.length);
      double re = w * sum.re();
      double im = w * sum.im();
      add(gradRe, m, neuron, re * x.re() + im * x.im());
      add(gradIm, m, neuron, im * x.re() - re * x.im());
      double a = get(gainRe, m, neuron);
      double b = get(gainIm, m, neuron);
      Mode pulled = new Mode(re * a + im * b, im * a - re * b);
      for (int t = 0; t < row.length; t++) {
        gradX[t] += pulled.wave(m, t, row.length);
      }
    }
    return gradX;
  }

  private static void add(@Nullable Operand to, int mode, long neuron, double value) {
    if (to != null) {
      long at = mode * to.stride(0) + neuron * to.stride(1);
      Elements.set(to, at, Elements.get(to, at) + value);
    }
  }

  @Override
  public void forward(Operand y, Operand x, Operand gainRe, Operand gainIm) {
    FourierArguments.forward(y, x, gainRe, gainIm);
    for (long j = 0; j < neurons(x); j++) {
      write(y, filter(row(x, j), gainRe, gainIm, j % x.size(-1)), j);
    }
  }

  @Override
  public void backward(
      Operand gradX,
      @Nullable Operand gradRe,
      @Nullable Operand gradIm,
      Operand gradY,
      Operand x,
      Operand gainRe,
      Operand gainIm) {
    FourierArguments.backward(gradX, gradRe, gradIm, gradY, x, gainRe, gainIm);
    for (Operand gradient : new Operand[] {gradRe, gradIm}) {
      if (gradient != null) {
        Elements.fill(gradient, 0);
      }
    }
    for (long j = 0; j < neurons(x); j++) {
      double[] pulled =
          pull(row(gradY, j), row(x, j), gainRe, gainIm, j % x.size(-1), gradRe, gradIm);
      write(gradX, pulled, j);
    }
  }

  private static long neurons(Operand x) {
    return x.size(0) == 0 ? 0 : x.elements() / x.size(0);
  }

  private static double[] row(Operand x, long j) {
    double[] row = new double[Math.toIntExact(x.size(0))];
    for (int t = 0; t < row.length; t++) {
      row[t] = Elements.get(x, Elements.offset(x, t * neurons(x) + j));
    }
    return row;
  }

  private static void write(Operand y, double[] row, long j) {
    for (int t = 0; t < row.length; t++) {
      Elements.set(y, t * neurons(y) + j, row[t]);
    }
  }
}
