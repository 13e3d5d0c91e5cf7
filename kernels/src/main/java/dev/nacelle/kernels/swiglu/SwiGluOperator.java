package dev.nacelle.kernels.swiglu;

import dev.nacelle.kernels.Backend;
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
import java.util.Set;

/** {@code swiglu}, described. */
public final class SwiGluOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "swiglu",
          "Gated unit: y = gate · σ(gate) · up, elementwise.",
          List.of(TensorSpec.storage("gate", "…"), TensorSpec.storage("up", "…")),
          List.of(TensorSpec.storage("y", "…")),
          List.of(),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    GatedRuns.run(kernels.swiGlu(), call);
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return Tolerance.of(dtype, 1, 1);
  }

  @Override
  public Map<String, Long> benchSizes() {
    return GatedRuns.benchSizes();
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    return GatedRuns.measurements(kernels.swiGlu(), dtype, bench);
  }
}
