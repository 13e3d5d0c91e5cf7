package dev.nacelle.model;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.stream.LongStream;
import org.jspecify.annotations.Nullable;

/**
 * Writes config.json and generation_config.json of a model that came from a file without them, with
 * the keys that transformers 4 and 5 both read.
 */
public final class ConfigWriter {
  /** Context lengths before stretching; Llama 3.1 and its kin were trained with the first. */
  private static final List<Long> ORIGINAL_CONTEXTS =
      LongStream.concat(LongStream.of(8192), LongStream.iterate(16, n -> n <= 1 << 20, n -> 2 * n))
          .boxed()
          .toList();

  private ConfigWriter() {}

  /**
   * config.json.
   *
   * @param dtype type of the weights beside it
   * @param tied whether the head is the embedding
   * @throws NacelleException of kind INPUT for rotary positions that config.json cannot express
   */
  public static ObjectNode config(ModelConfig model, DType dtype, boolean tied) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.putArray("architectures").add(model.family().modelClass());
    if (model.family().layout().biases() == Layout.Biases.AS_CONFIGURED) {
      json.put("attention_bias", model.attentionBias());
    }
    json.put("attention_dropout", 0.0);
    json.put("bos_token_id", model.bosTokenId());
    endTokens(json, model);
    json.put("head_dim", model.headDim());
    json.put("hidden_act", model.family().defaults().activation());
    json.put("hidden_size", model.hiddenSize());
    json.put("initializer_range", 0.02);
    json.put("intermediate_size", model.intermediateSize());
    json.put("max_position_embeddings", model.maxPositionEmbeddings());
    if (model.family().equals(LlamaFamily.FAMILY)) {
      json.put("mlp_bias", model.mlpBias());
    }
    json.put("model_type", model.family().name());
    json.put("num_attention_heads", model.heads());
    json.put("num_hidden_layers", model.layers());
    json.put("num_key_value_heads", model.kvHeads());
    json.put("pad_token_id", model.padTokenId());
    json.put("pretraining_tp", 1);
    json.put("rms_norm_eps", shortest(model.rmsNormEps()));
    json.set("rope_scaling", scaling(model));
    json.put("rope_theta", shortest(model.ropeTheta()));
    json.put("tie_word_embeddings", tied);
    json.put("torch_dtype", name(dtype));
    json.put("use_cache", true);
    json.put("vocab_size", model.vocabularySize());
    model.family().rules().toConfig(json, model);
    return json;
  }

  /** generation_config.json. */
  public static ObjectNode generation(ModelConfig model) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("bos_token_id", model.bosTokenId());
    endTokens(json, model);
    json.put("pad_token_id", model.padTokenId());
    return json;
  }

  /** As torch spells the type. */
  public static String name(DType dtype) {
    return switch (dtype) {
      case FP32 -> "float32";
      case BF16 -> "bfloat16";
      case FP16 -> "float16";
      default -> throw new IllegalArgumentException("weights are not written as " + dtype);
    };
  }

  /** GGUF keeps floats: 1e-5 is meant where 9.999999747378752e-6 was read. */
  private static double shortest(double value) {
    float narrow = (float) value;
    return narrow == value ? Double.parseDouble(Float.toString(narrow)) : value;
  }

  private static void endTokens(ObjectNode json, ModelConfig model) {
    List<Integer> ends = model.eosTokenIds();
    if (ends.size() == 1) {
      json.put("eos_token_id", ends.getFirst());
    } else if (ends.isEmpty()) {
      json.putNull("eos_token_id");
    } else {
      ArrayNode all = json.putArray("eos_token_id");
      ends.forEach(all::add);
    }
  }

  private static @Nullable ObjectNode scaling(ModelConfig model) {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("rope_type", model.ropeScaling().type());
    switch (model.ropeScaling()) {
      case RopeScaling.Default ignored -> {
        return null;
      }
      case RopeScaling.Linear linear -> json.put("factor", linear.factor());
      case RopeScaling.Dynamic dynamic -> json.put("factor", dynamic.factor());
      case RopeScaling.Llama3 llama3 -> llama3(json, llama3);
      case RopeScaling.Yarn yarn -> yarn(json, yarn);
      case RopeScaling.LongRope rope -> longRope(json, rope);
      case RopeScaling.Table table -> llama3(json, fit(model, table));
    }
    return json;
  }

  private static void llama3(ObjectNode json, RopeScaling.Llama3 scaling) {
    json.put("rope_type", "llama3");
    json.put("factor", scaling.factor());
    json.put("low_freq_factor", scaling.lowFrequencyFactor());
    json.put("high_freq_factor", scaling.highFrequencyFactor());
    json.put("original_max_position_embeddings", scaling.originalContext());
  }

  private static void yarn(ObjectNode json, RopeScaling.Yarn yarn) {
    json.put("factor", yarn.factor());
    json.put("original_max_position_embeddings", yarn.originalContext());
    json.put("beta_fast", yarn.betaFast());
    json.put("beta_slow", yarn.betaSlow());
    json.put("truncate", yarn.truncate());
    putUnlessNull(json, "attention_factor", yarn.attentionFactor());
    putUnlessNull(json, "mscale", yarn.mscale());
    putUnlessNull(json, "mscale_all_dim", yarn.mscaleAllDim());
  }

  private static void longRope(ObjectNode json, RopeScaling.LongRope rope) {
    ArrayNode shorter = json.putArray("short_factor");
    rope.shortFactors().forEach(shorter::add);
    ArrayNode longer = json.putArray("long_factor");
    rope.longFactors().forEach(longer::add);
    json.put("original_max_position_embeddings", rope.originalContext());
    putUnlessNull(json, "factor", rope.factor());
    putUnlessNull(json, "attention_factor", rope.attentionFactor());
  }

  private static void putUnlessNull(ObjectNode json, String key, @Nullable Double value) {
    if (value != null) {
      json.put(key, value);
    }
  }

  /**
   * The settings behind a table of divisors. Converters write such a table for Llama 3.1 and later,
   * whose low and high factors are 1 and 4 in every model published; its last entry is the factor.
   */
  private static RopeScaling.Llama3 fit(ModelConfig model, RopeScaling.Table table) {
    double factor = table.divisors().getLast();
    float[] wanted = RopeFrequencies.inverse(model, 1);
    for (long context : ORIGINAL_CONTEXTS) {
      RopeScaling.Llama3 guess = new RopeScaling.Llama3(factor, 1, 4, context);
      float[] made = RopeFrequencies.inverse(model.withRope(guess), 1);
      boolean same = true;
      for (int i = 0; i < made.length; i++) {
        same &= Math.abs(made[i] - wanted[i]) <= 1e-5f * wanted[i];
      }
      if (same) {
        return guess;
      }
    }
    throw NacelleException.input(
        "the model's table of rotary factors (rope_freqs) is none that config.json can express:"
            + " no llama3 scaling gives it",
        "write a GGUF file instead: --format gguf");
  }
}
