package dev.nacelle.model;

import java.util.List;

/**
 * Inverse frequencies of rotary positions, in the fp32 steps of transformers 5: where it computes
 * in tensors we round after every operation, where it computes in Python's numbers we stay in
 * double.
 */
public final class RopeFrequencies {
  private RopeFrequencies() {}

  /**
   * The D/2 inverse frequencies.
   *
   * @param sequenceLength tokens of the longest sequence at hand; only {@code dynamic} and {@code
   *     longrope} ask
   */
  public static float[] inverse(ModelConfig config, long sequenceLength) {
    int dim = config.headDim();
    float base = (float) config.ropeTheta();
    return switch (config.ropeScaling()) {
      case RopeScaling.Default ignored -> plain(base, dim);
      case RopeScaling.Linear linear -> {
        float[] inverse = plain(base, dim);
        for (int i = 0; i < inverse.length; i++) {
          inverse[i] /= (float) linear.factor();
        }
        yield inverse;
      }
      case RopeScaling.Dynamic dynamic -> plain(dynamicBase(config, dynamic, sequenceLength), dim);
      case RopeScaling.Llama3 llama3 -> llama3(plain(base, dim), llama3);
      case RopeScaling.Yarn yarn -> yarn(config, yarn);
      case RopeScaling.LongRope rope -> {
        boolean beyond = sequenceLength > rope.originalContext();
        yield longRope(powers(base, dim), beyond ? rope.longFactors() : rope.shortFactors());
      }
      case RopeScaling.Table table -> {
        float[] inverse = plain(base, dim);
        for (int i = 0; i < inverse.length; i++) {
          inverse[i] /= table.divisors().get(i);
        }
        yield inverse;
      }
    };
  }

  /** The D/2 inverse frequencies of blocks with local positions. */
  public static float[] local(ModelConfig config) {
    return plain((float) config.traits().localTheta(), config.headDim());
  }

  /** What cosine and sine are multiplied by: 1 except for yarn and longrope. */
  public static float attentionFactor(ModelConfig config) {
    if (config.ropeScaling() instanceof RopeScaling.LongRope rope) {
      return (float) longFactor(config, rope);
    }
    if (!(config.ropeScaling() instanceof RopeScaling.Yarn yarn)) {
      return 1f;
    }
    if (yarn.attentionFactor() != null) {
      return yarn.attentionFactor().floatValue();
    }
    double factor = yarnFactor(config, yarn);
    Double mscale = yarn.mscale();
    Double allDim = yarn.mscaleAllDim();
    if (mscale != null && mscale != 0 && allDim != null && allDim != 0) {
      return (float) (magnitude(factor, mscale) / magnitude(factor, allDim));
    }
    return (float) magnitude(factor, 1);
  }

  private static double longFactor(ModelConfig config, RopeScaling.LongRope rope) {
    if (rope.attentionFactor() != null) {
      return rope.attentionFactor();
    }
    double original = rope.originalContext();
    double factor =
        rope.factor() == null ? config.maxPositionEmbeddings() / original : rope.factor();
    return factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(original));
  }

  private static float[] longRope(float[] powers, List<Float> factors) {
    float[] inverse = new float[powers.length];
    for (int i = 0; i < inverse.length; i++) {
      inverse[i] = 1f / (factors.get(i) * powers[i]);
    }
    return inverse;
  }

  private static double magnitude(double scale, double mscale) {
    return scale <= 1 ? 1 : 0.1 * mscale * Math.log(scale) + 1;
  }

  private static double yarnFactor(ModelConfig config, RopeScaling.Yarn yarn) {
    return yarn.factor() != null
        ? yarn.factor()
        : (double) config.maxPositionEmbeddings() / yarn.originalContext();
  }

  private static float[] plain(float base, int dim) {
    float[] inverse = powers(base, dim);
    for (int i = 0; i < inverse.length; i++) {
      inverse[i] = 1f / inverse[i];
    }
    return inverse;
  }

  /** base^(2i/dim), rounded to fp32. */
  private static float[] powers(float base, int dim) {
    float[] powers = new float[dim / 2];
    for (int i = 0; i < powers.length; i++) {
      powers[i] = (float) Math.pow(base, 2f * i / dim);
    }
    return powers;
  }

  private static float dynamicBase(
      ModelConfig config, RopeScaling.Dynamic dynamic, long sequenceLength) {
    double theta = config.ropeTheta();
    double context = config.maxPositionEmbeddings();
    double factor = dynamic.factor();
    double exponent = config.headDim() / (config.headDim() - 2.0);
    if (sequenceLength <= config.maxPositionEmbeddings()) {
      return (float) (theta * Math.pow(factor * context / context - (factor - 1), exponent));
    }
    // The length is a tensor in transformers, so every step is rounded.
    float ratio = (float) factor * (float) sequenceLength / (float) context;
    float grown = (float) Math.pow(ratio - (float) (factor - 1), exponent);
    return (float) theta * grown;
  }

  private static float[] llama3(float[] inverse, RopeScaling.Llama3 s) {
    float lowWavelength = (float) (s.originalContext() / s.lowFrequencyFactor());
    float highWavelength = (float) (s.originalContext() / s.highFrequencyFactor());
    float factor = (float) s.factor();
    float range = (float) (s.highFrequencyFactor() - s.lowFrequencyFactor());
    for (int i = 0; i < inverse.length; i++) {
      float wavelength = (float) (2 * Math.PI) / inverse[i];
      if (wavelength > lowWavelength) {
        inverse[i] /= factor;
      } else if (!(wavelength < highWavelength)) {
        float smooth = (s.originalContext() / wavelength - (float) s.lowFrequencyFactor()) / range;
        inverse[i] = (1 - smooth) * inverse[i] / factor + smooth * inverse[i];
      }
    }
    return inverse;
  }

  private static float[] yarn(ModelConfig config, RopeScaling.Yarn s) {
    int dim = config.headDim();
    float[] powers = powers((float) config.ropeTheta(), dim);
    double low = correction(s.betaFast(), config, s);
    double high = correction(s.betaSlow(), config, s);
    if (s.truncate()) {
      low = Math.floor(low);
      high = Math.ceil(high);
    }
    low = Math.max(low, 0);
    high = Math.min(high, dim - 1.0);
    if (low == high) {
      high += 0.001; // the reference's guard against a ramp of no width
    }
    float factor = (float) yarnFactor(config, s);
    float width = (float) (high - low);
    float[] inverse = new float[dim / 2];
    for (int i = 0; i < inverse.length; i++) {
      float ramp = Math.clamp((i - (float) low) / width, 0f, 1f);
      float kept = 1 - ramp;
      inverse[i] = 1f / (factor * powers[i]) * (1 - kept) + 1f / powers[i] * kept;
    }
    return inverse;
  }

  /** The dimension whose wave turns that many times within the original context. */
  private static double correction(double rotations, ModelConfig config, RopeScaling.Yarn s) {
    return config.headDim()
        * Math.log(s.originalContext() / (rotations * 2 * Math.PI))
        / (2 * Math.log(config.ropeTheta()));
  }
}
