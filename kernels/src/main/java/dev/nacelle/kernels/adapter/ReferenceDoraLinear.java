package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.DoraLinear;
import dev.nacelle.kernels.LoraLinear;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import org.jspecify.annotations.Nullable;

/** The layer in plain Java with sums in double: what the others are held against. */
public final class ReferenceDoraLinear implements DoraLinear {
  @Override
  public void norms(Operand norms, Matrix weight, AdapterPair pair) {
    double[][] adapted = Doubles.of(weight);
    Doubles.addTimesPlain(adapted, pair.scale(), Doubles.of(pair.b()), Doubles.of(pair.a()));
    double[] norm = new double[adapted.length];
    for (int m = 0; m < norm.length; m++) {
      double squares = 0;
      for (double v : adapted[m]) {
        squares += v * v;
      }
      norm[m] = Math.sqrt(squares);
    }
    Doubles.put(norms, norm);
  }

  @Override
  public void scale(
      Operand y, Operand x, Operand norms, Operand magnitude, @Nullable Operand bias) {
    double[][] rows = Doubles.of(x);
    double[] norm = Doubles.vector(norms);
    double[] scale = Doubles.vector(magnitude);
    double[] shift = bias == null ? new double[scale.length] : Doubles.vector(bias);
    for (double[] row : rows) {
      for (int m = 0; m < row.length; m++) {
        row[m] = row[m] * scale[m] / norm[m] + shift[m];
      }
    }
    Doubles.put(y, rows);
  }

  @Override
  public void gradMagnitude(Operand gradMagnitude, Operand gradY, Operand product, Operand norms) {
    double[][] g = Doubles.of(gradY);
    double[][] u = Doubles.of(product);
    double[] norm = Doubles.vector(norms);
    double[] sums = new double[norm.length];
    for (int n = 0; n < g.length; n++) {
      for (int m = 0; m < norm.length; m++) {
        sums[m] += g[n][m] * u[n][m] / norm[m];
      }
    }
    Doubles.put(gradMagnitude, sums);
  }

  @Override
  public void forward(
      Operand y,
      Operand product,
      Operand norms,
      Operand hidden,
      Operand x,
      Matrix weight,
      Operand magnitude,
      @Nullable Operand bias,
      AdapterPair pair) {
    AdapterArguments.common(y, hidden, x, weight, pair, 0);
    AdapterArguments.bias(bias, weight.size(0));
    norms(norms, weight, pair);
    double[] norm = Doubles.vector(norms);
    double[][] sums = ReferenceLoraLinear.product(hidden, x, weight, null, pair);
    Doubles.put(product, sums);
    double[] scale = Doubles.vector(magnitude);
    double[] shift = bias == null ? new double[scale.length] : Doubles.vector(bias);
    for (double[] row : sums) {
      for (int m = 0; m < row.length; m++) {
        row[m] = row[m] * scale[m] / norm[m] + shift[m];
      }
    }
    Doubles.put(y, sums);
  }

  @Override
  public void backward(
      Gradients to,
      Operand gradY,
      Operand x,
      Operand product,
      Operand norms,
      Operand hidden,
      Matrix weight,
      Operand magnitude,
      AdapterPair pair) {
    AdapterArguments.common(gradY, hidden, x, weight, pair, 0);
    AdapterArguments.gradients(to.x(), to.w(), to.a(), to.b(), to.bias(), x, weight, pair);
    double[][] g = Doubles.of(gradY);
    double[][] u = Doubles.of(product);
    double[] norm = Doubles.vector(norms);
    double[] scale = Doubles.vector(magnitude);
    Doubles.put(to.bias(), Doubles.sumRows(g, norm.length));
    double[] gradMagnitude = new double[norm.length];
    for (int n = 0; n < g.length; n++) {
      for (int m = 0; m < norm.length; m++) {
        gradMagnitude[m] += g[n][m] * u[n][m] / norm[m];
        g[n][m] *= scale[m] / norm[m];
      }
    }
    Doubles.put(to.magnitude(), gradMagnitude);
    ReferenceLoraLinear.backward(
        new LoraLinear.Gradients(to.x(), to.w(), to.a(), to.b(), null), g, x, hidden, weight, pair);
  }
}
