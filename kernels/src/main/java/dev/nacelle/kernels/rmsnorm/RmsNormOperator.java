package dev.nacelle.kernels.rmsnorm;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.RmsNorm;
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

/** {@code rms_norm}, described. */
public final class RmsNormOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "rms_norm",
          "Root-mean-square norm over the last dimension: y = x · rstd · (offset + weight).",
          List.of(TensorSpec.storage("x", "…,C"), TensorSpec.parameter("weight", "C")),
          List.of(TensorSpec.storage("y", "…,C"), TensorSpec.floats("rstd", "…")),
          List.of(
              AttributeSpec.real("eps", "1e-5").atLeast(0),
              AttributeSpec.integer("offset", "0", 0).atMost(1)),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand x = call.input("x");
    Operand weight = call.input("weight");
    Operand y = call.output("y");
    Operand rstd = call.output("rstd");
    int offset = (int) call.attributes().integer("offset");
    RmsNorm norm = kernels.rmsNorm();
    norm.forward(y, rstd, x, weight, (float) call.attributes().real("eps"), offset);
    if (call.wantsBackward()) {
      norm.backward(
          call.gradientFor("x"),
          call.gradientFor("weight"),
          call.gradientOf("y"),
          call.gradientOf("rstd"),
          x,
          weight,
          rstd,
          offset,
          false);
    }
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return switch (tensor) {
      case "rstd" -> Tolerance.of(DType.FP32, 1, 1);
      case "y" -> Tolerance.of(dtype, 2, 1);
      // Its terms hold x·rstd as it was stored: half a unit each, which cancellation does not
      // shrink.
      case "grad_weight" -> Tolerance.of(dtype, 1, terms).widened(2 * Tolerance.epsilon(dtype));
      default -> Tolerance.of(dtype, 1, terms);
    };
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 32768L);
    sizes.put("C", 576L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long rows = bench.size("T");
    long columns = bench.size("C");
    Operand x = bench.random(dtype, rows, columns);
    Operand weight = bench.random(dtype, columns);
    Operand y = bench.zeros(dtype, rows, columns);
    Operand rstd = bench.zeros(DType.FP32, rows);
    Operand gradY = bench.random(dtype, rows, columns);
    Operand gradX = bench.zeros(dtype, rows, columns);
    Operand gradWeight = bench.zeros(DType.FP32, columns);
    RmsNorm norm = kernels.rmsNorm();
    norm.forward(y, rstd, x, weight, 1e-5f, 0);
    long tensor = rows * columns * dtype.bytes();
    return List.of(
        new Measurement(
            "forward",
            2 * tensor + rows * 4,
            4 * rows * columns,
            Measurement.Limit.COPY,
            () -> norm.forward(y, rstd, x, weight, 1e-5f, 0)),
        new Measurement(
            "backward",
            3 * tensor + rows * 4 + columns * 4,
            9 * rows * columns,
            Measurement.Limit.COPY,
            () -> norm.backward(gradX, gradWeight, gradY, x, weight, rstd, 0, false)));
  }
}
