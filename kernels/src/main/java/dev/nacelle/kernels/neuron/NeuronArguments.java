package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron.Given;
import dev.nacelle.kernels.SpikingNeuron.Inputs;
import dev.nacelle.kernels.SpikingNeuron.Outputs;
import dev.nacelle.kernels.SpikingNeuron.Wanted;
import dev.nacelle.kernels.fourierfilter.FourierArguments;
import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** What every implementation of the neurons asks of its arguments. */
final class NeuronArguments {
  private NeuronArguments() {}

  static void forward(Outputs outputs, Inputs inputs, NeuronOptions options) {
    inputs(inputs, options);
    Operand x = inputs.x();
    Operand spikes = outputs.spikes();
    if (spikes.dtype() == DType.I32) {
      Checks.rankAtLeast("x", x, 2, "(T, …, N)");
      long[] words = x.shape();
      words[words.length - 1] = (x.size(-1) + 31) / 32;
      Checks.shape("spikes", spikes, words);
    } else {
      Checks.sameShape("spikes", spikes, "x", x);
      Checks.sameDtype("spikes", spikes, "x", x);
    }
    Checks.contiguous("spikes", spikes);
    written("v", outputs.v(), state(x));
    written("b", outputs.b(), state(x));
    written("vSequence", outputs.vSequence(), x.shape());
  }

  static void backward(Wanted wanted, Given given, Inputs inputs, NeuronOptions options) {
    inputs(inputs, options);
    Operand x = inputs.x();
    Operand spikes = given.spikes();
    if (spikes != null) {
      Checks.sameShape("gradSpikes", spikes, "x", x);
      Checks.sameDtype("gradSpikes", spikes, "x", x);
    }
    floats("gradV", given.v(), state(x));
    floats("gradB", given.b(), state(x));
    floats("gradVSequence", given.vSequence(), x.shape());
    Checks.sameShape("gradX", wanted.x(), "x", x);
    Checks.sameDtype("gradX", wanted.x(), "x", x);
    Checks.contiguous("gradX", wanted.x());
    written("gradV0", wanted.v0(), state(x));
    written("gradB0", wanted.b0(), state(x));
    Operand gain = inputs.gainRe();
    long[] gains = gain == null ? new long[0] : gain.shape();
    written("gradGainRe", wanted.gainRe(), gains);
    written("gradGainIm", wanted.gainIm(), gains);
  }

  private static void inputs(Inputs inputs, NeuronOptions options) {
    Operand x = inputs.x();
    Checks.compute("x", x);
    Checks.rankAtLeast("x", x, 1, "(T, …)");
    state("v0", inputs.v0(), x);
    state("b0", inputs.b0(), x);
    Operand re = inputs.gainRe();
    Operand im = inputs.gainIm();
    if ((re == null) != (im == null)) {
      throw new IllegalArgumentException(
          (re == null ? "gainRe" : "gainIm") + " is missing: the two gains are given together");
    }
    if (re != null && im != null) {
      FourierArguments.inputs(x, re, im);
    }
    if (!options.learned()) {
      Checks.above("tau", options.leak(), 0);
    }
    Checks.above("alpha", options.alpha(), 0);
  }

  private static void state(String name, @Nullable Operand operand, Operand x) {
    if (operand != null) {
      Checks.compute(name, operand);
      Checks.shape(name, operand, state(x));
    }
  }

  private static void floats(String name, @Nullable Operand operand, long[] shape) {
    if (operand != null) {
      Checks.dtype(name, operand, DType.FP32);
      Checks.shape(name, operand, shape);
    }
  }

  private static void written(String name, @Nullable Operand operand, long[] shape) {
    floats(name, operand, shape);
    if (operand != null) {
      Checks.contiguous(name, operand);
    }
  }

  /** x's shape without time. */
  static long[] state(Operand x) {
    return Arrays.copyOfRange(x.shape(), 1, x.rank());
  }
}
