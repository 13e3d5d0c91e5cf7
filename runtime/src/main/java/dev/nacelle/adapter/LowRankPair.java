package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.function.Dropout;
import dev.nacelle.function.FrozenLinear;
import dev.nacelle.function.LoraLinear;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Parameter;
import java.util.List;

/**
 * What LoRA adds to one linear layer: scale · (drop(x)·Aᵀ)·Bᵀ.
 *
 * @param modulePath the layer in Hugging Face's words, {@code model.layers.0.self_attn.q_proj}
 * @param a (R, in) fp32
 * @param b (out, R) fp32
 * @param scale alpha / R
 * @param dropout share of the input that is dropped before A while training
 * @param seed of this module's dropout masks
 */
public record LowRankPair(
    String modulePath, Parameter a, Parameter b, float scale, float dropout, long seed)
    implements LayerAdapter {
  static LowRankPair of(
      ParameterMaker maker,
      AdapterConfig config,
      Adapter.Module module,
      Adapter.Source source,
      long seed) {
    List<Part> parts = config.parts(module.out(), module.in());
    List<Parameter> made =
        parts.stream().map(p -> maker.make(module.path(), p, source.values(module, p))).toList();
    return new LowRankPair(
        module.path(),
        made.get(0),
        made.get(1),
        (float) config.scale(),
        (float) config.dropout(),
        AdapterInit.dropoutSeed(seed, module.path()));
  }

  public long rank() {
    return a.value().size(0);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(a, b);
  }

  @Override
  public List<Parameter> ups() {
    return List.of(b);
  }

  @Override
  public Function beside(FrozenLinear base, boolean training, long tokenOffset) {
    Dropout drop = Dropout.of(training ? dropout : 0, seed, tokenOffset * a.value().size(1));
    return new LoraLinear(base, a, b, scale, drop);
  }

  @Override
  public LowRankPair withDropout(float other) {
    return new LowRankPair(modulePath, a, b, scale, other, seed);
  }
}
