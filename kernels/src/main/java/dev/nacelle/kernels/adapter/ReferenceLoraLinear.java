package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.LoraLinear;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import org.jspecify.annotations.Nullable;

/** The layer in plain Java with sums in double: what the others are held against. */
public final class ReferenceLoraLinear implements LoraLinear {
  @Override
  public void forward(
      Operand y,
      Operand hidden,
      Operand x,
      Matrix weight,
      @Nullable Operand bias,
      AdapterPair pair) {
    AdapterArguments.common(y, hidden, x, weight, pair, 0);
    AdapterArguments.bias(bias, weight.size(0));
    Doubles.put(y, product(hidden, x, weight, bias, pair));
  }

  /** y before it is rounded; fills hidden on the way. */
  static double[][] product(
      Operand hidden, Operand x, Matrix weight, @Nullable Operand bias, AdapterPair pair) {
    double[][] sums = new double[(int) x.size(0)][(int) weight.size(0)];
    Doubles.addTimes(sums, 1, Doubles.of(x), Doubles.of(weight));
    double[][] h = new double[(int) x.size(0)][(int) pair.rank()];
    Doubles.addTimes(h, 1, Doubles.drop(Doubles.of(x), pair), Doubles.of(pair.a()));
    Doubles.put(hidden, h);
    Doubles.addTimes(sums, pair.scale(), h, Doubles.of(pair.b()));
    if (bias != null) {
      double[] more = Doubles.vector(bias);
      for (double[] row : sums) {
        for (int m = 0; m < row.length; m++) {
          row[m] += more[m];
        }
      }
    }
    return sums;
  }

  @Override
  public void backward(
      Gradients to, Operand gradY, Operand x, Operand hidden, Matrix weight, AdapterPair pair) {
    AdapterArguments.common(gradY, hidden, x, weight, pair, 0);
    AdapterArguments.gradients(to.x(), to.w(), to.a(), to.b(), to.bias(), x, weight, pair);
    double[][] g = Doubles.of(gradY);
    Doubles.put(to.bias(), Doubles.sumRows(g, (int) weight.size(0)));
    backward(to, g, x, hidden, weight, pair);
  }

  /** All gradients but the bias's, of a gradient of y that is not rounded. */
  static void backward(
      Gradients to, double[][] g, Operand x, Operand hidden, Matrix weight, AdapterPair pair) {
    int outputs = (int) weight.size(0);
    int columns = (int) weight.size(1);
    int rank = (int) pair.rank();
    double[][] gradB = new double[outputs][rank];
    Doubles.addTurnedTimes(gradB, pair.scale(), g, Doubles.of(hidden));
    Doubles.put(to.b(), gradB);
    if (to.w() != null) {
      double[][] gradW = new double[outputs][columns];
      Doubles.addTurnedTimes(gradW, 1, g, Doubles.of(x));
      Doubles.put(to.w(), gradW);
    }
    double[][] gradHidden = new double[g.length][rank];
    Doubles.addTimesPlain(gradHidden, pair.scale(), g, Doubles.of(pair.b()));
    double[][] gradA = new double[rank][columns];
    Doubles.addTurnedTimes(gradA, 1, gradHidden, Doubles.drop(Doubles.of(x), pair));
    Doubles.put(to.a(), gradA);
    double[][] gradX = new double[g.length][columns];
    Doubles.addTimesPlain(gradX, 1, gradHidden, Doubles.of(pair.a()));
    Doubles.drop(gradX, pair);
    Doubles.addTimesPlain(gradX, 1, g, Doubles.of(weight));
    Doubles.put(to.x(), gradX);
  }
}
