package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.HydraLinear;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Matrix;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Scratch;
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

/** {@code hydra_linear}, described. */
public final class HydraLinearOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "hydra_linear",
          "y = x·wᵀ + scale·Σ_e ω_e·(drop(x)·aᵀ)·b_eᵀ + bias with ω = softmax(x·routerᵀ): low-rank"
              + " heads under a router.",
          AdapterCall.inputs("E,M,R", TensorSpec.parameter("router", "E,K")),
          List.of(TensorSpec.storage("y", "…,M")),
          AdapterCall.attributes(),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    try (Scratch scratch = new Scratch()) {
      AdapterCall in = new AdapterCall(SPEC.name(), call, scratch);
      Matrix weight = in.weight();
      AdapterPair pair = in.pair();
      Operand x = in.x();
      Operand router = in.input("router");
      if (router.size(0) == 0) {
        throw new IllegalArgumentException("b must have at least one head, given " + pair.b());
      }
      Operand hidden = scratch.tensor(DType.FP32, x.size(0), pair.rank());
      Operand omega = scratch.tensor(DType.FP32, x.size(0), router.size(0));
      HydraLinear layer = kernels.hydraLinear();
      Operand y = AdapterCall.rows(call.output("y"));
      layer.forward(y, hidden, omega, x, weight, router, in.bias(), pair);
      Operand gradY = in.gradY();
      if (gradY != null) {
        HydraLinear.Gradients to =
            new HydraLinear.Gradients(
                in.gradX(),
                call.gradientForOptional("w"),
                call.gradientFor("a"),
                call.gradientFor("b"),
                call.gradientFor("router"),
                call.gradientForOptional("bias"));
        layer.backward(to, gradY, x, hidden, omega, weight, router, pair);
      }
    }
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return AdapterBench.tolerance(tensor, dtype, terms);
  }

  /** Where the router is sure its gradient is 0: a sum over tokens like a's. */
  @Override
  public String scaledBy(String tensor) {
    return tensor.equals("grad_router") ? "grad_a" : tensor;
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>(AdapterBench.sizes());
    sizes.put("N", 3L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long heads = bench.size("N");
    AdapterBench t = new AdapterBench(dtype, bench, heads);
    Operand router = bench.random(DType.FP32, heads, t.x.size(1));
    Operand gradRouter = bench.zeros(DType.FP32, heads, t.x.size(1));
    Operand omega = bench.zeros(DType.FP32, t.x.size(0), heads);
    HydraLinear layer = kernels.hydraLinear();
    HydraLinear.Gradients to =
        new HydraLinear.Gradients(t.gradX, null, t.gradA, t.gradB, gradRouter, null);
    return t.measurements(
        () -> layer.forward(t.y, t.hidden, omega, t.x, t.w, router, null, t.pair),
        () -> layer.backward(to, t.gradY, t.x, t.hidden, omega, t.w, router, t.pair),
        heads * t.pair.rank());
  }
}
