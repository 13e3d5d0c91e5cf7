package dev.nacelle.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A stretch of numbers with its ticks, from {@code low} to {@code high}; logarithmic where the
 * values span more than a linear axis can show.
 */
record Axis(double low, double high, boolean logarithmic, List<Double> ticks, double tickStep) {
  private static final double SPAN_OF_LOGARITHMS = 1000;

  /** Whole numbers, ending exactly where they end. */
  static Axis steps(double low, double high) {
    double from = low == high ? low - 0.5 : low;
    double to = low == high ? high + 0.5 : high;
    double step = Math.max(1, niceStep((to - from) / 4));
    return new Axis(from, to, false, ticks(from, to, step), step);
  }

  /** Values whose axis begins at zero. */
  static Axis fromZero(double high) {
    return linear(0, high > 0 ? high : 1);
  }

  /** Values around which the axis lies close, logarithmic where that is needed. */
  static Axis around(double low, double high) {
    if (low > 0 && high / low > SPAN_OF_LOGARITHMS) {
      double from = Math.pow(10, Math.floor(Math.log10(low)));
      double to = Math.pow(10, Math.ceil(Math.log10(high)));
      List<Double> ticks = new ArrayList<>();
      double factor = Math.pow(10, Math.max(1, Math.ceil(Math.log10(to / from) / 5)));
      for (double t = from; t <= to * 1.0001; t *= factor) {
        ticks.add(t);
      }
      return new Axis(from, to, true, ticks, 0);
    }
    double margin = low != high ? 0 : low == 0 ? 1 : Math.abs(low) * 0.1;
    return linear(low - margin, high + margin);
  }

  private static Axis linear(double low, double high) {
    double step = niceStep((high - low) / 4);
    double from = Math.floor(low / step + 1e-9) * step;
    double to = Math.ceil(high / step - 1e-9) * step;
    return new Axis(from, to, false, ticks(from, to, step), step);
  }

  /** 1, 2 or 5 times a power of ten, at least {@code rough}. */
  private static double niceStep(double rough) {
    double power = Math.pow(10, Math.floor(Math.log10(rough)));
    for (double factor : new double[] {1, 2, 5}) {
      if (factor * power >= rough * 0.999) {
        return factor * power;
      }
    }
    return 10 * power;
  }

  private static List<Double> ticks(double from, double to, double step) {
    List<Double> ticks = new ArrayList<>();
    double first = Math.ceil(from / step - 1e-9);
    for (double i = first; i * step <= to + step * 1e-6; i++) {
      ticks.add(i * step);
    }
    return ticks;
  }

  /** Where a value lies: 0 at the low end, 1 at the high one. */
  double place(double value) {
    return logarithmic
        ? Math.log(value / low) / Math.log(high / low)
        : (value - low) / (high - low);
  }

  String label(double tick) {
    double size = Math.max(Math.abs(low), Math.abs(high));
    if (tick == 0) {
      return "0";
    }
    if (logarithmic || size >= 1e6 || size < 1e-2) {
      return Html.scientific(tick, 2);
    }
    int decimals = (int) Math.max(0, Math.ceil(-Math.log10(tickStep) - 1e-9));
    return String.format(Locale.ROOT, "%,." + decimals + "f", tick);
  }
}
