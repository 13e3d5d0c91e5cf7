package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.Surrogate;
import dev.nacelle.kernels.common.Elements;
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

/** {@code plif}, described. */
public final class PlifOperator implements Operator {
  private static final OperatorSpec SPEC =
      NeuronDescription.spec(
          "plif",
          "Leaky integrate-and-fire neurons whose 1/tau = sigmoid(w) is learned.",
          List.of(
              TensorSpec.storage("x", "T,…"),
              TensorSpec.parameter("w", "1"),
              TensorSpec.state("v0", "…").orNone()),
          false,
          NeuronDescription.attributes());

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Attributes with = call.attributes();
    float w = (float) Elements.get(call.input("w"), 0);
    NeuronOptions options =
        NeuronDescription.options(with, w, true, (float) with.real("v_threshold"), 0, 0);
    SpikingNeuron.ParameterGradients gradients =
        new NeuronRun(kernels, call, options, false).run(false, true);
    if (call.wantsBackward()) {
      NeuronDescription.gradient(call, "w", gradients.leak());
    }
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
    return NeuronBench.measurements(
        kernels,
        dtype,
        bench,
        new NeuronOptions(0, true, true, 1, 0f, 0, 0, false, Surrogate.ATAN, 2, true),
        0);
  }
}
