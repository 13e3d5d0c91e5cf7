package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Map;

/** {@code lif}, described. */
public final class LifOperator implements Operator {
  private static final OperatorSpec SPEC =
      NeuronDescription.spec(
          "lif",
          "Leaky integrate-and-fire neurons over time.",
          List.of(TensorSpec.storage("x", "T,…"), TensorSpec.state("v0", "…").orNone()),
          false,
          NeuronDescription.attributes(NeuronDescription.tau()));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Attributes with = call.attributes();
    NeuronOptions options =
        NeuronDescription.options(
            with, (float) with.real("tau"), false, (float) with.real("v_threshold"), 0, 0);
    new NeuronRun(kernels, call, options, false).run(false, false);
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return NeuronBench.tolerance(tensor, dtype, terms);
  }

  @Override
  public Map<String, Long> benchSizes() {
    return NeuronBench.sizes();
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    return NeuronBench.measurements(kernels, dtype, bench, NeuronOptions.LIF, 0);
  }
}
