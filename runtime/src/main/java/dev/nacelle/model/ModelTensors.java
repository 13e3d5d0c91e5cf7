package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Names and shapes of a model's tensors, as Hugging Face's folders have them. */
public final class ModelTensors {
  public static final String EMBEDDING = "model.embed_tokens.weight";
  public static final String FINAL_NORM = "model.norm.weight";
  public static final String HEAD = "lm_head.weight";

  /** A buffer that old checkpoints carry and that the configuration already implies. */
  private static final Pattern IMPLIED =
      Pattern.compile("model\\.layers\\.\\d+\\.self_attn\\.rotary_emb\\.inv_freq");

  /** Pages of two mapped tables are let go after so many bytes, a multiple of the step. */
  private static final long COMPARED_AT_ONCE = 1 << 24;

  private ModelTensors() {}

  /**
   * A tensor that must be there.
   *
   * @param name as Hugging Face spells it
   * @param shape (rows, columns) or (size)
   */
  @SuppressWarnings("ArrayRecordComponent") // read only
  public record Expected(String name, long[] shape) {
    /** Number of elements. */
    public long elements() {
      long n = 1;
      for (long size : shape) {
        n = Math.multiplyExact(n, size);
      }
      return n;
    }
  }

  /** {@code model.layers.N}. */
  public static String layer(int index) {
    return "model.layers." + index;
  }

  /** (out, in) of a block's linear module, one of {@link Layout#linearModules}. */
  public static long[] linearShape(ModelConfig config, String module) {
    long c = config.hiddenSize();
    long m = config.intermediateSize();
    return switch (module) {
      case "self_attn.qkv_proj" ->
          new long[] {config.queryWidth() + 2L * config.keyValueWidth(), c};
      case "mlp.gate_up_proj" -> new long[] {2 * m, c};
      case "self_attn.q_proj" -> new long[] {config.queryWidth(), c};
      case "self_attn.k_proj", "self_attn.v_proj" -> new long[] {config.keyValueWidth(), c};
      case "self_attn.o_proj" -> new long[] {c, config.queryWidth()};
      case "mlp.gate_proj", "mlp.up_proj" -> new long[] {m, c};
      case "mlp.down_proj" -> new long[] {c, m};
      default -> throw new IllegalArgumentException("no linear module is called " + module);
    };
  }

  /** Every linear module of the model, path → {out, in}, the head last. */
  public static Map<String, long[]> linears(ModelConfig config) {
    Map<String, long[]> all = new LinkedHashMap<>();
    for (int i = 0; i < config.layers(); i++) {
      for (String module : config.family().layout().linearModules()) {
        all.put(layer(i) + "." + module, linearShape(config, module));
      }
    }
    all.put("lm_head", new long[] {config.vocabularySize(), config.hiddenSize()});
    return all;
  }

  /** Every tensor of the model; the head is absent where it is tied. */
  public static List<Expected> expected(ModelConfig config) {
    long c = config.hiddenSize();
    List<Expected> all = new ArrayList<>();
    all.add(new Expected(EMBEDDING, new long[] {config.vocabularySize(), c}));
    Layout layout = config.family().layout();
    Layout.Norms norms = layout.norms();
    for (int i = 0; i < config.layers(); i++) {
      String layer = layer(i) + ".";
      addNorm(all, layer, norms.beforeAttention(), c);
      addHeadNorms(all, layer, layout.headNorms(), config);
      for (String module : layout.linearModules()) {
        long[] shape = linearShape(config, module);
        all.add(new Expected(layer + module + ".weight", shape));
        if (isBiased(config, module)) {
          all.add(new Expected(layer + module + ".bias", new long[] {shape[0]}));
        }
      }
      addNorm(all, layer, norms.afterAttention(), c);
      addNorm(all, layer, norms.beforeMlp(), c);
      addNorm(all, layer, norms.afterMlp(), c);
    }
    all.add(new Expected(FINAL_NORM, new long[] {c}));
    if (!config.tieWordEmbeddings()) {
      all.add(new Expected(HEAD, new long[] {config.vocabularySize(), c}));
    }
    return all;
  }

  private static void addNorm(List<Expected> all, String layer, @Nullable String name, long width) {
    if (name != null) {
      all.add(new Expected(layer + name + ".weight", new long[] {width}));
    }
  }

  private static void addHeadNorms(
      List<Expected> all, String layer, Layout.HeadNormKind kind, ModelConfig config) {
    if (kind == Layout.HeadNormKind.NONE) {
      return;
    }
    boolean whole = kind == Layout.HeadNormKind.WHOLE_WIDTH;
    addNorm(all, layer, "self_attn.q_norm", whole ? config.queryWidth() : config.headDim());
    addNorm(all, layer, "self_attn.k_norm", whole ? config.keyValueWidth() : config.headDim());
  }

