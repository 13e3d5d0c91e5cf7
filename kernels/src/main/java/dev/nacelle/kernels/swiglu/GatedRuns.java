package dev.nacelle.kernels.swiglu;

import dev.nacelle.kernels.GatedUnit;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What the descriptions of both gated units do alike. */
final class GatedRuns {
  private GatedRuns() {}

  static void run(GatedUnit unit, OperatorCall call) {
    Operand gate = call.input("gate");
    Operand up = call.input("up");
    unit.forward(call.output("y"), gate, up);
    Operand gradY = call.gradientOf("y");
    if (gradY != null) {
      unit.backward(call.gradientFor("gate"), call.gradientFor("up"), gradY, gate, up);
    }
  }

  static Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 8192L);
    sizes.put("N", 1536L);
    return sizes;
  }

  static List<Measurement> measurements(GatedUnit unit, DType dtype, BenchTensors bench) {
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
