package dev.nacelle.function;

import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.SpikingNeuron.ParameterGradients;
import dev.nacelle.tape.Gradients;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a layer of neurons is: the options that stay, and the parameters that train, each of them
 * (1) and shared by all neurons. A parameter holds a number without bounds; what the neurons get is
 * kept in its range by a smooth link, whose slope backward multiplies in.
 *
 * @param fixed what holds where no parameter says otherwise
 * @param leak w of 1/τ = sigmoid(w), or null; {@code fixed.learned()} says the same. Not beside the
 *     other three
 * @param rho r of ρ = sigmoid(r), or null
 * @param beta r of β = softplus(r), or null
 * @param vThreshold r of the threshold softplus(r), or null
 */
public record NeuronParameters(
    NeuronOptions fixed,
    @Nullable Parameter leak,
    @Nullable Parameter rho,
    @Nullable Parameter beta,
    @Nullable Parameter vThreshold) {
  public NeuronParameters {
    boolean shaped = rho != null || beta != null || vThreshold != null;
    if (fixed.learned() != (leak != null) || (leak != null && shaped)) {
      throw new IllegalArgumentException("a learned leak goes with no other learned parameter");
    }
  }

  /** Neurons of which nothing trains. */
  public static NeuronParameters fixed(NeuronOptions options) {
    return new NeuronParameters(options, null, null, null, null);
  }

  /** Whether anything trains. */
  public boolean trains() {
    return !all().isEmpty();
  }

  /** The parameters that train. */
  public List<Parameter> all() {
    List<Parameter> all = new ArrayList<>();
    for (Parameter p : new Parameter[] {leak, rho, beta, vThreshold}) {
      if (p != null) {
        all.add(p);
      }
    }
    return all;
  }

  /** The options with the parameters' present values. */
  public NeuronOptions options() {
    return new NeuronOptions(
        leak == null ? fixed.leak() : raw(leak),
        fixed.learned(),
        fixed.decayInput(),
        vThreshold == null ? fixed.vThreshold() : softplus(raw(vThreshold)),
        fixed.vReset(),
        rho == null ? fixed.rho() : sigmoid(raw(rho)),
        beta == null ? fixed.beta() : softplus(raw(beta)),
        fixed.detachReset(),
        fixed.surrogate(),
        fixed.alpha(),
        fixed.tieFires());
  }

  /** Adds what a backward found to the parameters' gradients, through the links. */
  void add(Gradients gradients, ParameterGradients found) {
    if (leak != null) {
      add(gradients, leak, found.leak());
    }
    if (rho != null) {
      double value = sigmoid(raw(rho));
      add(gradients, rho, found.rho() * value * (1 - value));
    }
    if (beta != null) {
      add(gradients, beta, found.beta() * sigmoid(raw(beta)));
    }
    if (vThreshold != null) {
      add(gradients, vThreshold, found.vThreshold() * sigmoid(raw(vThreshold)));
    }
  }

  private static void add(Gradients gradients, Parameter parameter, double share) {
    Gradients.Slot slot = gradients.slot(parameter);
    Tensor gradient = slot.gradient();
    double before = slot.fresh() ? 0 : gradient.toFloats()[0];
    gradient.fill((float) (before + share));
  }

  private static float raw(Parameter parameter) {
    return parameter.value().toFloats()[0];
  }

  /** The r whose sigmoid is {@code value}, in (0, 1). */
  public static float inverseSigmoid(double value) {
    return (float) Math.log(value / (1 - value));
  }

  /** The r whose softplus is {@code value}, above 0. */
  public static float inverseSoftplus(double value) {
    return (float) (value + Math.log(-Math.expm1(-value)));
  }

  private static float sigmoid(double r) {
    return (float) (1 / (1 + Math.exp(-r)));
  }

  private static float softplus(double r) {
    return (float) (Math.max(r, 0) + Math.log1p(Math.exp(-Math.abs(r))));
  }
}
