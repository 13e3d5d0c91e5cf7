package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.operator.AttributeSpec;
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

/** {@code fa_lif}, described. */
public final class FaLifOperator implements Operator {
  private static final OperatorSpec SPEC =
      NeuronDescription.spec(
          "fa_lif",
          "A filter over time, then neurons with an adaptive threshold, in one pass; our own"
              + " realisation of FA-SNN.",
          List.of(
              TensorSpec.storage("x", "T,…,N"),
              TensorSpec.parameter("gain_re", "M,N").orNone(),
              TensorSpec.parameter("gain_im", "M,N").orNone(),
              TensorSpec.state("v0", "…,N").orNone(),
              TensorSpec.state("b0", "…,N").orNone(),
              TensorSpec.parameter("rho", "1").orNone(),
              TensorSpec.parameter("beta", "1").orNone(),
              TensorSpec.parameter("v_threshold", "1").orNone()),
          true,
          NeuronDescription.attributes(
              NeuronDescription.adaptation(
                  NeuronDescription.tau(), AttributeSpec.flag("fourier", true))));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    NeuronDescription.runAdaptive(kernels, call, call.attributes().flag("fourier"));
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return NeuronBench.tolerance(tensor, dtype, terms);
  }

  @Override
  public String scaledBy(String tensor) {
    return tensor.equals("grad_gain_im") ? "grad_gain_re" : tensor;
  }

  @Override
  public Map<String, Long> benchSizes() {
    return NeuronBench.sizes();
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    return NeuronBench.measurements(
        kernels, dtype, bench, NeuronDescription.ADAPTIVE, bench.size("T") / 2 + 1);
  }
}
