package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.KernelSet;
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

/** {@code alif}, described. */
public final class AlifOperator implements Operator {
  private static final OperatorSpec SPEC =
      NeuronDescription.spec(
          "alif",
          "Leaky integrate-and-fire neurons whose threshold adapts to their spikes.",
          List.of(
              TensorSpec.storage("x", "T,…"),
              TensorSpec.state("v0", "…").orNone(),
              TensorSpec.state("b0", "…").orNone(),
              TensorSpec.parameter("rho", "1").orNone(),
              TensorSpec.parameter("beta", "1").orNone(),
              TensorSpec.parameter("v_threshold", "1").orNone()),
          true,
          NeuronDescription.attributes(NeuronDescription.adaptation(NeuronDescription.tau())));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    NeuronDescription.runAdaptive(kernels, call, false);
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
    return NeuronBench.measurements(kernels, dtype, bench, NeuronDescription.ADAPTIVE, 0);
  }
}
