package dev.nacelle.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.JsonObject;
import dev.nacelle.function.Gate;
import dev.nacelle.nativeaccess.DType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Reads config.json of the families that are read, as transformers 4 and 5 write it. */
public final class ConfigReader {
  private static final int LARGEST_ID = Integer.MAX_VALUE;

  /** Keys that change the mathematics of some family, and must be off in those that lack them. */
  private static final List<String> MUST_BE_OFF =
      List.of(
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
          "logit_scale",
          "use_bidirectional_attention",
          "rope_local_base_freq",
          "clip_qkv",
          "attention_chunk_size",
          "attention_multiplier",
          "embedding_multiplier",
          "residual_multiplier",
          "logits_scaling",
          "mlp_bias",
          "resid_pdrop",
          "embd_pdrop");

  /** Of these, where a number leaves things as they are. */
  private static final Map<String, Double> NEUTRAL =
      Map.of(
          "attention_multiplier", 1.0,
          "embedding_multiplier", 1.0,
          "residual_multiplier", 1.0,
          "logits_scaling", 1.0,
          "resid_pdrop", 0.0,
          "embd_pdrop", 0.0);

  private ConfigReader() {}

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
    Family family = family(config);
    refuseWhatWeDoNot(config, family);
    Family.Defaults defaults = family.defaults();
    int hidden = size(config, "hidden_size", 1 << 20);
    int intermediate = size(config, "intermediate_size", 1 << 24);
    int layers = size(config, "num_hidden_layers", 10_000);
    int heads = size(config, "num_attention_heads", 1 << 16);
    int kvHeads = kvHeads(config, heads, defaults.kvHeads());
    if (heads % kvHeads != 0) {
      throw config.error(
          "num_attention_heads", "is " + heads + ", no multiple of num_key_value_heads " + kvHeads);
    }
    int headDim = headDim(config, hidden, heads, defaults.headDim());
    int context =
        (int) config.integer("max_position_embeddings", defaults.context(), 1, Integer.MAX_VALUE);
    int vocabulary = size(config, "vocab_size", 1 << 28);
    RopeConfigReader rope =
        new RopeConfigReader(config, defaults.ropeTheta(), family, context, headDim);
    ModelConfig sizes =
        new ModelConfig(
            family,
            Traits.plain(layers, headDim),
            hidden,
            intermediate,
            layers,
            heads,
            kvHeads,
            headDim,
            vocabulary,
            config.positive("rms_norm_eps", defaults.rmsNormEps()),
            rope.theta(),
            rope.scaling(),
            context,
            attentionBias(config, family.layout().biases()),
            family.keys().contains("mlp_bias") && config.bool("mlp_bias", false),
            config.bool("tie_word_embeddings", defaults.tied()),
            token(config, "bos_token_id"),
            endTokens(config, generation),
            token(config, "pad_token_id"),
            dtype(config));
    return sizes.with(family.rules().fromConfig(config, sizes));
  }

  private static Family family(JsonObject config) {
    String type = config.string("model_type");
    List<String> architectures = config.strings("architectures");
    boolean classed = architectures != null && !architectures.isEmpty();
    if (type == null && !classed) {
      throw config.error("model_type", "is missing, and so is architectures");
    }
    String known = "families read so far: " + Families.known();
    Family family = null;
    if (type != null) {
      family = Families.named(type);
      if (family == null) {
        throw config.refusal("model_type", known);
      }
    }
    if (classed && architectures != null) {
      Family ofClass = Families.ofClass(architectures.getFirst());
      boolean agrees = family == null || family.equals(ofClass);
      if (ofClass == null || architectures.size() > 1 || !agrees) {
        throw config.refusal("architectures", known);
      }
      return ofClass;
    }
    return Objects.requireNonNull(family);
  }

  private static void refuseWhatWeDoNot(JsonObject config, Family family) {
    // Where a family has a key of its own for it, the other is a leftover.
    String key = family.keys().contains("hidden_activation") ? "hidden_activation" : "hidden_act";
    String activation = config.string(key);
    if (activation != null && !isGate(family.layout().gate(), key, activation)) {
      throw config.refusal(
          key, "the feed-forward is gated by " + family.defaults().activation() + " alone");
    }
    if (config.integer("pretraining_tp", 1, 0, Integer.MAX_VALUE) > 1) {
      throw config.refusal("pretraining_tp", "set it to 1; the weights are the same");
    }
    if (config.number("partial_rotary_factor", 1) != 1) {
      throw config.refusal("partial_rotary_factor", "rotary positions cover the whole head");
    }
    if (!family.keys().contains("sliding_window")) {
      if (config.has("sliding_window") && config.bool("use_sliding_window", true)) {
        throw config.refusal("sliding_window", "attention reads all tokens before");
      }
    }
    List<String> layerTypes = config.strings("layer_types");
    if (layerTypes != null
        && !family.keys().contains("layer_types")
        && !Set.of("full_attention").containsAll(layerTypes)) {
      throw config.refusal("layer_types", "every layer is full_attention");
    }
    refuseOtherQuantisation(config);
    for (String off : MUST_BE_OFF) {
      if (!family.keys().contains(off) && !isOff(off, config.node().get(off))) {
        throw config.refusal(off, "the family " + family.name() + " is read without such a key");
      }
    }
    double dropout = config.number("attention_dropout", 0);
    if (dropout < 0 || dropout >= 1) {
      throw config.error("attention_dropout", "is " + dropout + ", outside 0 to 1");
    }
    if (dropout > 0) {
      throw config.refusal("attention_dropout", "0");
    }
    if (family.layout().biases() == Layout.Biases.NONE && config.bool("attention_bias", false)) {
      throw config.refusal("attention_bias", "the family " + family.name() + " has no such biases");
    }
  }

  /** Of quantised folders those of bitsandbytes in nf4 are read. */
  private static void refuseOtherQuantisation(JsonObject config) {
    JsonObject quantisation = config.object("quantization_config");
    if (quantisation == null || quantisation.node().isEmpty()) {
      return;
    }
    boolean isNf4 =
        "bitsandbytes".equals(quantisation.string("quant_method"))
            && quantisation.bool("load_in_4bit", false)
            && "nf4".equals(quantisation.string("bnb_4bit_quant_type"));
    if (!isNf4) {
      throw config.refusal(
          "quantization_config",
          "of quantised folders those of bitsandbytes in nf4 are read; use the unquantised model,"
              + " or a GGUF file");
    }
  }

  private static boolean isGate(Gate gate, String key, String activation) {
    return switch (gate) {
      case SILU -> Set.of("silu", "swish").contains(activation);
      // The first Gemmas said gelu and meant this.
      case GELU_TANH ->
          activation.equals("gelu_pytorch_tanh")
              || (activation.equals("gelu") && key.equals("hidden_act"));
    };
  }

  private static boolean isOff(String key, @Nullable JsonNode value) {
    if (value == null || value.isNull()) {
      return true;
    }
    Double neutral = NEUTRAL.get(key);
    return (value.isBoolean() && !value.booleanValue())
        || (value.isContainerNode() && value.isEmpty())
        || (neutral != null && value.isNumber() && value.doubleValue() == neutral);
  }

  private static boolean attentionBias(JsonObject config, Layout.Biases biases) {
    return switch (biases) {
      case NONE -> false;
      case AS_CONFIGURED -> config.bool("attention_bias", false);
      case INPUTS -> true;
    };
  }

  private static int kvHeads(JsonObject config, int heads, int fallback) {
    String key = "num_key_value_heads";
    // Null means as many as there are query heads, whatever a missing key means.
    int missing = config.node().has(key) || fallback == 0 ? heads : fallback;
    return (int) config.integer(key, missing, 1, 1 << 16);
  }

  private static int size(JsonObject config, String key, int most) {
    return (int) config.integer(key, 1, most);
  }

  private static int headDim(JsonObject config, int hidden, int heads, int fallback) {
    boolean divided = fallback == 0 || config.node().has("head_dim");
    if (divided && !config.has("head_dim") && hidden % heads != 0) {
      throw config.error(
          "hidden_size", "is " + hidden + ", no multiple of num_attention_heads " + heads);
    }
    int missing = divided ? hidden / heads : fallback;
    int headDim = (int) config.integer("head_dim", missing, 1, 1 << 16);
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
