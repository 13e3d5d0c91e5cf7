package dev.nacelle.model;

import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** GGUF's names for tensors of Hugging Face's names. */
public final class GgufNames {
  private static final Map<String, String> MODULES =
      Map.ofEntries(
          Map.entry("self_attn.q_proj", "attn_q"),
          Map.entry("self_attn.k_proj", "attn_k"),
          Map.entry("self_attn.v_proj", "attn_v"),
          Map.entry("self_attn.qkv_proj", "attn_qkv"),
          Map.entry("self_attn.o_proj", "attn_output"),
          Map.entry("self_attn.q_norm", "attn_q_norm"),
          Map.entry("self_attn.k_norm", "attn_k_norm"),
          Map.entry("mlp.gate_proj", "ffn_gate"),
          Map.entry("mlp.up_proj", "ffn_up"),
          Map.entry("mlp.gate_up_proj", "ffn_up"),
          Map.entry("mlp.down_proj", "ffn_down"));

  private GgufNames() {}

  /**
   * The name in a file.
   *
   * @param name one of {@link ModelTensors#expected}
   */
  public static String of(Family family, String name) {
    return switch (name) {
      case ModelTensors.EMBEDDING -> "token_embd.weight";
      case ModelTensors.FINAL_NORM -> "output_norm.weight";
      case ModelTensors.HEAD -> "output.weight";
      default -> inBlock(family, name);
    };
  }

  private static String inBlock(Family family, String name) {
    String[] parts = name.split("\\.", 4); // model, layers, N, the rest
    String rest = parts[3];
    int dot = rest.lastIndexOf('.');
    String module = rest.substring(0, dot);
    String known = MODULES.containsKey(module) ? MODULES.get(module) : norm(family, module);
    if (known == null) {
      throw new IllegalArgumentException("no tensor of a " + family + " is called " + name);
    }
    return "blk." + parts[2] + "." + known + rest.substring(dot);
  }

  /** A block's norms are named by where they stand, and Hugging Face's names are not. */
  private static @Nullable String norm(Family family, String module) {
    Layout.Norms norms = family.layout().norms();
    if (Objects.equals(module, norms.beforeAttention())) {
      return "attn_norm";
    }
    if (Objects.equals(module, norms.afterAttention())) {
      return "post_attention_norm";
    }
    if (Objects.equals(module, norms.beforeMlp())) {
      return "ffn_norm";
    }
    return Objects.equals(module, norms.afterMlp()) ? "post_ffw_norm" : null;
  }

  /** D for a tensor whose rows GGUF interleaves within each head, 0 for all others. */
  public static int interleavedRows(ModelConfig config, String name) {
    boolean inputs = name.contains(".self_attn.q_proj.") || name.contains(".self_attn.k_proj.");
    return config.family().interleaved() && inputs ? config.headDim() : 0;
  }

  /** What GGUF adds to a tensor: 1 to norm weights that count from one, else 0. */
  public static int shift(ModelConfig config, String name) {
    return name.endsWith("norm.weight") ? config.family().layout().normOffset() : 0;
  }
}
