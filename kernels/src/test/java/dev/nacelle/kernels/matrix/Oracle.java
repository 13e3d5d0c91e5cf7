package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.operator.Attributes;
import java.util.Map;
import org.bytedeco.pytorch.Tensor;

/** What an operator computes, written with LibTorch's own operators. */
@FunctionalInterface
interface Oracle {
  /** Outputs by name; inputs and outputs are fp64, or int64 where they are whole numbers. */
  Map<String, Tensor> outputs(Map<String, Tensor> inputs, Attributes attributes);
}
