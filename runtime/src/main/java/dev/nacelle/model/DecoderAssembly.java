package dev.nacelle.model;

import dev.nacelle.function.GatedProduct;
import dev.nacelle.function.RmsNorm;
import dev.nacelle.layer.DecoderBlock;
import dev.nacelle.layer.GateUp;
import dev.nacelle.layer.GatedMlp;
import dev.nacelle.layer.HeadNorms;
import dev.nacelle.layer.Linear;
import dev.nacelle.layer.QueryKeyValue;
import dev.nacelle.layer.SelfAttention;
import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** Puts layers together from weights, as a family's layout and a model's traits say. */
record DecoderAssembly(ModelConfig config, Weights weights) {
  /** Block number {@code layer}. */
  DecoderBlock block(int layer) {
    String path = "model.layers." + layer + ".";
    Layout layout = config.family().layout();
    Layout.Norms norms = layout.norms();
    Traits traits = config.traits();
    LayerKind kind = traits.layers().get(layer);
    float residual = (float) traits.residualScale();
    return new DecoderBlock(
        new DecoderBlock.Around(
            norm(path, norms.beforeAttention()), norm(path, norms.afterAttention()), residual),
        new SelfAttention(
            inputs(path, layout),
            headNorms(path, layout),
            linear(path, "self_attn.o_proj"),
            layer,
            new SelfAttention.Settings(
                config.heads(),
                config.kvHeads(),
                (float) traits.attentionScale(),
                (float) traits.attentionCap(),
                kind.window(),
                kind.positions())),
        new DecoderBlock.Around(
            norm(path, norms.beforeMlp()), norm(path, norms.afterMlp()), residual),
        new GatedMlp(
            gateUp(path, layout), new GatedProduct(layout.gate()), linear(path, "mlp.down_proj")));
  }

  private QueryKeyValue inputs(String path, Layout layout) {
    return layout.fused()
        ? new QueryKeyValue.Fused(
            linear(path, "self_attn.qkv_proj"), config.queryWidth(), config.keyValueWidth())
        : new QueryKeyValue.Apart(
            linear(path, "self_attn.q_proj"),
            linear(path, "self_attn.k_proj"),
            linear(path, "self_attn.v_proj"));
  }

  private GateUp gateUp(String path, Layout layout) {
    return layout.fused()
        ? new GateUp.Fused(linear(path, "mlp.gate_up_proj"), config.intermediateSize())
        : new GateUp.Apart(linear(path, "mlp.gate_proj"), linear(path, "mlp.up_proj"));
  }

  private @Nullable HeadNorms headNorms(String path, Layout layout) {
    boolean whole = layout.headNorms() == Layout.HeadNormKind.WHOLE_WIDTH;
    return layout.headNorms() == Layout.HeadNormKind.NONE
        ? null
        : new HeadNorms(
            norm(path + "self_attn.q_norm", whole ? config.queryWidth() : config.headDim()),
            norm(path + "self_attn.k_norm", whole ? config.keyValueWidth() : config.headDim()));
  }

  private @Nullable RmsNorm norm(String path, @Nullable String name) {
    return name == null ? null : norm(path + name, config.hiddenSize());
  }

  private RmsNorm norm(String path, long width) {
    return new RmsNorm(
        weights.vector(path + ".weight", width),
        (float) config.rmsNormEps(),
        config.family().layout().normOffset());
  }

  /** A block's linear module. */
  private Linear linear(String block, String module) {
    long[] shape = ModelTensors.linearShape(config, module);
    String path = block + module;
    Tensor bias =
        ModelTensors.isBiased(config, module) ? weights.vector(path + ".bias", shape[0]) : null;
    return new Linear(path, weights.matrix(path + ".weight", shape), bias);
  }

  /** The norm before the head. The logits' divisor goes into it, so that no pass divides them. */
  RmsNorm finalNorm() {
    int offset = config.family().layout().normOffset();
    return new RmsNorm(
        weights.scaledVector(
            ModelTensors.FINAL_NORM,
            config.hiddenSize(),
            offset,
            1 / config.traits().logitDivisor()),
        (float) config.rmsNormEps(),
        offset);
  }
}
