package dev.nacelle.kernels.clipgradnorm;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.ClipGradNorm;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Elements;
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

/** {@code clip_grad_norm}, described for one gradient; it has no backward. */
public final class ClipGradNormOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "clip_grad_norm",
          "The 2-norm of a gradient, and the gradient scaled down to max_norm.",
          List.of(TensorSpec.storage("gradient", "…").withoutGradient()),
          List.of(
              TensorSpec.storage("gradient", "…").withoutGradient(),
              TensorSpec.floats("norm", "1").withoutGradient()),
          List.of(AttributeSpec.real("max_norm", "1.0").above(0)),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand gradient = call.outputFrom("gradient", call.input("gradient"));
    double norm =
        kernels.clipGradNorm().clip(List.of(gradient), call.attributes().real("max_norm"));
    Elements.set(call.output("norm"), 0, norm);
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return tensor.equals("norm") ? Tolerance.of(DType.FP32, 1, 1) : Tolerance.of(dtype, 1, 1);
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("N", 33_554_432L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    Operand gradient = bench.random(dtype, bench.size("N"));
    ClipGradNorm clip = kernels.clipGradNorm();
    // A little below the norm each time: every call reads twice and writes once, and the numbers
    // fade slowly.
    double[] bound = {1};
    return List.of(
        new Measurement(
            "forward",
            3 * gradient.byteSize(),
            3 * gradient.elements(),
            Measurement.Limit.COPY,
            () -> bound[0] = 0.999 * Math.min(bound[0], clip.clip(List.of(gradient), bound[0]))));
  }
}
