package dev.nacelle.adapter;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.function.Dropout;
import dev.nacelle.function.FrozenLinear;
import dev.nacelle.function.HydraLinear;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;

/**
 * What HydraLoRA adds to one linear layer: scale · Σ_e ω_e·(drop(x)·Aᵀ)·B_eᵀ with ω =
 * softmax(x·routerᵀ).
 *
 * @param modulePath the layer in Hugging Face's words
 * @param a (R, in) fp32
 * @param bs (out, E·R) fp32: the heads side by side, in the file one tensor each
 * @param router (E, in) fp32
 * @param scale alpha / R
 * @param dropout share of the input that is dropped before A while training; the router sees all
 * @param seed of this module's dropout masks
 * @param watch sees what the router does in training
 */
public record HydraHeads(
    String modulePath,
    Parameter a,
    Parameter bs,
    Parameter router,
    float scale,
    float dropout,
    long seed,
    RouterWatch watch)
    implements LayerAdapter {
  /** The layer that has no function with heads: it is one with the loss. */
  public static final String UNROUTED = "lm_head";

  static HydraHeads of(
      ParameterMaker maker,
      AdapterConfig config,
      HydraKind kind,
      Adapter.Module module,
      Adapter.Source source,
      long seed) {
    String path = module.path();
    if (path.equals(UNROUTED)) {
      throw NacelleException.input(
          "the adapter has HydraLoRA's heads beside lm_head, which are not read",
          "train it without lm_head among its targets");
    }
    Part a = new Part(LoraKind.A, config.rank(module.path()), module.in());
    Part router = new Part(HydraKind.ROUTER, kind.heads(), module.in());
    Part ups = new Part(LoraKind.B, module.out(), (long) kind.heads() * config.rank(module.path()));
    return new HydraHeads(
        path,
        maker.make(path, a, source.values(module, a)),
        maker.make(path, ups, sideBySide(config, kind.heads(), module, source)),
        maker.make(path, router, source.values(module, router)),
        (float) config.scale(module.path()),
        (float) config.dropout(),
        AdapterInit.dropoutSeed(seed, path),
        new RouterWatch(path, kind.heads()));
  }

  /** (out, E·R) of E times (out, R); nothing of nothing. */
  private static float[] sideBySide(
      AdapterConfig config, int heads, Adapter.Module module, Adapter.Source source) {
    int rank = config.rank(module.path());
    int width = Math.multiplyExact(heads, rank);
    float[] all = new float[0];
    for (int head = 0; head < heads; head++) {
      Part part = new Part(HydraKind.head(head), module.out(), rank);
      float[] own = source.values(module, part);
      if (head == 0 && own.length > 0) {
        all = new float[Math.toIntExact(Math.multiplyExact(module.out(), width))];
      }
      for (int row = 0; row < own.length / rank; row++) {
        System.arraycopy(own, row * rank, all, row * width + head * rank, rank);
      }
    }
    return all;
  }

  public int heads() {
    return (int) router.value().size(0);
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(a, bs, router);
  }

  @Override
  public List<Parameter> ups() {
    return List.of(bs);
  }

  @Override
  public Function beside(FrozenLinear base, boolean training, long tokenOffset) {
    Dropout drop = Dropout.of(training ? dropout : 0, seed, tokenOffset * a.value().size(1));
    return new HydraLinear(base, a, bs, router, scale, drop, watch);
  }

  @Override
  public HydraHeads withDropout(float other) {
    return new HydraHeads(modulePath, a, bs, router, scale, other, seed, watch);
  }

  /** The heads leave as they came, one tensor each. */
  @Override
  public List<NamedTensor> named(Parameter parameter, Tensor tensor) {
    if (parameter != bs) {
      return LayerAdapter.super.named(parameter, tensor);
    }
    List<NamedTensor> named = new ArrayList<>();
    for (int e = 0; e < heads(); e++) {
      int head = e;
      named.add(
          new NamedTensor(
              PeftAdapter.PREFIX + modulePath + HydraKind.head(head),
              DType.FP32,
              new long[] {tensor.size(0), a.value().size(0)},
              sink -> NamedTensor.floats(head(tensor, head)).writeTo(sink)));
    }
    return named;
  }

  /** Columns of one head, (out, R) row by row. */
  private float[] head(Tensor all, int head) {
    int rank = (int) a.value().size(0);
    int width = (int) all.size(1);
    float[] values = all.toFloats();
    float[] own = new float[values.length / width * rank];
    for (int row = 0; row < values.length / width; row++) {
      System.arraycopy(values, row * width + head * rank, own, row * rank, rank);
    }
    return own;
  }
}
