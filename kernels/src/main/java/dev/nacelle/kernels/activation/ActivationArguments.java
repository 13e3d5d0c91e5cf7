package dev.nacelle.kernels.activation;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.QuantizeActivation.Form;
import dev.nacelle.nativeaccess.DType;

/** What every implementation of both directions asks of its arguments. */
final class ActivationArguments {
  private ActivationArguments() {}

  static void check(String name, Operand x, Operand codes, Operand scales, Form form) {
    Checks.compute(name, x);
    Checks.rank(name, x, 2, "(rows, columns)");
    Checks.dtype("codes", codes, DType.U8);
    Checks.shape("codes", codes, x.size(0), form.bytes(x.size(1)));
    Checks.contiguous("codes", codes);
    Checks.dtype("scales", scales, DType.FP32);
    Checks.shape("scales", scales, x.size(0), form.blocks(x.size(1)));
    Checks.contiguous("scales", scales);
  }
}
