package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.HydraLinear;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import org.jspecify.annotations.Nullable;

/** The layer in plain Java, head by head, with sums in double: what the others are held against. */
public final class ReferenceHydraLinear implements HydraLinear {
  @Override
  public void forward(
      Operand y,
      Operand hidden,
      Operand omega,
      Operand x,
      Matrix weight,
      Operand router,
      @Nullable Operand bias,
      AdapterPair pair) {
    long heads = pair.b().size(0);
    AdapterArguments.common(y, hidden, x, weight, pair, heads);
    AdapterArguments.bias(bias, weight.size(0));
    double[][] sums = new double[(int) x.size(0)][(int) weight.size(0)];
    Doubles.addTimes(sums, 1, Doubles.of(x), Doubles.of(weight));
    double[][] h = new double[(int) x.size(0)][(int) pair.rank()];
    Doubles.addTimes(h, 1, Doubles.drop(Doubles.of(x), pair), Doubles.of(pair.a()));
    Doubles.put(hidden, h);
    double[][] weights = new double[(int) x.size(0)][(int) heads];
    Doubles.addTimes(weights, 1, Doubles.of(x), Doubles.of(router));
    for (double[] row : weights) {
      softmax(row);
    }
    Doubles.put(omega, weights);
    double[] shift = bias == null ? new double[(int) weight.size(0)] : Doubles.vector(bias);
    double[][] part = new double[sums.length][shift.length];
    for (int e = 0; e < heads; e++) {
      for (double[] row : part) {
        java.util.Arrays.fill(row, 0);
      }
      Doubles.addTimes(part, pair.scale(), h, Doubles.of(head(pair.b(), e)));
      for (int n = 0; n < sums.length; n++) {
        for (int m = 0; m < shift.length; m++) {
          sums[n][m] += weights[n][e] * part[n][m] + (e == 0 ? shift[m] : 0);
        }
      }
    }
    Doubles.put(y, sums);
  }

  private static void softmax(double[] row) {
    double largest = Double.NEGATIVE_INFINITY;
    for (double value : row) {
      largest = Math.max(largest, value);
    }
    double sum = 0;
    for (int e = 0; e < row.length; e++) {
      row[e] = Math.exp(row[e] - largest);
      sum += row[e];
    }
    for (int e = 0; e < row.length; e++) {
      row[e] /= sum;
    }
  }

  /** Head e of (E, M, R). */
  private static Operand head(Operand b, long e) {
    Operand one = b.rows(e, e + 1);
    return one.reshape(b.size(1), b.size(2));
  }

