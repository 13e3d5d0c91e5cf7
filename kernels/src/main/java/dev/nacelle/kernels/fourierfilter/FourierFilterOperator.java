package dev.nacelle.kernels.fourierfilter;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.FourierFilter;
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

/** {@code fourier_filter}, described. */
public final class FourierFilterOperator implements Operator {
  private static final OperatorSpec SPEC =
      new OperatorSpec(
          "fourier_filter",
          "A filter over time with a complex gain for each mode and neuron; our own realisation.",
          List.of(
              TensorSpec.storage("x", "T,…,N"),
              TensorSpec.parameter("gain_re", "M,N"),
              TensorSpec.parameter("gain_im", "M,N")),
          List.of(TensorSpec.storage("y", "T,…,N")),
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
    Operand re = call.input("gain_re");
    Operand im = call.input("gain_im");
    FourierFilter filter = kernels.fourierFilter();
    filter.forward(call.output("y"), x, re, im);
    Operand gradY = call.gradientOf("y");
    if (gradY != null) {
      filter.backward(
          call.gradientFor("x"),
          call.gradientFor("gain_re"),
          call.gradientFor("gain_im"),
          gradY,
          x,
          re,
          im);
    }
  }

  @Override
  public Tolerance tolerance(String tensor, DType dtype, long terms) {
    return Tolerance.of(tensor.startsWith("grad_gain") ? DType.FP32 : dtype, 1, 64 * terms);
  }

  @Override
  public String scaledBy(String tensor) {
    return tensor.equals("grad_gain_im") ? "grad_gain_re" : tensor;
  }

  @Override
  public Map<String, Long> benchSizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 16L);
    sizes.put("B", 64L);
    sizes.put("N", 16384L);
    return sizes;
  }

  @Override
  public List<Measurement> measurements(KernelSet kernels, DType dtype, BenchTensors bench) {
    long steps = bench.size("T");
    long batch = bench.size("B");
    long neurons = bench.size("N");
    long modes = steps / 2 + 1;
    Operand x = bench.random(dtype, steps, batch, neurons);
    Operand y = bench.zeros(dtype, steps, batch, neurons);
    Operand re = bench.random(DType.FP32, modes, neurons);
    Operand im = bench.random(DType.FP32, modes, neurons);
    Operand gradRe = bench.zeros(DType.FP32, modes, neurons);
    Operand gradIm = bench.zeros(DType.FP32, modes, neurons);
    FourierFilter filter = kernels.fourierFilter();
    long flops = x.elements() * 8 * modes;
    return List.of(
        new Measurement(
            "forward",
            2 * x.byteSize() + 2 * re.byteSize(),
            flops,
            Measurement.Limit.COPY,
            () -> filter.forward(y, x, re, im)),
        new Measurement(
            "backward",
            3 * x.byteSize() + 4 * re.byteSize(),
            2 * flops,
            Measurement.Limit.COPY,
            () -> filter.backward(y, gradRe, gradIm, x, x, re, im)));
  }
}
