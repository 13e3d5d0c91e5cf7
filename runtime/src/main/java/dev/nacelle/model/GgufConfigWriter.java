package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.file.NamedTensor;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** Writes a model's configuration as the keys of a GGUF file, as llama.cpp's converter does. */
public final class GgufConfigWriter {
  /** Architectures of which llama.cpp reads a table of rotary factors. */
  private static final Set<String> TABLES = Set.of("llama", "granite");

  private GgufConfigWriter() {}

  /**
   * Puts the keys under the architecture, and the tables of rotary factors where the model needs
   * some.
   *
   * @throws NacelleException of kind INPUT for what GGUF cannot express
   */
  public static void put(GgufWriter writer, ModelConfig model) {
    String prefix = model.family().architecture() + ".";
    writer.putUnsigned(prefix + "block_count", model.layers());
    writer.putUnsigned(prefix + "context_length", model.maxPositionEmbeddings());
    writer.putUnsigned(prefix + "embedding_length", model.hiddenSize());
    writer.putUnsigned(prefix + "feed_forward_length", model.intermediateSize());
    writer.putUnsigned(prefix + "attention.head_count", model.heads());
    writer.putUnsigned(prefix + "attention.head_count_kv", model.kvHeads());
    writer.putUnsigned(prefix + "attention.key_length", model.headDim());
    writer.putUnsigned(prefix + "attention.value_length", model.headDim());
    writer.put(prefix + "attention.layer_norm_rms_epsilon", (float) model.rmsNormEps());
    writer.putUnsigned(prefix + "vocab_size", model.vocabularySize());
    writer.putUnsigned(prefix + "rope.dimension_count", model.headDim());
    writer.put(prefix + "rope.freq_base", (float) model.ropeTheta());
    switch (model.ropeScaling()) {
      case RopeScaling.Default ignored -> {}
      case RopeScaling.Linear linear -> {
        writer.put(prefix + "rope.scaling.type", "linear");
        writer.put(prefix + "rope.scaling.factor", (float) linear.factor());
      }
      case RopeScaling.Yarn yarn -> yarn(writer, model, yarn);
      case RopeScaling.Llama3 ignored -> factors(writer, model);
      case RopeScaling.Table ignored -> factors(writer, model);
      case RopeScaling.LongRope rope -> longRope(writer, model, rope);
      case RopeScaling.Dynamic ignored ->
          throw refusal("dynamic: its frequencies change with the length of a text");
    }
    model.family().rules().toGguf(writer, model);
  }

  private static void longRope(GgufWriter writer, ModelConfig model, RopeScaling.LongRope rope) {
    if (!model.family().equals(Phi3Family.FAMILY)) {
      throw refusal("longrope: its readers know it of Phi-3 alone");
    }
    String prefix = model.family().architecture() + ".rope.scaling.";
    writer.put(prefix + "type", "longrope");
    writer.put(prefix + "attn_factor", RopeFrequencies.attentionFactor(model));
    writer.putUnsigned(prefix + "original_context_length", rope.originalContext());
    table(writer, GgufConfigReader.LONG_FACTORS, rope.longFactors());
    table(writer, GgufConfigReader.SHORT_FACTORS, rope.shortFactors());
  }

  private static void table(GgufWriter writer, String name, List<Float> factors) {
    float[] values = new float[factors.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = factors.get(i);
    }
    writer.add(name, "F32", new long[] {values.length}, NamedTensor.floats(values));
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
    String prefix = model.family().architecture() + ".";
    writer.put(prefix + "rope.scaling.type", "yarn");
    writer.put(prefix + "rope.scaling.factor", (float) factor);
    writer.putUnsigned(prefix + "rope.scaling.original_context_length", yarn.originalContext());
  }

  /** Each plain frequency over the one wanted, D/2 of them. */
  private static void factors(GgufWriter writer, ModelConfig model) {
    if (!TABLES.contains(model.family().architecture())) {
      throw refusal(model.ropeScaling().type() + ": its readers know no such table of this family");
    }
    float[] plain = RopeFrequencies.inverse(model.withRope(new RopeScaling.Default()), 1);
    float[] wanted = RopeFrequencies.inverse(model, 1);
    float[] divisors = new float[plain.length];
    for (int i = 0; i < divisors.length; i++) {
      divisors[i] = (float) ((double) plain[i] / wanted[i]);
    }
    writer.add(
        GgufModel.ROPE_FACTORS, "F32", new long[] {divisors.length}, NamedTensor.floats(divisors));
  }

  private static NacelleException refusal(String what) {
    return NacelleException.input(
        "a GGUF file cannot say the model's rotary positions, " + what,
        "merge into a folder instead: leave --format gguf out");
  }
}
