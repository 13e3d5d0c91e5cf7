package dev.nacelle.kernels.sumofsquares;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SumOfSquares;
import dev.nacelle.kernels.common.Elements;

/** The sum in plain Java, element by element: what the others are held against. */
public final class ReferenceSumOfSquares implements SumOfSquares {

  @Override
  public double forward(Operand x) {
    SumOfSquaresArguments.forward(x);
    double sum = 0;
    for (long i = 0; i < x.elements(); i++) {
      double value = Elements.get(x, Elements.offset(x, i));
      sum += value * value;
    }
    return sum;
  }

  @Override
  public void backward(Operand gradX, Operand x, float gradSum) {
    SumOfSquaresArguments.backward(gradX, x);
    for (long i = 0; i < x.elements(); i++) {
      Elements.set(gradX, i, 2 * gradSum * Elements.get(x, Elements.offset(x, i)));
    }
  }
}
