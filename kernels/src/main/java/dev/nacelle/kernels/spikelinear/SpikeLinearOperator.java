package dev.nacelle.kernels.spikelinear;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikeLinear;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.kernels.spikepack.SpikePackArguments;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code spike_linear}, described. */
public final class SpikeLinearOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "spike_linear",
          "A linear layer on spikes that lie as bits; silent words are skipped.",
          List.of(
              new TensorSpec("bits", TensorSpec.Kind.BITS, "…,W", false, true),
              TensorSpec.storage("weight", "M,N"),
              TensorSpec.parameter("bias", "M").orNone()),
          List.of(TensorSpec.storage("y", "…,M")),
          List.of(),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand bits = call.input("bits");
    Operand weight = call.input("weight");
    SpikeLinear linear = kernels.spikeLinear();
    linear.forward(call.output("y"), bits, weight, call.optional("bias"));
    Operand gradY = call.gradientOf("y");
    if (gradY != null) {
      long[] spikes = bits.shape();
      spikes[spikes.length - 1] = weight.size(1);
      Operand gradWeight = call.gradientFor("weight");
      Operand wide = call.wide(gradWeight);
      linear.backward(
          call.gradientFor("bits", spikes),
          wide,
          call.gradientForOptional("bias"),
          gradY,
          bits,
          weight);
      OperatorCall.narrow(gradWeight, wide);
    }
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return switch (tensor) {
      case "grad_bias" -> Tolerance.of(DType.FP32, 1, terms);
      case "grad_bits" -> Tolerance.of(DType.FP32, 1, 4 * terms);
      default -> Tolerance.of(dtype, 1, 4 * terms);
    };
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 1024L);
    sizes.put("N", 1024L);
    sizes.put("M", 1024L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long rows = bench.size("T");
    long columns = bench.size("N");
    Operand weight = bench.random(dtype, bench.size("M"), columns);
    Operand y = bench.zeros(dtype, rows, bench.size("M"));
    Operand bits = bench.zeros(DType.I32, rows, SpikePackArguments.words(columns));
    // Every twentieth neuron spikes.
    for (long spike = 0; spike < rows * columns; spike += 20) {
      long word = spike / columns * bits.size(1) + spike % columns / 32;
      Elements.setInt(
          bits, word, (int) Elements.getInteger(bits, word) | 1 << (spike % columns % 32));
    }
    return List.of(
        new Measurement(
            "forward",
            bits.byteSize() + weight.byteSize() + y.byteSize(),
            2 * rows * columns * bench.size("M"),
            Measurement.Limit.GEMM,
            () -> kernels.spikeLinear().forward(y, bits, weight, null)));
  }
}
