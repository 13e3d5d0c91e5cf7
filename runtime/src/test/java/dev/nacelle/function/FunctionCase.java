package dev.nacelle.function;

import java.util.List;

/**
 * A network, its leaves, and the weights of its output's elements in the sum that is
 * differentiated.
 *
 * @param leaves inputs and parameters, all of them trained
 * @param upstream in the output's shape; a loss has one in each row
 */
record FunctionCase(String name, List<Values> leaves, Expr root, Values upstream) {
  boolean isLoss() {
    return root instanceof Expr.Loss || root instanceof Expr.WholeLoss;
  }

  @Override
  public String toString() {
    return name;
  }
}
