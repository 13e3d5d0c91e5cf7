package dev.nacelle.kernels.swiglu;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.GatedUnit;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
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
import java.util.function.Function;

/** {@code swiglu} and {@code geglu}, described: they differ in what the gate goes through. */
public final class GatedUnitOperator implements Operator {
  private final OperatorSpec spec;
  private final Function<KernelSet, GatedUnit> face;

  private GatedUnitOperator(String name, String summary, Function<KernelSet, GatedUnit> face) {
    this.face = face;
    spec =
        new OperatorSpec(
            name,
            summary,
            List.of(TensorSpec.storage("gate", "…"), TensorSpec.storage("up", "…")),
            List.of(TensorSpec.storage("y", "…")),
            List.of(),
            OperatorSpec.COMPUTE,
            Set.of(Backend.CPU, Backend.REFERENCE));
  }

  /** {@code swiglu}. */
  public static GatedUnitOperator swiGlu() {
    return new GatedUnitOperator(
        "swiglu", "Gated unit: y = gate · σ(gate) · up, elementwise.", KernelSet::swiGlu);
  }

  /** {@code geglu}. */
  public static GatedUnitOperator geGlu() {
    return new GatedUnitOperator(
        "geglu",
        "Gated unit: y = gelu(gate) · up, elementwise, GELU in its tanh form.",
        KernelSet::geGlu);
  }

  @Override
  public OperatorSpec spec() {
    return spec;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    GatedUnit unit = face.apply(kernels);
    Operand gate = call.input("gate");
    Operand up = call.input("up");
    unit.forward(call.output("y"), gate, up);
    Operand gradY = call.gradientOf("y");
    if (gradY != null) {
      unit.backward(call.gradientFor("gate"), call.gradientFor("up"), gradY, gate, up);
    }
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return Tolerance.of(dtype, 1, 1);
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
    GatedUnit unit = face.apply(kernels);
    long rows = bench.size("T");
    long columns = bench.size("N");
    Operand gate = bench.random(dtype, rows, columns);
    Operand up = bench.random(dtype, rows, columns);
    Operand y = bench.zeros(dtype, rows, columns);
    Operand gradY = bench.random(dtype, rows, columns);
    Operand gradGate = bench.zeros(dtype, rows, columns);
    Operand gradUp = bench.zeros(dtype, rows, columns);
    long elements = rows * columns;
    long tensor = elements * dtype.bytes();
    return List.of(
        new Measurement(
            "forward",
            3 * tensor,
            20 * elements,
            Measurement.Limit.COPY,
            () -> unit.forward(y, gate, up)),
        new Measurement(
            "backward",
            5 * tensor,
            26 * elements,
            Measurement.Limit.COPY,
            () -> unit.backward(gradGate, gradUp, gradY, gate, up)));
  }
}
