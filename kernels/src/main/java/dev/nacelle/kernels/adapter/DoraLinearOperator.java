package dev.nacelle.kernels.adapter;

import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.DoraLinear;
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
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code dora_linear}, described. */
public final class DoraLinearOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "dora_linear",
          "y = (x·wᵀ + scale·(drop(x)·aᵀ)·bᵀ)·magnitude/‖w + scale·b·a‖ + bias, the row norm a"
              + " constant for the gradient.",
          AdapterCall.inputs("M,R", TensorSpec.parameter("magnitude", "M")),
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
      Operand magnitude = in.input("magnitude");
      Operand hidden = scratch.tensor(DType.FP32, x.size(0), pair.rank());
      Operand norms = scratch.tensor(DType.FP32, weight.size(0));
      Operand y = AdapterCall.rows(call.output("y"));
      Operand gradY = in.gradY();
      // In fp32: before the division by its norm a row may leave what fp16 holds.
      boolean inPlace = gradY == null && y.dtype() == DType.FP32;
      Operand product = inPlace ? y : scratch.tensor(DType.FP32, y.shape());
      DoraLinear layer = kernels.doraLinear();
      layer.forward(y, product, norms, hidden, x, weight, magnitude, in.bias(), pair);
      if (gradY != null) {
        DoraLinear.Gradients to =
            new DoraLinear.Gradients(
                in.gradX(),
                call.gradientForOptional("w"),
                call.gradientFor("a"),
                call.gradientFor("b"),
                call.gradientFor("magnitude"),
                call.gradientForOptional("bias"));
        layer.backward(to, gradY, x, product, norms, hidden, weight, magnitude, pair);
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
    Operand magnitude = bench.random(DType.FP32, t.w.size(0));
    Operand gradMagnitude = bench.zeros(DType.FP32, t.w.size(0));
    Operand norms = bench.zeros(DType.FP32, t.w.size(0));
    Operand product = bench.zeros(dtype, t.y.shape());
    DoraLinear layer = kernels.doraLinear();
    DoraLinear.Gradients to =
        new DoraLinear.Gradients(t.gradX, null, t.gradA, t.gradB, gradMagnitude, null);
    return t.measurements(
        () -> layer.forward(t.y, product, norms, t.hidden, t.x, t.w, magnitude, null, t.pair),
        () -> layer.backward(to, t.gradY, t.x, product, norms, t.hidden, t.w, magnitude, t.pair),
        t.pair.rank());
  }
}
