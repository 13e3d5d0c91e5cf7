package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.SpikingNeuron.ParameterGradients;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorInputException;
import dev.nacelle.kernels.spikepack.SpikePackArguments;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/** Forward and backward of a layer of neurons on named tensors, for every kind of them. */
final class NeuronRun {
  private final KernelSet kernels;
  private final OperatorCall call;
  private final NeuronOptions options;
  private final SpikingNeuron.Inputs inputs;

  /**
   * @param filter whether gains are read
   */
  NeuronRun(KernelSet kernels, OperatorCall call, NeuronOptions options, boolean filter) {
    this.kernels = kernels;
    this.call = call;
    this.options = options;
    this.inputs =
        new SpikingNeuron.Inputs(
            call.input("x"),
            call.optional("v0"),
            call.optional("b0"),
            filter ? gain("gain_re") : null,
            filter ? gain("gain_im") : null);
  }

  private Operand gain(String name) {
    Operand gain = call.optional(name);
    if (gain == null) {
      throw new OperatorInputException("tensor '" + name + "' is missing: fourier is true");
    }
    return gain;
  }

  /**
   * @param adaptive whether b is an output
   * @param parameters whether parameters that all neurons share are tensors of the call
   */
  ParameterGradients run(boolean adaptive, boolean parameters) {
    Operand x = inputs.x();
    boolean sequence = call.attributes().flag("store_v_sequence");
    if (!sequence && call.gradientOf("v_sequence") != null) {
      throw new OperatorInputException(
          "tensor 'grad_v_sequence' is given, but v_sequence is no output: set"
              + " store_v_sequence=true");
    }
    Operand spikes = spikes(x);
    Operand v = call.output("v");
    Operand b = NeuronDescription.orNull(call, "b", adaptive);
    Operand all = NeuronDescription.orNull(call, "v_sequence", sequence);
    SpikingNeuron neuron = kernels.spikingNeuron();
    neuron.forward(new SpikingNeuron.Outputs(spikes, v, b, all), inputs, options);
    if (!call.wantsBackward()) {
      return new ParameterGradients(0, 0, 0, 0);
    }
    Operand gradV0 = call.gradientForOptional("v0");
    Operand gradB0 = call.gradientForOptional("b0");
    Operand wideV0 = call.wide(gradV0);
    Operand wideB0 = call.wide(gradB0);
    ParameterGradients gradients =
        neuron.backward(
            new SpikingNeuron.Wanted(
                call.gradientFor("x"),
                wideV0,
                wideB0,
                gainGradient("gain_re"),
                gainGradient("gain_im")),
            new SpikingNeuron.Given(
                call.gradientOf("spikes"),
                call.gradientOf("v"),
                adaptive ? call.gradientOf("b") : null,
                call.gradientOf("v_sequence")),
            inputs,
            options,
            parameters);
    OperatorCall.narrow(gradV0, wideV0);
    OperatorCall.narrow(gradB0, wideB0);
    return gradients;
  }

  private Operand spikes(Operand x) {
    if (call.attributes().text("spike_format").equals("float")) {
      return call.output("spikes");
    }
    if (x.rank() < 2) {
      throw new OperatorInputException(
          "tensor 'x' has the wrong shape: bits need (T, …, N), given " + x);
    }
    long[] words = x.shape();
    words[words.length - 1] = SpikePackArguments.words(x.size(-1));
    return call.outputAs("spikes", DType.I32, words);
  }

  /** The gains' gradients: zeros where gains were given and no filter runs. */
  private @Nullable Operand gainGradient(String name) {
    Operand gradient = call.gradientForOptional(name);
    if (gradient != null && inputs.gainRe() == null) {
      Elements.fill(gradient, 0);
      return null;
    }
    return gradient;
  }
}
