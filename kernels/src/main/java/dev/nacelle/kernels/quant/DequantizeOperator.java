package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.Dequantize;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code dequantize}, described. */
public final class DequantizeOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "dequantize",
          "A matrix in quantised blocks widened to plain elements; R bytes a row, K elements.",
          List.of(
              TensorSpec.bytes("blocks", "M,R"),
              TensorSpec.floats("absmax", "S").withoutGradient().orNone()),
          List.of(TensorSpec.storage("y", "M,K").withoutGradient()),
          List.of(
              Formats.attribute(), AttributeSpec.choice("dtype", "fp32", "fp32", "bf16", "fp16")),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    try (Scratch scratch = new Scratch()) {
      BlockMatrix matrix = Formats.matrix(call, scratch);
      DType dtype = DType.parse(call.attributes().text("dtype"));
      Operand y = call.output("y", dtype, matrix.size(0), matrix.size(1));
      kernels.dequantize().forward(y, matrix);
    }
  }

  /** fp32 is exact; the others round once. */
  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return dtype == DType.FP32
        ? new Tolerance(0, 0)
        : new Tolerance(Tolerance.epsilon(dtype) / 2, 0);
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("M", 8192L);
    sizes.put("K", 1536L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long rows = bench.size("M");
    long columns = bench.size("K");
    Operand y = bench.zeros(dtype, rows, columns);
    Dequantize dequantize = kernels.dequantize();
    List<Measurement> all = new ArrayList<>();
    for (BlockFormat format : Formats.MEASURED) {
      BlockMatrix matrix = Formats.sample(bench, format, rows, columns);
      all.add(
          new Measurement(
              format.label(),
              "forward",
              Formats.bytes(matrix) + y.byteSize(),
              2 * rows * columns,
              Measurement.Limit.COPY,
              () -> dequantize.forward(y, matrix)));
    }
    return all;
  }
}
