package dev.nacelle.model;

import dev.nacelle.function.Gate;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How the blocks of a family are put together.
 *
 * @param norms which there are, and what Hugging Face calls them
 * @param normOffset 1 where norm weights say how far from one a channel is, else 0
 * @param headNorms norms on queries and keys
 * @param biases of the attention's linear layers
 * @param fused whether queries, keys and values are one linear layer, and gate and up another
 * @param gate what the feed-forward does to its gate
 */
public record Layout(
    Norms norms, int normOffset, HeadNormKind headNorms, Biases biases, boolean fused, Gate gate) {

  /** A Llama's, from which others differ. */
  static final Layout LLAMA =
      new Layout(Norms.BEFORE, 0, HeadNormKind.NONE, Biases.AS_CONFIGURED, false, Gate.SILU);

  /** The norms of a block; null where there is none. */
  public record Norms(
      @Nullable String beforeAttention,
      @Nullable String afterAttention,
      @Nullable String beforeMlp,
      @Nullable String afterMlp) {
    static final Norms BEFORE =
        new Norms("input_layernorm", null, "post_attention_layernorm", null);
    static final Norms AFTER =
        new Norms(null, "post_attention_layernorm", null, "post_feedforward_layernorm");
    static final Norms AROUND =
        new Norms(
            "input_layernorm",
            "post_attention_layernorm",
            "pre_feedforward_layernorm",
            "post_feedforward_layernorm");
  }

  /** Norms on queries and keys. */
  public enum HeadNormKind {
    NONE,
    /** One weight of D for every head. */
    EACH_HEAD,
    /** Over all heads together. */
    WHOLE_WIDTH
  }

  /** Which linear layers of the attention have biases. */
  public enum Biases {
    NONE,
    /** All four or none. */
    AS_CONFIGURED,
    /** Those of queries, keys and values, always. */
    INPUTS
  }

  /** The linear modules of a block in the order of the forward pass. */
  public List<String> linearModules() {
    return fused
        ? List.of("self_attn.qkv_proj", "self_attn.o_proj", "mlp.gate_up_proj", "mlp.down_proj")
        : List.of(
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
            "mlp.down_proj");
  }

  Layout with(Norms other) {
    return new Layout(other, normOffset, headNorms, biases, fused, gate);
  }

  Layout with(HeadNormKind other) {
    return new Layout(norms, normOffset, other, biases, fused, gate);
  }

  Layout with(Biases other) {
    return new Layout(norms, normOffset, headNorms, other, fused, gate);
  }

  /** Gemma's gate, and norm weights counted from one. */
  Layout asGemma() {
    return new Layout(norms, 1, headNorms, biases, fused, Gate.GELU_TANH);
  }

  Layout asFused() {
    return new Layout(norms, normOffset, headNorms, biases, true, gate);
  }
}
