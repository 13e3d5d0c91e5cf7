package dev.nacelle.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.JsonObject;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads config.json of the Llama family, as transformers 4 and 5 write it. */
public final class LlamaConfigReader {
  private static final String FAMILIES = "families read so far: llama (LlamaForCausalLM)";
  private static final int LARGEST_ID = Integer.MAX_VALUE;

  /** Keys of kindred families that would change the mathematics, each with what leaves it off. */
  private static final List<String> MUST_BE_OFF =
      List.of(
          "quantization_config",
          "attn_logit_softcapping",
          "final_logit_softcapping",
          "query_pre_attn_scalar",
          "use_qk_norm",
          "qk_norm",
          "no_rope_layers",
          "num_local_experts",
          "num_experts",
          "parallel_attn",
          "rope_interleaved",
          "logit_scale");

  private LlamaConfigReader() {}

  /**
   * Reads the configuration of a folder; where generation_config.json names end tokens, those hold.
   *
   * @throws dev.nacelle.NacelleException of kind INPUT, naming the key
   */
  public static ModelConfig read(HfFolder folder) {
    return read(folder.config(), folder.json("generation_config.json"));
  }

  /**
   * Reads a configuration.
   *
   * @param generation generation_config.json; null where there is none
   */
  public static ModelConfig read(JsonObject config, @Nullable JsonObject generation) {
    refuseOtherFamilies(config);
    refuseWhatWeDoNot(config);
    int hidden = size(config, "hidden_size", 1 << 20);
    int intermediate = size(config, "intermediate_size", 1 << 24);
    int layers = size(config, "num_hidden_layers", 10_000);
    int heads = size(config, "num_attention_heads", 1 << 16);
    int kvHeads = (int) config.integer("num_key_value_heads", heads, 1, 1 << 16);
    if (heads % kvHeads != 0) {
      throw config.error(
          "num_attention_heads", "is " + heads + ", no multiple of num_key_value_heads " + kvHeads);
    }
    int headDim = headDim(config, hidden, heads);
    int context = (int) config.integer("max_position_embeddings", 2048, 1, Integer.MAX_VALUE);
    int vocabulary = size(config, "vocab_size", 1 << 28);
    RopeConfigReader rope = new RopeConfigReader(config, context, headDim);
    return new ModelConfig(
        hidden,
        intermediate,
        layers,
        heads,
        kvHeads,
        headDim,
        vocabulary,
        config.positive("rms_norm_eps", 1e-6),
        rope.theta(),
        rope.scaling(),
        context,
        config.bool("attention_bias", false),
        config.bool("mlp_bias", false),
        config.bool("tie_word_embeddings", false),
        token(config, "bos_token_id"),
        endTokens(config, generation),
        token(config, "pad_token_id"),
        dtype(config));
  }

  private static void refuseOtherFamilies(JsonObject config) {
    String type = config.string("model_type");
    List<String> architectures = config.strings("architectures");
    if (type == null && (architectures == null || architectures.isEmpty())) {
      throw config.error("model_type", "is missing, and so is architectures");
    }
    if (type != null && !type.equals("llama")) {
      throw config.refusal("model_type", FAMILIES);
    }
    if (architectures != null
        && !architectures.isEmpty()
        && !architectures.equals(List.of("LlamaForCausalLM"))) {
      throw config.refusal("architectures", FAMILIES);
    }
  }

  private static void refuseWhatWeDoNot(JsonObject config) {
    String activation = config.string("hidden_act");
    if (activation != null && !Set.of("silu", "swish").contains(activation)) {
      throw config.refusal("hidden_act", "the feed-forward is gated by silu alone");
    }
    if (config.integer("pretraining_tp", 1, 0, Integer.MAX_VALUE) > 1) {
      throw config.refusal("pretraining_tp", "set it to 1; the weights are the same");
    }
    if (config.number("partial_rotary_factor", 1) != 1) {
      throw config.refusal("partial_rotary_factor", "rotary positions cover the whole head");
    }
    if (config.has("sliding_window") && config.bool("use_sliding_window", true)) {
      throw config.refusal("sliding_window", "attention reads all tokens before");
    }
    List<String> layerTypes = config.strings("layer_types");
    if (layerTypes != null && !Set.of("full_attention").containsAll(layerTypes)) {
      throw config.refusal("layer_types", "every layer is full_attention");
    }
    for (String key : MUST_BE_OFF) {
      JsonNode value = config.node().get(key);
      boolean off =
          value == null
              || value.isNull()
              || (value.isBoolean() && !value.booleanValue())
              || (value.isContainerNode() && value.isEmpty());
      if (!off) {
        throw config.refusal(
            key,
            key.equals("quantization_config")
                ? "use the unquantised model, or a GGUF file"
                : "a plain Llama has no such key; " + FAMILIES);
      }
    }
    double dropout = config.number("attention_dropout", 0);
    if (dropout < 0 || dropout >= 1) {
      throw config.error("attention_dropout", "is " + dropout + ", outside 0 to 1");
    }
    if (dropout > 0) {
      throw config.refusal("attention_dropout", "0");
    }
  }

  private static int size(JsonObject config, String key, int most) {
    return (int) config.integer(key, 1, most);
  }

  private static int headDim(JsonObject config, int hidden, int heads) {
    if (!config.has("head_dim") && hidden % heads != 0) {
      throw config.error(
          "hidden_size", "is " + hidden + ", no multiple of num_attention_heads " + heads);
    }
    int headDim = (int) config.integer("head_dim", hidden / heads, 1, 1 << 16);
    if (headDim % 2 != 0) {
      throw config.error("head_dim", "is " + headDim + "; rotary positions need an even one");
    }
    if ((long) heads * headDim > 1 << 24) {
      throw config.error(
          "head_dim",
          "times num_attention_heads is " + (long) heads * headDim + ", more than " + (1 << 24));
    }
    return headDim;
  }

  /** Null where absent; −1 stands for none in some older files. */
  private static @Nullable Integer token(JsonObject config, String key) {
    List<Long> ids = config.integers(key, -1, LARGEST_ID);
    return ids.isEmpty() || ids.getFirst() < 0 ? null : ids.getFirst().intValue();
  }

  private static List<Integer> endTokens(JsonObject config, @Nullable JsonObject generation) {
    JsonObject from = generation != null && generation.has("eos_token_id") ? generation : config;
    return from.integers("eos_token_id", -1, LARGEST_ID).stream()
        .filter(id -> id >= 0)
        .map(Long::intValue)
        .toList();
  }

  private static @Nullable DType dtype(JsonObject config) {
    String key = config.has("dtype") ? "dtype" : "torch_dtype";
    String name = config.string(key);
    if (name == null) {
      return null;
    }
    String bare = name.startsWith("torch.") ? name.substring(6) : name;
    return switch (bare.toLowerCase(Locale.ROOT)) {
      case "float32", "float" -> DType.FP32;
      case "bfloat16" -> DType.BF16;
      case "float16", "half" -> DType.FP16;
      default -> throw config.refusal(key, "weights are float32, bfloat16 or float16");
    };
  }
}
