package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.function.Dropout;
import dev.nacelle.function.FrozenLinear;
import dev.nacelle.function.LoraLinear;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Parameter;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What LoRA adds to one linear layer: scale · (drop(x)·Aᵀ)·Bᵀ.
 *
 * @param modulePath the layer in Hugging Face's words, {@code model.layers.0.self_attn.q_proj}
 * @param a (R, in) fp32
 * @param trainsA whether A moves
 * @param b (out, R) fp32
 * @param scale alpha / R
 * @param dropout share of the input that is dropped before A while training
 * @param seed of this module's dropout masks
 * @param part what A and B began as where that was taken away from the layer; null where nothing
 *     was
 */
public record LowRankPair(
    String modulePath,
    Parameter a,
    boolean trainsA,
    Parameter b,
    float scale,
    float dropout,
    long seed,
    @Nullable Part part)
    implements LayerAdapter {
  static LowRankPair of(
      ParameterMaker maker,
      AdapterConfig config,
      Adapter.Module module,
      Adapter.Source source,
      Adapter.@Nullable Source beginning,
      long seed) {
    List<Parameter> made = pair(maker, config, module, source);
    List<Parameter> taken = beginning == null ? List.of() : pair(maker, config, module, beginning);
    return new LowRankPair(
        module.path(),
        made.get(0),
        !(config.kind() instanceof LoraKind kind && kind.freezesA()),
        made.get(1),
        (float) config.scale(module.path()),
        (float) config.dropout(),
        AdapterInit.dropoutSeed(seed, module.path()),
        taken.isEmpty() ? null : new Part(taken.get(0), taken.get(1)));
  }

  /**
   * What an adapter that begins as a part of the weight began as.
   *
   * @param a (R, in)
   * @param b (out, R)
   */
  record Part(Parameter a, Parameter b) {}

  private static List<Parameter> pair(
      ParameterMaker maker, AdapterConfig config, Adapter.Module module, Adapter.Source source) {
    return config.parts(module.path(), module.out(), module.in()).subList(0, 2).stream()
        .map(p -> maker.make(module.path(), p, source.values(module, p)))
        .toList();
  }

  public long rank() {
    return a.value().size(0);
  }

  @Override
  public List<Parameter> parameters() {
    return trainsA ? List.of(a, b) : List.of(b);
  }

  @Override
  public List<Parameter> tensors() {
    return part == null ? List.of(a, b) : List.of(a, b, part.a, part.b);
  }

  @Override
  public List<NamedTensor> saved() {
    if (part == null) {
      return LayerAdapter.super.saved();
    }
    long in = a.value().size(1);
    long out = b.value().size(0);
    return List.of(
        new NamedTensor(
            a.name(),
            DType.FP32,
            new long[] {2 * rank(), in},
            sink -> {
              NamedTensor.bytes(a.value().memory()).writeTo(sink);
              NamedTensor.bytes(part.a.value().memory()).writeTo(sink);
            }),
        new NamedTensor(
            b.name(),
            DType.FP32,
            new long[] {out, 2 * rank()},
            sink ->
                NamedTensor.floats(beside(b.value().toFloats(), part.b.value().toFloats()))
                    .writeTo(sink)));
  }

  /** Rows of {@code b}, and behind each the negative of the part's. */
  private float[] beside(float[] trained, float[] began) {
    int r = Math.toIntExact(rank());
    float[] both = new float[2 * trained.length];
    for (int i = 0; i < trained.length; i++) {
      int at = i / r * 2 * r + i % r;
      both[at] = trained[i];
      both[at + r] = -began[i];
    }
    return both;
  }

  @Override
  public List<Parameter> ups() {
    return List.of(b);
  }

  @Override
  public LoraLinear beside(FrozenLinear base, boolean training, long tokenOffset) {
    FrozenLinear less =
        part == null
            ? base
            : base.without(new FrozenLinear.Less(part.a.value(), part.b.value(), scale));
    Dropout drop = Dropout.of(training ? dropout : 0, seed, tokenOffset * a.value().size(1));
    return new LoraLinear(less, a, trainsA, b, scale, drop);
  }

  @Override
  public double flopsPerToken() {
    // The gradient of A is one of its three products.
    return 6.0 * b.value().elements() + (trainsA ? 6.0 : 4.0) * a.value().elements();
  }

  @Override
  public LowRankPair withDropout(float other) {
    return new LowRankPair(modulePath, a, trainsA, b, scale, other, seed, part);
  }
}