  /** Whether a block's linear module has a bias. */
  static boolean isBiased(ModelConfig config, String module) {
    if (module.startsWith("mlp.")) {
      return config.mlpBias();
    }
    boolean inputsOnly = config.family().layout().biases() == Layout.Biases.INPUTS;
    return config.attentionBias() && !(inputsOnly && module.equals("self_attn.o_proj"));
  }

  /**
   * Holds a file or folder against the configuration: every tensor there, of the right shape and a
   * type that we compute in, and none that the model would not use.
   *
   * @throws NacelleException of kind INPUT, naming the tensor
   */
  public static void check(ModelConfig config, TensorSource source) {
    Set<String> known = new HashSet<>();
    // Counted before listed: a configuration of a million layers must not fill the heap.
    if (config.layers() > source.entries().size()) {
      throw NacelleException.input(
          Quoted.path(source.path())
              + " has "
              + source.entries().size()
              + " tensors, too few for the "
              + config.layers()
              + " layers of its configuration",
          "config and weights do not belong together; fetch the model again");
    }
    for (Expected wanted : expected(config)) {
      known.add(wanted.name());
      TensorEntry entry = source.find(wanted.name());
      if (entry == null) {
        throw NacelleException.input(
            Quoted.path(source.path())
                + " has no tensor "
                + wanted.name()
                + " "
                + Arrays.toString(wanted.shape())
                + ", which its configuration asks for",
            "config and weights do not belong together, or the weights are incomplete");
      }
      checkEntry(source, wanted, entry);
    }
    for (TensorEntry entry : source.entries().values()) {
      if (!known.contains(entry.name()) && !IMPLIED.matcher(entry.name()).matches()) {
        if (entry.name().equals(HEAD)) {
          checkTiedHead(source, entry);
        } else {
          throw NacelleException.input(
              Quoted.path(source.path())
                  + " holds tensor "
                  + Quoted.name(entry.name())
                  + " "
                  + entry.describe()
                  + ", which a model of its configuration does not use",
              "reading on would leave it out; config and weights do not belong together");
        }
      }
    }
  }

  private static void checkEntry(TensorSource source, Expected wanted, TensorEntry entry) {
    if (!Arrays.equals(entry.shape(), wanted.shape())) {
      throw NacelleException.input(
          "tensor "
              + wanted.name()
              + " of "
              + Quoted.path(source.path())
              + " has the shape "
              + Arrays.toString(entry.shape())
              + ", its configuration asks for "
              + Arrays.toString(wanted.shape()),
          "config and weights do not belong together; fetch the model again");
    }
    boolean wide = entry.dtype() == DType.FP64;
    if (wide || !source.canWiden(entry)) {
      throw NacelleException.input(
          "tensor "
              + wanted.name()
              + " of "
              + Quoted.path(source.path())
              + " is "
              + Quoted.name(entry.fileDtype())
              + ", which models are not read from",
          "weights are read from F32, BF16 and F16, in GGUF files from "
              + GgufFile.readableTypes());
    }
  }

  /** A head beside a tied embedding is a copy, or the configuration is wrong. */
  private static void checkTiedHead(TensorSource source, TensorEntry head) {
    TensorEntry embedding = source.find(EMBEDDING);
    boolean same =
        embedding != null
            && embedding.fileDtype().equals(head.fileDtype())
            && Arrays.equals(embedding.shape(), head.shape())
            && sameBytes(source.data(EMBEDDING), source.data(HEAD));
    if (!same) {
      throw NacelleException.input(
          Quoted.path(source.path())
              + " holds an lm_head.weight that differs from the embedding,"
              + " while its configuration ties them",
          "set tie_word_embeddings to false in config.json if the head was trained apart");
    }
  }

  private static boolean sameBytes(NativeBuffer a, NativeBuffer b) {
    if (a.byteSize() != b.byteSize()) {
      return false;
    }
    byte[] left = new byte[1 << 16];
    byte[] right = new byte[1 << 16];
    for (long at = 0; at < a.byteSize(); at += left.length) {
      int n = (int) Math.min(left.length, a.byteSize() - at);
      a.read(at, left, 0, n);
      b.read(at, right, 0, n);
      if (!Arrays.equals(left, 0, n, right, 0, n)) {
        return false;
      }
      if (at % COMPARED_AT_ONCE == 0) {
        a.unload();
        b.unload();
      }
    }
    return true;
  }
}
