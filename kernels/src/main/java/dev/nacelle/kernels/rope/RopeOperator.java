package dev.nacelle.kernels.rope;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Rope;
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

/**
 * {@code rope}, described. Positions and frequencies are tables, not inputs that anybody
 * differentiates: they get no gradient.
 */
public final class RopeOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "rope",
          "Rotary position embedding: pairs of a head's elements turn by position · inv_freq.",
          List.of(
              TensorSpec.storage("x", "B,T,H,D"),
              TensorSpec.integers("positions", "B,T"),
              TensorSpec.parameter("inv_freq", "D/2").withoutGradient()),
          List.of(TensorSpec.storage("y", "B,T,H,D")),
          List.of(AttributeSpec.flag("interleaved", false)),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand positions = call.input("positions");
    Operand invFreq = call.asFloat(call.input("inv_freq"));
    boolean interleaved = call.attributes().flag("interleaved");
    Rope rope = kernels.rope();
    rope.forward(call.output("y"), call.input("x"), positions, invFreq, interleaved, 1);
    Operand gradY = call.gradientOf("y");
    if (gradY != null) {
      rope.backward(call.gradientFor("x"), gradY, positions, invFreq, interleaved, 1);
    }
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return Tolerance.of(dtype, 1, 2);
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("B", 4L);
    sizes.put("T", 8192L);
    sizes.put("H", 9L);
    sizes.put("D", 64L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long batch = bench.size("B");
    long tokens = bench.size("T");
    long heads = bench.size("H");
    long width = bench.size("D");
    Operand x = bench.random(dtype, batch, tokens, heads, width);
    Operand y = bench.zeros(dtype, batch, tokens, heads, width);
    Operand positions = bench.integers(Math.max(1, tokens), batch, tokens);
    Operand invFreq = bench.random(DType.FP32, width / 2);
    Rope rope = kernels.rope();
    long elements = x.elements();
    long bytes = 2 * elements * dtype.bytes() + positions.byteSize();
    return List.of(
        new Measurement(
            "forward",
            bytes,
            3 * elements,
            Measurement.Limit.COPY,
            () -> rope.forward(y, x, positions, invFreq, false, 1)),
        new Measurement(
            "backward",
            bytes,
            3 * elements,
            Measurement.Limit.COPY,
            () -> rope.backward(y, x, positions, invFreq, false, 1)));
  }
}
