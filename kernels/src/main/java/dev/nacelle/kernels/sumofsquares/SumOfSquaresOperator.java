package dev.nacelle.kernels.sumofsquares;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SumOfSquares;
import dev.nacelle.kernels.common.Elements;
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

/** {@code sum_of_squares}, described. */
public final class SumOfSquaresOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "sum_of_squares",
          "The sum of all squares in a fixed order: the same bits for every number of threads.",
          List.of(TensorSpec.storage("x", "…")),
          List.of(TensorSpec.floats("sum", "1")),
          List.of(),
          OperatorSpec.COMPUTE,
          Set.of(Backend.CPU, Backend.REFERENCE));

  @Override
  public OperatorSpec spec() {
    return SPEC;
  }

  @Override
  public void run(KernelSet kernels, OperatorCall call) {
    Operand x = call.input("x");
    SumOfSquares squares = kernels.sumOfSquares();
    Elements.set(call.output("sum"), 0, squares.forward(x));
    Operand gradSum = call.gradientOf("sum");
    if (gradSum != null) {
      squares.backward(call.gradientFor("x"), x, (float) Elements.get(gradSum, 0));
    }
  }

  /** Squares are exact and summed in double: what is left is the rounding of the result. */
  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return Tolerance.of(tensor.equals("sum") ? DType.FP32 : dtype, 1, 1);
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("N", 33_554_432L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long n = bench.size("N");
    Operand x = bench.random(dtype, n);
    Operand gradX = bench.zeros(dtype, n);
    SumOfSquares squares = kernels.sumOfSquares();
    double[] keep = {0};
    return List.of(
        new Measurement(
            "forward",
            x.byteSize(),
            2 * n,
            Measurement.Limit.COPY,
            () -> keep[0] += squares.forward(x)),
        new Measurement(
            "backward",
            2 * x.byteSize(),
            n,
            Measurement.Limit.COPY,
            () -> squares.backward(gradX, x, 0.5f)));
  }
}
