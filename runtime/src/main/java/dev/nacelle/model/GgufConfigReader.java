package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufMetadata;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Reads a model's configuration out of a GGUF file's metadata and the shape of its embedding. */
final class GgufConfigReader {
  /** Holds the divisors of the rotary frequencies where they are stretched by a table. */
  static final String ROPE_FACTORS = "rope_freqs.weight";

  /** The same for LongRoPE, up to the original context and beyond it. */
  static final String SHORT_FACTORS = "rope_factors_short.weight";

  static final String LONG_FACTORS = "rope_factors_long.weight";

  /** How llama.cpp names the parts of a split file. */
  private static final Pattern PART = Pattern.compile(".*-\\d{5}-of-(\\d{5})\\.gguf");

  private static final int MOST = Integer.MAX_VALUE;

  private final GgufFile file;
  private final GgufMetadata data;
  private final Family family;
  private final String prefix;

  private GgufConfigReader(GgufFile file, Family family) {
    this.file = file;
    this.data = file.metadata();
    this.family = family;
    this.prefix = family.architecture() + ".";
  }

  static ModelConfig read(GgufFile file) {
    refuseParts(file, file.metadata());
    Family family = family(file.metadata());
    return new GgufConfigReader(file, family).read();
  }

  /** Whether a tensor belongs to the configuration. */
  static boolean isRopeTable(String name) {
    return List.of(ROPE_FACTORS, SHORT_FACTORS, LONG_FACTORS).contains(name);
  }

  private ModelConfig read() {
    refuse();
    int hidden = size("embedding_length", 1 << 20);
    int heads = size("attention.head_count", 1 << 16);
    int kvHeads = (int) data.integer(prefix + "attention.head_count_kv", heads, 1, 1 << 16);
    if (heads % kvHeads != 0) {
      throw data.error(
          prefix + "attention.head_count",
          "is " + heads + ", no multiple of head_count_kv " + kvHeads);
    }
    int headDim = headDim(hidden, heads);
    int context = (int) data.integer(prefix + "context_length", 2048, 1, MOST);
    int vocabulary = vocabulary(file, data);
    int layers = size("block_count", 10_000);
    Layout.Biases biases = family.layout().biases();
    ModelConfig sizes =
        new ModelConfig(
            family,
            Traits.plain(layers, headDim),
            hidden,
            size("feed_forward_length", 1 << 24),
            layers,
            heads,
            kvHeads,
            headDim,
            vocabulary,
            data.positive(prefix + "attention.layer_norm_rms_epsilon", 1e-5),
            theta(),
            scaling(headDim, context),
            context,
            biases == Layout.Biases.INPUTS
                || (biases == Layout.Biases.AS_CONFIGURED
                    && file.find("blk.0.attn_q.bias") != null),
            file.find("blk.0.ffn_gate.bias") != null,
            file.find("output.weight") == null,
            token(data, "bos", vocabulary),
            endTokens(data, vocabulary),
            token(data, "padding", vocabulary),
            null);
    return sizes.with(family.rules().fromGguf(new GgufSettings(file, prefix), sizes));
  }

  /** A part of a split model has few of the keys that a model has: it is known before all else. */
  private static void refuseParts(GgufFile file, GgufMetadata data) {
    long parts = data.integer("split.count", 1, 0, MOST);
    Matcher name = PART.matcher(String.valueOf(file.path().getFileName()));
    if (parts <= 1 && name.matches()) {
      parts = Long.parseLong(name.group(1));
    }
    if (parts > 1) {
      throw NacelleException.input(
          Quoted.path(file.path()) + " is one of " + parts + " parts of a split model",
          "join the parts first (llama-gguf-split --merge FIRST-PART MODEL.gguf)");
    }
  }

  private static Family family(GgufMetadata data) {
    String type = data.text("general.type");
    if (type != null && !type.equals("model")) {
      throw data.error("general.type", "is " + Quoted.name(type) + ", no model");
    }
    String architecture = data.text("general.architecture");
    Family family = architecture == null ? null : Families.ofArchitecture(architecture);
    if (family == null) {
      throw data.error(
          "general.architecture",
          architecture == null
              ? "is missing"
              : "is "
                  + Quoted.name(architecture)
                  + "; families read so far: "
                  + Families.architectures());
    }
    return family;
  }

  private void refuse() {
    if (data.integer(prefix + "expert_count", 0, 0, MOST) > 0) {
      throw data.error(prefix + "expert_count", "is above 0; mixtures of experts are not read");
    }
    if (!family.keys().contains("sliding_window")) {
      new GgufSettings(file, prefix).refuseWindow();
    }
    for (TensorEntry entry : file.entries().values()) {
      if (!file.canWiden(entry)) {
        throw NacelleException.input(
            "tensor "
                + Quoted.name(entry.name())
                + " of "
                + Quoted.path(file.path())
                + " is "
                + entry.describe()
                + ", a type that Nacelle does not read yet",
            "types read so far: " + GgufFile.readableTypes());
      }
    }
  }

  private int size(String key, int most) {
    return (int) data.integer(prefix + key, 1, most);
  }

