package dev.nacelle.kernels.spikepack;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code spike_pack}, described; it has no backward. */
public final class SpikePackOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "spike_pack",
          "Spikes to bits: 32 neurons a word, lowest bit first; whatever is not 0 is a spike.",
          List.of(TensorSpec.storage("spikes", "…,N").withoutGradient()),
          List.of(new TensorSpec("bits", TensorSpec.Kind.BITS, "…,W", false, false)),
          List.of(),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand spikes = call.input("spikes");
    long[] words = spikes.shape();
    words[words.length - 1] = SpikePackArguments.words(spikes.size(-1));
    kernels.spikePack().pack(call.output("bits", words), spikes);
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
            () -> kernels.spikePack().pack(bits, spikes)));
  }
}
