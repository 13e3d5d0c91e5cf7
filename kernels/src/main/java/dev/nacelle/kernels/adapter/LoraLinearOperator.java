package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.LoraLinear;
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
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code lora_linear}, described. */
public final class LoraLinearOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "lora_linear",
          "y = x·wᵀ + scale·(drop(x)·aᵀ)·bᵀ + bias; w plain, or quantised as w_blocks with"
              + " w_format.",
          AdapterCall.inputs("M,R"),
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
      Operand hidden = scratch.tensor(DType.FP32, x.size(0), pair.rank());
      LoraLinear layer = kernels.loraLinear();
      layer.forward(AdapterCall.rows(call.output("y")), hidden, x, weight, in.bias(), pair);
      Operand gradY = in.gradY();
      if (gradY != null) {
        LoraLinear.Gradients to =
            new LoraLinear.Gradients(
                in.gradX(),
                call.gradientForOptional("w"),
                call.gradientFor("a"),
                call.gradientFor("b"),
                call.gradientForOptional("bias"));
        layer.backward(to, gradY, x, hidden, weight, pair);
      }
    }
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return AdapterBench.tolerance(tensor, dtype, terms);
  }

  @Override
  public Map<String, Long> benchSizes() {
    return AdapterBench.sizes();
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    AdapterBench t = new AdapterBench(dtype, bench, 0);
    LoraLinear layer = kernels.loraLinear();
    LoraLinear.Gradients to = new LoraLinear.Gradients(t.gradX, null, t.gradA, t.gradB, null);
    return t.measurements(
        () -> layer.forward(t.y, t.hidden, t.x, t.w, null, t.pair),
        () -> layer.backward(to, t.gradY, t.x, t.hidden, t.w, t.pair),
        t.pair.rank());
  }
}
