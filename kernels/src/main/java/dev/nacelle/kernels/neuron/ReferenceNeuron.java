package dev.nacelle.kernels.neuron;

import dev.nacelle.kernels.NeuronOptions;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikingNeuron;
import dev.nacelle.kernels.common.Elements;
import dev.nacelle.kernels.fourierfilter.ReferenceFourierFilter;
import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/** The neurons in plain Java: state in fp32 step by step as defined, the chain in double. */
public final class ReferenceNeuron implements SpikingNeuron {
  /** What one neuron was before and at each step. */
  private static final class Life {
    final float[] x;
    final float[] vBefore;
    final float[] bBefore;
    final float[] h;
    final float[] spikes;
    final float[] v;
    float vLast;
    float bLast;

    Life(int steps) {
      x = new float[steps];
      vBefore = new float[steps];
      bBefore = new float[steps];
      h = new float[steps];
      spikes = new float[steps];
      v = new float[steps];
    }
  }

  @Override
  public void forward(Outputs outputs, Inputs inputs, NeuronOptions options) {
    NeuronArguments.forward(outputs, inputs, options);
    Operand spikes = outputs.spikes();
    boolean bits = spikes.dtype() == DType.I32;
    if (bits) {
      Elements.fill(spikes, 0);
    }
    long neurons = outputs.v().elements();
    for (long j = 0; j < neurons; j++) {
      Life life = live(inputs, options, j, neurons);
      for (int t = 0; t < life.h.length; t++) {
        if (bits) {
          setBit(spikes, t, j, inputs.x().size(-1), neurons, life.spikes[t] != 0);
        } else {
          Elements.set(spikes, t * neurons + j, life.spikes[t]);
        }
        set(outputs.vSequence(), t * neurons + j, life.v[t]);
      }
      set(outputs.v(), j, life.vLast);
      set(outputs.b(), j, life.bLast);
    }
  }

  private static void setBit(
      Operand spikes, long t, long j, long columns, long neurons, boolean spike) {
    long words = (columns + 31) / 32;
    long word = (t * (neurons / columns) + j / columns) * words + j % columns / 32;
    if (spike) {
      int old = (int) Elements.getInteger(spikes, word);
      Elements.setInt(spikes, word, old | 1 << (j % columns % 32));
    }
  }

  private static void set(@Nullable Operand to, long index, double value) {
    if (to != null) {
      Elements.set(to, index, value);
    }
  }

  /** Neuron {@code j} from the first step to the last. */
  private static Life live(Inputs inputs, NeuronOptions p, long j, long neurons) {
    int steps = Math.toIntExact(inputs.x().size(0));
    Life life = new Life(steps);
    input(life, inputs, j, neurons);
    float v = inputs.v0() == null ? p.rest() : (float) get(inputs.v0(), j);
    float b = (float) get(inputs.b0(), j);
    for (int t = 0; t < steps; t++) {
      life.vBefore[t] = v;
      life.bBefore[t] = b;
      float above = v - p.rest();
      float h = p.decayInput() ? v + leak(p, life.x[t] - above) : v - leak(p, above) + life.x[t];
      float threshold = threshold(p, b);
      float s = (p.tieFires() ? h >= threshold : h > threshold) ? 1 : 0;
      life.h[t] = h;
      life.spikes[t] = s;
      v = p.vReset() == null ? h - s * threshold : (1 - s) * h + s * p.rest();
      life.v[t] = v;
      b = p.rho() * b + (1 - p.rho()) * s;
    }
    life.vLast = v;
    life.bLast = b;
    return life;
  }

  private static void input(Life life, Inputs inputs, long j, long neurons) {
    Operand x = inputs.x();
    double[] row = new double[life.x.length];
    for (int t = 0; t < row.length; t++) {
      row[t] = Elements.get(x, Elements.offset(x, t * neurons + j));
    }
    Operand re = inputs.gainRe();
    Operand im = inputs.gainIm();
    double[] seen =
        re == null || im == null ? row : ReferenceFourierFilter.filter(row, re, im, j % x.size(-1));
    for (int t = 0; t < row.length; t++) {
      life.x[t] = (float) seen[t];
    }
  }

