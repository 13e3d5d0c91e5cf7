package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.operator.BenchTensors;
import dev.nacelle.kernels.operator.Measurement;
import dev.nacelle.kernels.operator.Tolerance;
import dev.nacelle.nativeaccess.DType;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What the descriptions of neurons measure, and how exact they say to be. */
final class NeuronBench {
  private NeuronBench() {}

  static Map<String, Long> sizes() {
    Map<String, Long> sizes = new LinkedHashMap<>();
    sizes.put("T", 16L);
    sizes.put("N", 1_048_576L);
    return sizes;
  }

  /**
   * Forward reads x and writes spikes; backward reads x and their gradient and writes that of x: 20
   * bytes a neuron-step with fp32.
   *
   * @param modes of the filter in front; 0 for none
   */
  static List<Measurement> measurements(
      KernelSet kernels, DType dtype, BenchTensors bench, NeuronOptions options, long modes) {
    long steps = bench.size("T");
    long neurons = bench.size("N");
    Operand x = bench.random(dtype, steps, neurons);
    Operand spikes = bench.zeros(dtype, steps, neurons);
    Operand gradSpikes = bench.random(dtype, steps, neurons);
    Operand gradX = bench.zeros(dtype, steps, neurons);
    Operand v = bench.zeros(DType.FP32, neurons);
    Operand b = options.isAdaptive() ? bench.zeros(DType.FP32, neurons) : null;
    Operand re = gain(bench, modes, neurons);
    Operand im = gain(bench, modes, neurons);
    SpikingNeuron.Inputs inputs = new SpikingNeuron.Inputs(x, null, null, re, im);
    SpikingNeuron.Outputs outputs = new SpikingNeuron.Outputs(spikes, v, b, null);
    SpikingNeuron.Given given = new SpikingNeuron.Given(gradSpikes, null, null, null);
    SpikingNeuron.Wanted wanted =
        new SpikingNeuron.Wanted(
            gradX, null, null, gain(bench, modes, neurons), gain(bench, modes, neurons));
    SpikingNeuron neuron = kernels.spikingNeuron();
    long tensor = x.byteSize();
    long gains = 2 * modes * neurons * DType.FP32.bytes();
    long flops = x.elements() * (10 + 4 * modes);
    Runnable forward = () -> neuron.forward(outputs, inputs, options);
    Runnable backward = () -> neuron.backward(wanted, given, inputs, options, options.learned());
    return List.of(
        new Measurement("forward", 2 * tensor + gains, flops, Measurement.Limit.COPY, forward),
        new Measurement(
            "backward", 3 * tensor + 2 * gains, 3 * flops, Measurement.Limit.COPY, backward),
        new Measurement(
            "forward+backward",
            5 * tensor + 3 * gains,
            4 * flops,
            Measurement.Limit.COPY,
            () -> {
              forward.run();
              backward.run();
            }));
  }

  private static @Nullable Operand gain(BenchTensors bench, long modes, long neurons) {
    return modes == 0 ? null : bench.random(DType.FP32, modes, neurons);
  }

  /**
   * A state is a recurrence of T steps, each with a handful of roundings; a parameter's gradient is
   * a sum over all neuron-steps, whose terms may nearly cancel.
   */
  static Tolerance tolerance(String tensor, DType dtype, long terms) {
    return switch (tensor) {
      case "spikes" -> new Tolerance(0, 0);
      // What is left of a membrane after a spike may be far smaller than what it was made of.
      case "v", "b", "v_sequence" -> Tolerance.of(DType.FP32, 4, 64).widened(1e-4);
      case "grad_w", "grad_rho", "grad_beta", "grad_v_threshold" ->
          Tolerance.of(DType.FP32, 8, terms * 64).widened(1e-3);
      case "grad_gain_re", "grad_gain_im" -> Tolerance.of(DType.FP32, 4, terms * 64);
      default -> Tolerance.of(dtype, 1, 256).widened(1e-6);
    };
  }
}
