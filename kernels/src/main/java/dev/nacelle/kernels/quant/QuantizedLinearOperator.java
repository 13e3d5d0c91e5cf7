package dev.nacelle.kernels.quant;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.QuantizedLinear;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.common.Scratch;
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

/** {@code quantized_linear}, described. */
public final class QuantizedLinearOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "quantized_linear",
          "y = x·Wᵀ + bias with W frozen in quantised blocks of R bytes a row, widened tile by tile"
              + " inside the product.",
          List.of(
              TensorSpec.storage("x", "…,K"),
              TensorSpec.bytes("blocks", "M,R"),
              TensorSpec.floats("absmax", "S").withoutGradient().orNone(),
              TensorSpec.parameter("bias", "M").orNone()),
          List.of(TensorSpec.storage("y", "…,M")),
          List.of(Formats.attribute()),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    try (Scratch scratch = new Scratch()) {
      Operand x = call.input("x");
      BlockMatrix weight = Formats.matrix(call, scratch);
      if (x.size(-1) != weight.size(1)) {
        throw new IllegalArgumentException(
            "x must have " + weight.size(1) + " columns as blocks have, given " + x);
      }
      Operand y = call.output("y");
      kernels.quantizedLinear().forward(rows(y), rows(scratch.contiguous(x)), weight);
      Operand bias = call.optional("bias");
      if (bias != null) {
        kernels.elementwise().addBias(rows(y), scratch.contiguous(bias));
      }
      Operand gradY = call.gradientOf("y");
      if (gradY != null) {
        Operand gradRows = rows(scratch.contiguous(gradY));
        kernels.quantizedLinear().backward(rows(call.gradientFor("x")), gradRows, weight, 0);
        if (bias != null) {
          sumRows(kernels, scratch, call.gradientFor("bias"), gradRows);
        }
      }
    }
  }

  private static Operand rows(Operand x) {
    long columns = x.size(-1);
    long rows = 1;
    for (int d = 0; d < x.rank() - 1; d++) {
      rows *= x.size(d);
    }
    return x.reshape(rows, columns);
  }

  private static void sumRows(KernelSet kernels, Scratch scratch, Operand sums, Operand x) {
    Operand ones = scratch.tensor(DType.FP32, 1, x.size(0));
    Elements.fill(ones, 1);
    kernels.products().multiply(sums.reshape(1, x.size(1)), ones, false, x, false, 1, 0);
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return switch (tensor) {
      // Stored once, and once more behind the bias.
      case "y" -> Tolerance.of(dtype, 2, 4 * terms);
      case "grad_bias" -> Tolerance.of(DType.FP32, 1, 4 * terms);
      default -> Tolerance.of(dtype, 1, 4 * terms);
    };
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 1024L);
    sizes.put("M", 1536L);
    sizes.put("K", 768L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long tokens = bench.size("T");
    long rows = bench.size("M");
    long columns = bench.size("K");
    Operand x = bench.random(dtype, tokens, columns);
    Operand y = bench.zeros(dtype, tokens, rows);
    Operand gradY = bench.random(dtype, tokens, rows);
    Operand gradX = bench.zeros(dtype, tokens, columns);
    QuantizedLinear linear = kernels.quantizedLinear();
    long flops = 2 * tokens * rows * columns;
    List<Measurement> all = new ArrayList<>();
    for (BlockFormat format : Formats.MEASURED) {
      BlockMatrix weight = Formats.sample(bench, format, rows, columns);
      long bytes = Formats.bytes(weight) + x.byteSize() + y.byteSize();
      all.add(
          new Measurement(
              format.label(),
              "forward",
              bytes,
              flops,
              Measurement.Limit.GEMM,
              () -> linear.forward(y, x, weight)));
      all.add(
          new Measurement(
              format.label(),
              "backward",
              bytes,
              flops,
              Measurement.Limit.GEMM,
              () -> linear.backward(gradX, gradY, weight, 0)));
    }
    return all;
  }
}