  private static float leak(NeuronOptions p, float value) {
    return p.learned() ? value * p.inverseTau() : value / p.leak();
  }

  private static float threshold(NeuronOptions p, float b) {
    return p.vThreshold() + p.beta() * b;
  }

  private static double get(@Nullable Operand x, long index) {
    return x == null ? 0 : Elements.get(x, Elements.offset(x, index));
  }

  @Override
  public ParameterGradients backward(
      Wanted wanted, Given given, Inputs inputs, NeuronOptions p, boolean parameters) {
    NeuronArguments.backward(wanted, given, inputs, p);
    clear(wanted.gainRe());
    clear(wanted.gainIm());
    long neurons = 1;
    for (long size : NeuronArguments.state(inputs.x())) {
      neurons *= size;
    }
    double k = p.inverseTau();
    double gradThreshold = 0;
    double gradBeta = 0;
    double gradRho = 0;
    double gradLeak = 0;
    for (long j = 0; j < neurons; j++) {
      Life life = live(inputs, p, j, neurons);
      double[] gradX = new double[life.h.length];
      double dv = get(given.v(), j);
      double db = get(given.b(), j);
      for (int t = life.h.length - 1; t >= 0; t--) {
        double h = life.h[t];
        double s = life.spikes[t];
        double threshold = threshold(p, life.bBefore[t]);
        double phi = p.surrogate().derivative(p.alpha(), h - threshold);
        boolean soft = p.vReset() == null;
        dv += get(given.vSequence(), t * neurons + j);
        double ds = get(given.spikes(), t * neurons + j) + (1 - p.rho()) * db;
        ds += p.detachReset() ? 0 : dv * (soft ? -threshold : p.rest() - h);
        double dh = phi * ds + dv * (soft ? 1 : 1 - s);
        double dt = -phi * ds - (soft ? dv * s : 0);
        double above = life.vBefore[t] - p.rest();
        gradThreshold += dt;
        gradBeta += dt * life.bBefore[t];
        gradRho += db * (life.bBefore[t] - s);
        gradLeak += dh * (p.decayInput() ? life.x[t] - above : -above);
        gradX[t] = p.decayInput() ? dh * k : dh;
        dv = dh * (1 - k);
        db = p.rho() * db + p.beta() * dt;
      }
      set(wanted.v0(), j, dv);
      set(wanted.b0(), j, db);
      writeInput(wanted, inputs, gradX, j, neurons);
    }
    return parameters
        ? new ParameterGradients(
            gradThreshold, gradBeta, gradRho, p.learned() ? gradLeak * k * (1 - k) : 0)
        : new ParameterGradients(0, 0, 0, 0);
  }

  private static void clear(@Nullable Operand x) {
    if (x != null) {
      Elements.fill(x, 0);
    }
  }

  /** grad_x, through the filter where there is one, whose gains' gradients are added to. */
  private static void writeInput(
      Wanted wanted, Inputs inputs, double[] gradient, long j, long neurons) {
    Operand re = inputs.gainRe();
    Operand im = inputs.gainIm();
    double[] gradX = gradient;
    if (re != null && im != null) {
      Operand x = inputs.x();
      double[] row = new double[gradient.length];
      for (int t = 0; t < row.length; t++) {
        row[t] = Elements.get(x, Elements.offset(x, t * neurons + j));
      }
      gradX =
          ReferenceFourierFilter.pull(
              gradient, row, re, im, j % x.size(-1), wanted.gainRe(), wanted.gainIm());
    }
    for (int t = 0; t < gradX.length; t++) {
      Elements.set(wanted.x(), t * neurons + j, gradX[t]);
    }
  }
}
