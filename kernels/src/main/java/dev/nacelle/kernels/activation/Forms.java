package dev.nacelle.kernels.activation;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.QuantizeActivation.Form;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Attributes;

/** What both descriptions share. */
final class Forms {
  private Forms() {}

  static AttributeSpec bits() {
    return AttributeSpec.choice("bits", "8", "8", "4", "2");
  }

  static AttributeSpec block() {
    return AttributeSpec.integer("block", "64", 1).atMost(1 << 20);
  }

  static Form of(Attributes with) {
    return new Form((int) with.integer("bits"), with.integer("block"));
  }

  /** All but the last dimension as rows. */
  static Operand rows(Operand x) {
    long rows = 1;
    for (int d = 0; d < x.rank() - 1; d++) {
      rows *= x.size(d);
    }
    return x.reshape(rows, x.size(-1));
  }

  /** The shape of x with another last dimension. */
  static long[] withLast(Operand x, long last) {
    long[] shape = x.shape();
    shape[shape.length - 1] = last;
    return shape;
  }
}
