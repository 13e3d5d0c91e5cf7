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
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** {@code quantize_activation}, described; it has no backward. */
public final class QuantizeActivationOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "quantize_activation",
          "Rows in blocks of 8, 4 or 2 bits with a scale each, rounded stochastically by a seed; Q"
              + " bytes and S scales a row.",
          List.of(TensorSpec.storage("x", "…,N").withoutGradient()),
          List.of(
              TensorSpec.bytes("codes", "…,Q"),
              TensorSpec.floats("scales", "…,S").withoutGradient()),
          List.of(Forms.bits(), Forms.block(), AttributeSpec.integer("seed", "0", 0)),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Form form = Forms.of(call.attributes());
    try (Scratch scratch = new Scratch()) {
      Operand x = scratch.contiguous(call.input("x"));
      long columns = x.size(-1);
      Operand codes = call.output("codes", Forms.withLast(x, form.bytes(columns)));
      Operand scales = call.output("scales", Forms.withLast(x, form.blocks(columns)));
      kernels
          .quantizeActivation()
          .quantize(
              Forms.rows(codes),
              Forms.rows(scales),
              Forms.rows(x),
              form,
              call.attributes().integer("seed"));
    }
  }

  /** Every operation is fp32's own, so that all implementations round to the same step. */
  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return new Tolerance(0, 0);
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
    Operand x = bench.random(dtype, bench.size("T"), bench.size("N"));
    QuantizeActivation quantize = kernels.quantizeActivation();
    List<Measurement> all = new ArrayList<>();
    for (int bits : new int[] {8, 4, 2}) {
      Form form = new Form(bits, 64);
      Operand codes = bench.zeros(DType.U8, x.size(0), form.bytes(x.size(1)));
      Operand scales = bench.zeros(DType.FP32, x.size(0), form.blocks(x.size(1)));
      all.add(
          new Measurement(
              bits + "bit",
              "forward",
              x.byteSize() + codes.byteSize() + scales.byteSize(),
              20 * x.elements(),
              Measurement.Limit.COPY,
              () -> quantize.quantize(codes, scales, x, form, 1)));
    }
    return all;
  }
}
