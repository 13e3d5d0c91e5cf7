package dev.nacelle.kernels.spikepack;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** {@code spike_unpack}, described; it has no backward. */
public final class SpikeUnpackOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "spike_unpack",
          "Bits to spikes: 0 and 1.",
          List.of(new TensorSpec("bits", TensorSpec.Kind.BITS, "…,W", false, false)),
          List.of(TensorSpec.storage("spikes", "…,N").withoutGradient()),
          List.of(
              AttributeSpec.integer("n", null, 0),
              AttributeSpec.choice("dtype", "fp32", "fp32", "bf16", "fp16")),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand bits = call.input("bits");
    long columns = call.attributes().integer("n");
    if (bits.size(-1) != SpikePackArguments.words(columns)) {
      throw new OperatorInputException(
          "tensor 'bits' has the wrong shape: n "
              + columns
              + " needs "
              + SpikePackArguments.words(columns)
              + " words a row, given "
              + bits);
    }
    long[] shape = bits.shape();
    shape[shape.length - 1] = columns;
    DType dtype = DType.valueOf(call.attributes().text("dtype").toUpperCase(Locale.ROOT));
    kernels.spikePack().unpack(call.outputAs("spikes", dtype, shape), bits);
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return new Tolerance(0, 0);
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 16L);
    sizes.put("N", 1048576L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long steps = bench.size("T");
    long neurons = bench.size("N");
    Operand spikes = bench.random(dtype, steps, neurons);
    Operand bits = bench.zeros(DType.I32, steps, SpikePackArguments.words(neurons));
    return List.of(
        new Measurement(
            "forward",
            spikes.byteSize() + bits.byteSize(),
            spikes.elements(),
            Measurement.Limit.COPY,
            () -> kernels.spikePack().unpack(spikes, bits)));
  }
}
