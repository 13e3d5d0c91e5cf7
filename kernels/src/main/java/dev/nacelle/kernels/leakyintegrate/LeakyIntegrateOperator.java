package dev.nacelle.kernels.leakyintegrate;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.LeakyIntegrate;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.AttributeSpec;
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

/** {@code leaky_integrate}, described. */
public final class LeakyIntegrateOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "leaky_integrate",
          "Leaky integration over time, a readout without spikes; gives every step.",
          List.of(TensorSpec.storage("x", "T,…")),
          List.of(TensorSpec.floats("v", "T,…")),
          List.of(
              AttributeSpec.real("tau", "2.0").above(0), AttributeSpec.flag("decay_input", true)),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    float tau = (float) call.attributes().real("tau");
    boolean decayInput = call.attributes().flag("decay_input");
    LeakyIntegrate integrate = kernels.leakyIntegrate();
    integrate.forward(call.output("v"), call.input("x"), tau, decayInput);
    Operand gradV = call.gradientOf("v");
    if (gradV != null) {
      integrate.backward(call.gradientFor("x"), gradV, tau, decayInput);
    }
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return Tolerance.of(tensor.equals("v") ? DType.FP32 : dtype, 1, 64);
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
    Operand x = bench.random(dtype, steps, neurons);
    Operand v = bench.zeros(DType.FP32, steps, neurons);
    LeakyIntegrate integrate = kernels.leakyIntegrate();
    long bytes = x.byteSize() + v.byteSize();
    return List.of(
        new Measurement(
            "forward",
            bytes,
            3 * x.elements(),
            Measurement.Limit.COPY,
            () -> integrate.forward(v, x, 2, true)),
        new Measurement(
            "backward",
            bytes,
            3 * x.elements(),
            Measurement.Limit.COPY,
            () -> integrate.backward(x, v, 2, true)));
  }
}