  private int headDim(int hidden, int heads) {
    String key = prefix + "attention.key_length";
    if (!data.has(key) && hidden % heads != 0) {
      throw data.error(
          prefix + "embedding_length", "is " + hidden + ", no multiple of head_count " + heads);
    }
    int headDim = (int) data.integer(key, Math.max(1, hidden / heads), 1, 1 << 16);
    for (String other : List.of("attention.value_length", "rope.dimension_count")) {
      long value = data.integer(prefix + other, headDim, 1, MOST);
      if (value != headDim) {
        throw data.error(prefix + other, "is " + value + ", and a head has " + headDim);
      }
    }
    if (headDim % 2 != 0) {
      throw data.error(key, "is " + headDim + "; rotary positions need an even one");
    }
    if ((long) heads * headDim > 1 << 24) {
      throw data.error(key, "times head_count is more than " + (1 << 24));
    }
    return headDim;
  }

  private static int vocabulary(GgufFile file, GgufMetadata data) {
    TensorEntry embedding = file.find("token_embd.weight");
    if (embedding == null || embedding.shape().length != 2) {
      throw NacelleException.input(
          Quoted.path(file.path()) + " has no table token_embd.weight",
          "this file holds no model; a vocabulary alone cannot be trained");
    }
    long rows = embedding.shape()[0];
    if (rows < 1 || rows > 1 << 28) {
      throw data.error("token_embd.weight", "has " + rows + " rows");
    }
    return (int) rows;
  }

  private double theta() {
    double theta = data.positive(prefix + "rope.freq_base", 10_000);
    if (theta <= 1) {
      throw data.error(prefix + "rope.freq_base", "is " + theta + ", and must be above 1");
    }
    return theta;
  }

  private RopeScaling scaling(int headDim, int context) {
    if (file.find(LONG_FACTORS) != null || file.find(SHORT_FACTORS) != null) {
      return longRope(headDim, context);
    }
    String type = data.text(prefix + "rope.scaling.type");
    RopeScaling scaling =
        switch (type == null ? "none" : type) {
          case "none" -> {
            double old = data.positive(prefix + "rope.scale_linear", 1);
            yield old == 1 ? new RopeScaling.Default() : new RopeScaling.Linear(old);
          }
          case "linear" -> new RopeScaling.Linear(data.positive(prefix + "rope.scaling.factor", 1));
          case "yarn" ->
              new RopeScaling.Yarn(
                  data.positive(prefix + "rope.scaling.factor", 1),
                  data.integer(prefix + "rope.scaling.original_context_length", context, 1, MOST),
                  null,
                  32,
                  1,
                  null,
                  null,
                  true);
          default ->
              throw data.error(
                  prefix + "rope.scaling.type",
                  "is "
                      + Quoted.name(String.valueOf(type))
                      + "; read are none, linear, yarn, and longrope where the file has its"
                      + " factors");
        };
    if (file.find(ROPE_FACTORS) == null) {
      return scaling;
    }
    if (!(scaling instanceof RopeScaling.Default)) {
      throw data.error(prefix + "rope.scaling.type", "stands beside a table of rotary factors");
    }
    return new RopeScaling.Table(divisors(ROPE_FACTORS, headDim));
  }

  private RopeScaling longRope(int headDim, int context) {
    return new RopeScaling.LongRope(
        divisors(SHORT_FACTORS, headDim),
        divisors(LONG_FACTORS, headDim),
        data.integer(prefix + "rope.scaling.original_context_length", context, 1, MOST),
        null,
        data.positive(prefix + "rope.scaling.attn_factor", 1));
  }

  private List<Float> divisors(String name, int headDim) {
    TensorEntry entry = file.entry(name);
    List<Float> out = new ArrayList<>();
    if (entry.shape().length != 1 || entry.shape()[0] != headDim / 2) {
      throw NacelleException.input(
          "tensor "
              + name
              + " of "
              + Quoted.path(file.path())
              + " is "
              + entry.describe()
              + ", half a head has "
              + headDim / 2,
          "convert the model anew");
    }
    try (NativeBuffer wide = NativeBuffer.allocate(4L * headDim / 2)) {
      file.readFloat32(name, wide);
      for (int i = 0; i < headDim / 2; i++) {
        float divisor = wide.getFloat(i);
        if (!(divisor > 0) || Float.isInfinite(divisor)) {
          throw NacelleException.input(
              "tensor " + name + " of " + Quoted.path(file.path()) + " holds " + divisor,
              "convert the model anew");
        }
        out.add(divisor);
      }
    }
    return out;
  }

  private static @Nullable Integer token(GgufMetadata data, String name, int vocabulary) {
    String key = "tokenizer.ggml." + name + "_token_id";
    long id = data.integer(key, -1, -1, 0xffff_ffffL);
    return id < 0 || id >= vocabulary ? null : (int) id;
  }

  private static List<Integer> endTokens(GgufMetadata data, int vocabulary) {
    List<Integer> ends = new ArrayList<>();
    for (String name : List.of("eos", "eot", "eom")) {
      Integer id = token(data, name, vocabulary);
      if (id != null && !ends.contains(id)) {
        ends.add(id);
      }
    }
    return ends;
  }
}
