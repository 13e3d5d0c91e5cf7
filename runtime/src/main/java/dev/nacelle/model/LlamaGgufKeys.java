package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.NamedTensor;
import java.util.Arrays;

/** Writes a Llama's configuration as the keys of a GGUF file, as llama.cpp's converter does. */
public final class LlamaGgufKeys {
  private static final String A = "llama.";

  private LlamaGgufKeys() {}

  /**
   * Puts the keys under {@code llama.}, and the table of rotary factors where the model needs one.
   *
   * @throws NacelleException of kind INPUT for rotary positions that GGUF cannot express
   */
  public static void put(GgufWriter writer, ModelConfig model) {
    writer.putUnsigned(A + "block_count", model.layers());
    writer.putUnsigned(A + "context_length", model.maxPositionEmbeddings());
    writer.putUnsigned(A + "embedding_length", model.hiddenSize());
    writer.putUnsigned(A + "feed_forward_length", model.intermediateSize());
    writer.putUnsigned(A + "attention.head_count", model.heads());
    writer.putUnsigned(A + "attention.head_count_kv", model.kvHeads());
    writer.putUnsigned(A + "attention.key_length", model.headDim());
    writer.putUnsigned(A + "attention.value_length", model.headDim());
    writer.put(A + "attention.layer_norm_rms_epsilon", (float) model.rmsNormEps());
    writer.putUnsigned(A + "vocab_size", model.vocabularySize());
    writer.putUnsigned(A + "rope.dimension_count", model.headDim());
    writer.put(A + "rope.freq_base", (float) model.ropeTheta());
    switch (model.ropeScaling()) {
      case RopeScaling.Default ignored -> {}
      case RopeScaling.Linear linear -> {
        writer.put(A + "rope.scaling.type", "linear");
        writer.put(A + "rope.scaling.factor", (float) linear.factor());
      }
      case RopeScaling.Yarn yarn -> yarn(writer, model, yarn);
      case RopeScaling.Llama3 ignored -> factors(writer, model);
      case RopeScaling.Table ignored -> factors(writer, model);
      case RopeScaling.Dynamic ignored ->
          throw refusal("dynamic: its frequencies change with the length of a text");
    }
  }

  /** What readers of GGUF take for granted about yarn must be what the model says. */
  private static void yarn(GgufWriter writer, ModelConfig model, RopeScaling.Yarn yarn) {
    double factor =
        yarn.factor() == null
            ? (double) model.maxPositionEmbeddings() / yarn.originalContext()
            : yarn.factor();
    RopeScaling.Yarn plain =
        new RopeScaling.Yarn(factor, yarn.originalContext(), null, 32, 1, null, null, true);
    ModelConfig read = model.withRope(plain);
    boolean same =
        RopeFrequencies.attentionFactor(model) == RopeFrequencies.attentionFactor(read)
            && Arrays.equals(RopeFrequencies.inverse(model, 1), RopeFrequencies.inverse(read, 1));
    if (!same) {
      throw refusal("yarn with settings of its own (beta_fast, beta_slow, mscale, truncate …)");
    }
    writer.put(A + "rope.scaling.type", "yarn");
    writer.put(A + "rope.scaling.factor", (float) factor);
    writer.putUnsigned(A + "rope.scaling.original_context_length", yarn.originalContext());
  }

  /** Each plain frequency over the one wanted, D/2 of them. */
  private static void factors(GgufWriter writer, ModelConfig model) {
    float[] plain = RopeFrequencies.inverse(model.withRope(new RopeScaling.Default()), 1);
    float[] wanted = RopeFrequencies.inverse(model, 1);
    float[] divisors = new float[plain.length];
    for (int i = 0; i < divisors.length; i++) {
      divisors[i] = (float) ((double) plain[i] / wanted[i]);
    }
    writer.add(
        LlamaGguf.ROPE_FACTORS, "F32", new long[] {divisors.length}, NamedTensor.floats(divisors));
  }

  private static NacelleException refusal(String what) {
    return NacelleException.input(
        "a GGUF file cannot say the model's rotary positions, " + what,
        "merge into a folder instead: leave --format gguf out");
  }
}
