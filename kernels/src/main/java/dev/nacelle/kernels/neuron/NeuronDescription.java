package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron.ParameterGradients;
import dev.nacelle.kernels.Surrogate;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.operator.AttributeSpec;
import dev.nacelle.kernels.operator.Attributes;
import dev.nacelle.kernels.operator.OperatorCall;
import dev.nacelle.kernels.operator.OperatorSpec;
import dev.nacelle.kernels.operator.TensorSpec;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What the four kinds of neurons say alike in their descriptions. */
final class NeuronDescription {
  private static final List<String> PARAMETERS = List.of("rho", "beta", "v_threshold");

  /** What the benches of adaptive neurons run. */
  static final NeuronOptions ADAPTIVE =
      new NeuronOptions(2, false, true, 1, 0f, 0.9f, 0.1f, false, Surrogate.ATAN, 2, true);

  private NeuronDescription() {}

  /** Neurons whose threshold adapts, behind the filter where asked. */
  static void runAdaptive(KernelSet kernels, OperatorCall call, boolean filter) {
    Attributes with = call.attributes();
    NeuronOptions options =
        options(
            with,
            (float) with.real("tau"),
            false,
            parameter(call, "v_threshold"),
            parameter(call, "rho"),
            parameter(call, "beta"));
    boolean shared = PARAMETERS.stream().anyMatch(name -> call.optional(name) != null);
    ParameterGradients gradients = new NeuronRun(kernels, call, options, filter).run(true, shared);
    if (call.wantsBackward()) {
      gradient(call, "rho", gradients.rho());
      gradient(call, "beta", gradients.beta());
      gradient(call, "v_threshold", gradients.vThreshold());
    }
  }

  /** The attributes that every kind has. */
  static List<AttributeSpec> attributes(AttributeSpec... more) {
    List<AttributeSpec> all = new ArrayList<>(List.of(more));
    all.add(AttributeSpec.real("v_threshold", "1.0"));
    all.add(AttributeSpec.real("v_reset", "0.0").orNone());
    all.add(AttributeSpec.flag("decay_input", true));
    all.add(AttributeSpec.flag("detach_reset", false));
    String[] surrogates =
        Arrays.stream(Surrogate.values()).map(Surrogate::label).toArray(String[]::new);
    all.add(AttributeSpec.choice("surrogate", "atan", surrogates));
    all.add(AttributeSpec.real("alpha", "2.0").above(0));
    all.add(AttributeSpec.choice("tie", "ge", "ge", "gt"));
    all.add(AttributeSpec.choice("spike_format", "float", "float", "bits"));
    all.add(AttributeSpec.flag("store_v_sequence", false));
    return List.copyOf(all);
  }

  static AttributeSpec tau() {
    return AttributeSpec.real("tau", "2.0").above(0);
  }

  /** What adapts: its attributes. */
  static AttributeSpec[] adaptation(AttributeSpec... more) {
    List<AttributeSpec> all = new ArrayList<>(List.of(more));
    all.add(AttributeSpec.real("rho", "0.9").atLeast(0).atMost(1));
    all.add(AttributeSpec.real("beta", "0.1"));
    return all.toArray(AttributeSpec[]::new);
  }

  static OperatorSpec spec(
      String name,
      String summary,
      List<TensorSpec> inputs,
      boolean adaptive,
      List<AttributeSpec> attributes) {
    String x = inputs.getFirst().shape();
    String state = x.substring(2);
    List<TensorSpec> outputs = new ArrayList<>();
    outputs.add(TensorSpec.storage("spikes", x));
    outputs.add(TensorSpec.floats("v", state));
    if (adaptive) {
      outputs.add(TensorSpec.floats("b", state));
    }
    outputs.add(TensorSpec.floats("v_sequence", x).orNone());
    return new OperatorSpec(
        name,
        summary,
        inputs,
        outputs,
        attributes,
        OperatorSpec.COMPUTE,
        Set.of(Backend.CPU, Backend.REFERENCE));
  }

  /** Reads the attributes that every kind has. */
  static NeuronOptions options(
      Attributes with, float leak, boolean learned, float threshold, float rho, float beta) {
    return new NeuronOptions(
        leak,
        learned,
        with.flag("decay_input"),
        threshold,
        with.isNone("v_reset") ? null : (float) with.real("v_reset"),
        rho,
        beta,
        with.flag("detach_reset"),
        Surrogate.parse(with.text("surrogate")),
        (float) with.real("alpha"),
        with.text("tie").equals("ge"));
  }

  /** A parameter: the tensor of that name where it was given, else the attribute. */
  static float parameter(OperatorCall call, String name) {
    Operand given = call.optional(name);
    return given == null ? (float) call.attributes().real(name) : (float) Elements.get(given, 0);
  }

  /** Writes a parameter's gradient where the parameter was given as a tensor. */
  static void gradient(OperatorCall call, String name, double value) {
    Operand gradient = call.gradientForOptional(name);
    if (gradient != null) {
      Elements.set(gradient, 0, value);
    }
  }

  static @Nullable Operand orNull(OperatorCall call, String name, boolean wanted) {
    return wanted ? call.output(name) : null;
  }
}
