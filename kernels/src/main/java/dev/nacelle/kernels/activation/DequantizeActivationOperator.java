package dev.nacelle.kernels.activation;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.QuantizeActivation;
import dev.nacelle.kernels.QuantizeActivation.Form;
import dev.nacelle.kernels.common.Scratch;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Operator;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code dequantize_activation}, described; it has no backward. */
public final class DequantizeActivationOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "dequantize_activation",
          "What quantize_activation made of rows of n elements, widened again.",
          List.of(
              TensorSpec.bytes("codes", "…,Q"),
              TensorSpec.floats("scales", "…,S").withoutGradient()),
          List.of(TensorSpec.storage("y", "…,N").withoutGradient()),
          List.of(
              AttributeSpec.integer("n", null, 0),
              Forms.bits(),
              Forms.block(),
              AttributeSpec.choice("dtype", "fp32", "fp32", "bf16", "fp16")),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Form form = Forms.of(call.attributes());
    long columns = call.attributes().integer("n");
    try (Scratch scratch = new Scratch()) {
      Operand codes = scratch.contiguous(call.input("codes"));
      Operand scales = scratch.contiguous(call.input("scales"));
      last("codes", codes, form.bytes(columns), columns, form);
      last("scales", scales, form.blocks(columns), columns, form);
      DType dtype = DType.parse(call.attributes().text("dtype"));
      Operand y = call.output("y", dtype, Forms.withLast(codes, columns));
      kernels
          .quantizeActivation()
          .dequantize(Forms.rows(y), Forms.rows(codes), Forms.rows(scales), form);
    }
  }

  private static void last(String name, Operand x, long expected, long columns, Form form) {
    if (x.size(-1) != expected) {
      throw new OperatorInputException(
          SPEC.name()
              + ": tensor '"
              + name
              + "' must have "
              + expected
              + " in its last dimension for n "
              + columns
              + " in blocks of "
              + form.block()
              + " at "
              + form.bits()
              + " bits, given "
              + x);
    }
  }

  /** One product of fp32, and its rounding. */
  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return dtype == DType.FP32
        ? new Tolerance(Tolerance.epsilon(dtype), 0)
        : new Tolerance(Tolerance.epsilon(dtype) / 2 * (1 + 1e-4), 0);
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 8192L);
    sizes.put("N", 1536L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    Operand y = bench.zeros(dtype, bench.size("T"), bench.size("N"));
    QuantizeActivation quantize = kernels.quantizeActivation();
    List<Measurement> all = new ArrayList<>();
    for (int bits : new int[] {8, 4, 2}) {
      Form form = new Form(bits, 64);
      Operand codes = bench.blocks(y.size(0), form.bytes(y.size(1)));
      Operand scales = bench.random(DType.FP32, y.size(0), form.blocks(y.size(1)));
      all.add(
          new Measurement(
              bits + "bit",
              "forward",
              y.byteSize() + codes.byteSize() + scales.byteSize(),
              2 * y.elements(),
              Measurement.Limit.COPY,
              () -> quantize.dequantize(y, codes, scales, form)));
    }
    return all;
  }
}