  @Override
  public void backward(
      Gradients to,
      Operand gradY,
      Operand x,
      Operand hidden,
      Operand omega,
      Matrix weight,
      Operand router,
      AdapterPair pair) {
    int heads = (int) pair.b().size(0);
    AdapterArguments.common(gradY, hidden, x, weight, pair, heads);
    AdapterArguments.gradients(to.x(), to.w(), to.a(), to.b(), to.bias(), x, weight, pair);
    int outputs = (int) weight.size(0);
    int columns = (int) weight.size(1);
    int rank = (int) pair.rank();
    double[][] g = Doubles.of(gradY);
    double[][] h = Doubles.of(hidden);
    double[][] weights = Doubles.of(omega);
    Doubles.put(to.bias(), Doubles.sumRows(g, outputs));
    double[][] gradLogits = new double[g.length][heads];
    double[][] gradHidden = new double[g.length][rank];
    for (int e = 0; e < heads; e++) {
      double[][] mixed = new double[g.length][rank];
      double[][] gradMixed = new double[g.length][rank];
      Doubles.addTimesPlain(gradMixed, pair.scale(), g, Doubles.of(head(pair.b(), e)));
      for (int n = 0; n < g.length; n++) {
        for (int r = 0; r < rank; r++) {
          mixed[n][r] = weights[n][e] * h[n][r];
          gradHidden[n][r] += weights[n][e] * gradMixed[n][r];
          gradLogits[n][e] += gradMixed[n][r] * h[n][r];
        }
      }
      if (to.b() != null) {
        double[][] gradB = new double[outputs][rank];
        Doubles.addTurnedTimes(gradB, pair.scale(), g, mixed);
        Doubles.put(head(to.b(), e), gradB);
      }
    }
    for (int n = 0; n < g.length; n++) {
      gradLogits(gradLogits[n], weights[n], gradLogits[n].clone());
    }
    double[][] gradRouter = new double[heads][columns];
    Doubles.addTurnedTimes(gradRouter, 1, gradLogits, Doubles.of(x));
    Doubles.put(to.router(), gradRouter);
    double[][] gradA = new double[rank][columns];
    Doubles.addTurnedTimes(gradA, 1, gradHidden, Doubles.drop(Doubles.of(x), pair));
    Doubles.put(to.a(), gradA);
    if (to.w() != null) {
      double[][] gradW = new double[outputs][columns];
      Doubles.addTurnedTimes(gradW, 1, g, Doubles.of(x));
      Doubles.put(to.w(), gradW);
    }
    double[][] gradX = new double[g.length][columns];
    Doubles.addTimesPlain(gradX, 1, gradHidden, Doubles.of(pair.a()));
    Doubles.drop(gradX, pair);
    Doubles.addTimesPlain(gradX, 1, g, Doubles.of(weight));
    Doubles.addTimesPlain(gradX, 1, gradLogits, Doubles.of(router));
    Doubles.put(to.x(), gradX);
  }

  @Override
  public void mix(Operand mixed, Operand omega, Operand hidden, boolean weighed) {
    AdapterArguments.mixture(mixed, omega, hidden);
    double[][] h = Doubles.of(hidden);
    double[][] weights = Doubles.of(omega);
    double[][] all = new double[h.length][(int) mixed.size(1)];
    for (int n = 0; n < h.length; n++) {
      if (!weighed) {
        softmax(weights[n]);
      }
      for (int i = 0; i < all[n].length; i++) {
        all[n][i] = weights[n][i / h[n].length] * h[n][i % h[n].length];
      }
    }
    Doubles.put(omega, weights);
    Doubles.put(mixed, all);
  }

  @Override
  public void unmix(
      Operand gradHidden,
      Operand gradLogits,
      Operand gradOmega,
      Operand gradMixed,
      Operand omega,
      Operand hidden) {
    AdapterArguments.mixture(gradMixed, omega, hidden);
    double[][] h = Doubles.of(hidden);
    double[][] weights = Doubles.of(omega);
    double[][] mixed = Doubles.of(gradMixed);
    double[][] pull = Doubles.of(gradOmega);
    double[][] toHidden = new double[h.length][(int) hidden.size(1)];
    double[][] toLogits = new double[h.length][(int) omega.size(1)];
    for (int n = 0; n < h.length; n++) {
      for (int i = 0; i < mixed[n].length; i++) {
        int e = i / h[n].length;
        int r = i % h[n].length;
        toHidden[n][r] += weights[n][e] * mixed[n][i];
        pull[n][e] += mixed[n][i] * h[n][r];
      }
      gradLogits(toLogits[n], weights[n], pull[n]);
    }
    Doubles.put(gradHidden, toHidden);
    Doubles.put(gradOmega, pull);
    Doubles.put(gradLogits, toLogits);
  }

  /** Back through the softmax of one token. */
  private static void gradLogits(double[] gradLogits, double[] omega, double[] gradOmega) {
    for (int e = 0; e < omega.length; e++) {
      double sum = 0;
      for (int f = 0; f < omega.length; f++) {
        sum += omega[f] * (gradOmega[e] - gradOmega[f]);
      }
      gradLogits[e] = omega[e] * sum;
    }
  }
}
