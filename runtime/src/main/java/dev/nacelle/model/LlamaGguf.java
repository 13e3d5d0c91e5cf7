package dev.nacelle.model;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.StoredAs;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.kernels.BlockMatrix;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.nio.file.Path;
import java.util.Collections;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/**
 * A Llama in a GGUF file, seen as if it were a Hugging Face folder: Hugging Face's names and
 * shapes, query and key rows in its order. GGUF keeps those rows interleaved for a rotary embedding
 * of neighbours: file row 2j + t of a head is row t·(D/2) + j there.
 *
 * <p>An entry with no {@code dtype} is no plain tensor where it lies: it is quantised, or its rows
 * must be moved. {@link #stored} says which, and {@link #readFloat32} reads all of them.
 */
public final class LlamaGguf implements TensorSource {
  /** Holds the divisors of the rotary frequencies where they are stretched by a table. */
  public static final String ROPE_FACTORS = LlamaGgufConfig.ROPE_FACTORS;

  private final GgufFile file;
  private final ModelConfig config;
  private final Map<String, TensorEntry> entries = new LinkedHashMap<>();
  private final Map<String, String> fileNames = new LinkedHashMap<>();

  private LlamaGguf(GgufFile file, ModelConfig config) {
    this.file = file;
    this.config = config;
  }

  /**
   * Reads the configuration and holds every tensor against it. The file then belongs to the result.
   *
   * @throws NacelleException of kind INPUT, naming key or tensor
   */
  public static LlamaGguf of(GgufFile file) {
    LlamaGguf model = new LlamaGguf(file, LlamaGgufConfig.read(file));
    model.mapNames();
    LlamaTensors.check(model.config, model);
    return model;
  }

  private void mapNames() {
    Set<String> used = new HashSet<>();
    if (config.layers() > file.entries().size()) {
      throw NacelleException.input(
          Quoted.path(file.path())
              + " has "
              + file.entries().size()
              + " tensors, too few for its "
              + config.layers()
              + " layers",
          "the file is incomplete; fetch it again");
    }
    for (LlamaTensors.Expected wanted : LlamaTensors.expected(config)) {
      String name = fileName(wanted.name());
      TensorEntry entry = file.find(name);
      if (entry == null) {
        throw NacelleException.input(
            Quoted.path(file.path()) + " has no tensor " + name + ", which a Llama needs",
            "the file is incomplete; fetch it again");
      }
      used.add(name);
      fileNames.put(wanted.name(), name);
      entries.put(
          wanted.name(),
          new TensorEntry(
              wanted.name(),
              entry.fileDtype(),
              rowsPerHead(wanted.name()) > 0 ? null : entry.dtype(),
              entry.shape(),
              entry.offset(),
              entry.bytes()));
    }
    for (TensorEntry entry : file.entries().values()) {
      if (!used.contains(entry.name()) && !entry.name().equals(LlamaGgufConfig.ROPE_FACTORS)) {
        // The check that follows refuses it under its own name.
        entries.put(entry.name(), entry);
        fileNames.put(entry.name(), entry.name());
      }
    }
  }

  /** GGUF's name for a tensor of Hugging Face's name. */
  public static String fileName(String name) {
    return switch (name) {
      case LlamaTensors.EMBEDDING -> "token_embd.weight";
      case LlamaTensors.FINAL_NORM -> "output_norm.weight";
      case LlamaTensors.HEAD -> "output.weight";
      default -> blockName(name);
    };
  }

  private static String blockName(String name) {
    String[] parts = name.split("\\.", 4); // model, layers, N, the rest
    String rest = parts[3];
    int dot = rest.lastIndexOf('.');
    String module =
        switch (rest.substring(0, dot)) {
          case "input_layernorm" -> "attn_norm";
          case "self_attn.q_proj" -> "attn_q";
          case "self_attn.k_proj" -> "attn_k";
          case "self_attn.v_proj" -> "attn_v";
          case "self_attn.o_proj" -> "attn_output";
          case "post_attention_layernorm" -> "ffn_norm";
          case "mlp.gate_proj" -> "ffn_gate";
          case "mlp.up_proj" -> "ffn_up";
          case "mlp.down_proj" -> "ffn_down";
          default -> throw new IllegalArgumentException("no tensor of a Llama is called " + name);
        };
    return "blk." + parts[2] + "." + module + rest.substring(dot);
  }

  private int rowsPerHead(String name) {
    return interleavedRows(config, name);
  }

  /** D for a tensor whose rows GGUF interleaves within each head, 0 for all others. */
  public static int interleavedRows(ModelConfig config, String name) {
    boolean interleaved =
        name.contains(".self_attn.q_proj.") || name.contains(".self_attn.k_proj.");
    return interleaved ? config.headDim() : 0;
  }

  public ModelConfig config() {
    return config;
  }

  /** The file itself: its metadata, and its tensors under their own names. */
  public GgufFile file() {
    return file;
  }

  @Override
  public Path path() {
    return file.path();
  }

  @Override
  public Map<String, TensorEntry> entries() {
    return Collections.unmodifiableMap(entries);
  }

  @Override
  public boolean canWiden(TensorEntry entry) {
    return file.canWiden(entry);
  }

  @Override
  public StoredAs stored(TensorEntry entry) {
    StoredAs plain = file.stored(entry);
    return new StoredAs(plain.dtype(), plain.blocks(), rowsPerHead(entry.name()));
  }

  /** The bytes as the file has them, rows of queries and keys interleaved. */
  @Override
  public NativeBuffer data(String name) {
    return file.data(rawName(name));
  }

  @Override
  public void readFloat32(String name, NativeBuffer target) {
    file.readRows(rawName(name), 0, entry(name).rows(), target, rowOrder(name));
  }

  @Override
  public void readRows(String name, long first, long rows, NativeBuffer target) {
    file.readRows(rawName(name), first, rows, target, rowOrder(name));
  }

  /** Which row of the file a row of Hugging Face's order comes from. */
  public GgufFile.RowOrder rowOrder(String name) {
    int d = rowsPerHead(name);
    return row -> BlockMatrix.storedRow(row, d);
  }

  private String rawName(String name) {
    String raw = fileNames.get(entry(name).name());
    if (raw == null) {
      throw new AssertionError(name);
    }
    return raw;
  }

  @Override
  public void close() {
    file.close();
  }
}
