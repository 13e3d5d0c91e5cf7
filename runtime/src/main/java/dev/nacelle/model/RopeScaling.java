package dev.nacelle.model;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How rotary frequencies are stretched beyond the context that a model was first trained on. Names
 * and meanings are those of transformers' {@code rope_type}.
 */
public sealed interface RopeScaling {
  /** The value of {@code rope_type}. */
  String type();

  /** Frequencies as they are. */
  record Default() implements RopeScaling {
    @Override
    public String type() {
      return "default";
    }
  }

  /** All frequencies divided by the factor. */
  record Linear(double factor) implements RopeScaling {
    @Override
    public String type() {
      return "linear";
    }
  }

  /** The base grows with the sequence once it is longer than the model's context. */
  record Dynamic(double factor) implements RopeScaling {
    @Override
    public String type() {
      return "dynamic";
    }
  }

  /**
   * Low frequencies divided, high ones kept, those between interpolated.
   *
   * @param originalContext tokens of the first training
   */
  record Llama3(
      double factor, double lowFrequencyFactor, double highFrequencyFactor, long originalContext)
      implements RopeScaling {
    @Override
    public String type() {
      return "llama3";
    }
  }

  /**
   * YaRN: a ramp between interpolated and kept frequencies, and a factor on the attention.
   *
   * @param factor null where the ratio of the contexts decides
   * @param originalContext tokens of the first training
   * @param attentionFactor multiplies cosine and sine; null where the scale decides
   * @param mscale numerator of that scale; null or 0 where absent
   * @param mscaleAllDim its denominator; null or 0 where absent
   * @param truncate whether the ramp's ends are rounded to whole dimensions
   */
  record Yarn(
      @Nullable Double factor,
      long originalContext,
      @Nullable Double attentionFactor,
      double betaFast,
      double betaSlow,
      @Nullable Double mscale,
      @Nullable Double mscaleAllDim,
      boolean truncate)
      implements RopeScaling {
    @Override
    public String type() {
      return "yarn";
    }
  }

  /**
   * LongRoPE: each frequency divided by a number of its own, from one list up to the original
   * context and from another beyond it, and a factor on cosine and sine.
   *
   * @param shortFactors D/2 numbers above zero
   * @param longFactors D/2 numbers above zero
   * @param originalContext tokens of the first training
   * @param factor null where the ratio of the contexts decides
   * @param attentionFactor multiplies cosine and sine; null where the factor decides
   */
  record LongRope(
      List<Float> shortFactors,
      List<Float> longFactors,
      long originalContext,
      @Nullable Double factor,
      @Nullable Double attentionFactor)
      implements RopeScaling {
    public LongRope {
      shortFactors = List.copyOf(shortFactors);
      longFactors = List.copyOf(longFactors);
    }

    @Override
    public String type() {
      return "longrope";
    }
  }

  /**
   * Each frequency divided by a number of its own, as GGUF files carry them in {@code rope_freqs}.
   *
   * @param divisors D/2 numbers above zero
   */
  record Table(List<Float> divisors) implements RopeScaling {
    public Table {
      divisors = List.copyOf(divisors);
    }

    @Override
    public String type() {
      return "table";
    }
  }
}
