package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/**
 * Moves inputs of neurons until no membrane lies so near its threshold that fp32 and fp64 might
 * disagree on a spike. Exact ties stay where every number behind them is exact in fp32, which holds
 * for inputs that are multiples of a quarter, a time constant of 2 and few steps.
 */
final class Settling {
  private static final double NEAR = 2e-3;
  private static final double STEP = 0.0625;

  private final CaseValues values;
  private final Attributes with;
  private final DType storage;
  private final boolean fourier;

  private Settling(CaseValues values, Attributes with, DType storage, boolean fourier) {
    this.values = values;
    this.with = with;
    this.storage = storage;
    this.fourier = fourier;
  }

  static void settle(CaseValues values, String operator, Attributes with, DType storage) {
    boolean fourier = operator.equals("fa_lif") && with.flag("fourier");
    new Settling(values, with, storage, fourier).settle(operator);
  }

  private void settle(String operator) {
    CaseValues.Values x = java.util.Objects.requireNonNull(values.tensors.get("x"));
    int steps = (int) x.shape[0];
    int neurons = steps == 0 ? 0 : x.numbers.length / steps;
    boolean adaptive = operator.equals("alif") || operator.equals("fa_lif");
    for (int j = 0; j < neurons; j++) {
      int tries = 0;
      int at = near(x, j, neurons, steps, adaptive);
      while (at >= 0) {
        if (++tries > 2000) {
          throw new IllegalStateException("neuron " + j + " of " + operator + " does not settle");
        }
        int element = at * neurons + j;
        x.numbers[element] = Elements.rounded(storage, x.numbers[element] + STEP * (1 + tries % 7));
        at = near(x, j, neurons, steps, adaptive);
      }
    }
  }

  /** The first step at which a neuron is too near its threshold, or −1. */
  private int near(CaseValues.Values x, int j, int neurons, int steps, boolean adaptive) {
    double[] row = new double[steps];
    for (int t = 0; t < steps; t++) {
      row[t] = x.numbers[t * neurons + j];
    }
    if (fourier) {
      row = filtered(row, j % (int) x.shape[x.shape.length - 1]);
    }
    boolean soft = with.isNone("v_reset");
    double rest = soft ? 0 : with.real("v_reset");
    double v = values.tensors.containsKey("v0") ? number("v0", j) : rest;
    double b = values.tensors.containsKey("b0") ? number("b0", j) : 0;
    double k =
        values.tensors.containsKey("w")
            ? 1 / (1 + Math.exp(-number("w", 0)))
            : 1 / with.real("tau");
    boolean exact = k == 0.5 && !fourier;
    for (int t = 0; t < steps; t++) {
      double h =
          with.flag("decay_input") ? v + (row[t] - (v - rest)) * k : v - (v - rest) * k + row[t];
      double threshold =
          adaptive ? parameter("v_threshold") + parameter("beta") * b : with.real("v_threshold");
      double u = h - threshold;
      boolean tie = u == 0 && exact && (!adaptive || b == 0 || parameter("beta") == 0);
      if (Math.abs(u) < NEAR * (1 + Math.abs(h)) && !tie) {
        return t;
      }
      double s = u > 0 || (u == 0 && with.text("tie").equals("ge")) ? 1 : 0;
      v = soft ? h - s * threshold : (1 - s) * h + s * rest;
      b = adaptive ? parameter("rho") * b + (1 - parameter("rho")) * s : 0;
    }
    return -1;
  }

  private double number(String tensor, int index) {
    CaseValues.@Nullable Values v = values.tensors.get(tensor);
    return java.util.Objects.requireNonNull(v).numbers[index];
  }

  private double parameter(String name) {
    return values.tensors.containsKey(name) ? number(name, 0) : (float) with.real(name);
  }

  private double[] filtered(double[] row, int column) {
    CaseValues.Values re = java.util.Objects.requireNonNull(values.tensors.get("gain_re"));
    CaseValues.Values im = java.util.Objects.requireNonNull(values.tensors.get("gain_im"));
    int columns = (int) re.shape[1];
    double[] y = new double[row.length];
    for (int m = 0; m < re.shape[0]; m++) {
      double a = 0;
      double c = 0;
      for (int t = 0; t < row.length; t++) {
        double angle = 2 * Math.PI * m * t / row.length;
        a += row[t] * Math.cos(angle);
        c -= row[t] * Math.sin(angle);
      }
      double g = re.numbers[m * columns + column];
      double h = im.numbers[m * columns + column];
      double weight = (m == 0 || 2 * m == row.length ? 1.0 : 2.0) / row.length;
      for (int t = 0; t < row.length; t++) {
        double angle = 2 * Math.PI * m * t / row.length;
        y[t] += weight * ((g * a - h * c) * Math.cos(angle) - (g * c + h * a) * Math.sin(angle));
      }
    }
    return y;
  }
}
