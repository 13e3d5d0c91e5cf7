package dev.nacelle.kernels.matrix;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.OperatorRunner;
import dev.nacelle.kernels.registry.Operators;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.List;
import java.util.Map;

/** One operator on one set of kernels, by its registered face. */
final class CpuRun {
  private CpuRun() {}

  /**
   * The results by name.
   *
   * @param buffers get the memory of the results, to be closed by the caller
   */
  static Map<String, Operand> of(
      KernelSet set,
      String operator,
      Map<String, Operand> inputs,
      Map<String, String> attributes,
      List<NativeBuffer> buffers) {
    return new OperatorRunner(Operators.all(), backend -> set)
        .run(
            operator,
            Backend.CPU,
            inputs,
            attributes,
            bytes -> {
              NativeBuffer buffer = NativeBuffer.allocate(bytes);
              buffers.add(buffer);
              return buffer;
            });
  }
}
