package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.function.Dropout;
import dev.nacelle.function.FrozenLinear;
import dev.nacelle.function.VeraLinear;
import dev.nacelle.tape.Parameter;
import java.util.List;

/**
 * What VeRA adds to one linear layer: b ⊙ (B·(d ⊙ (A·drop(x)))), of which the vectors train.
 *
 * @param modulePath the layer in Hugging Face's words
 * @param b (out) fp32
 * @param d (R) fp32
 * @param basis the matrices, of which the layer takes the first rows and columns; the adapter's
 * @param in columns of the layer's weight
 * @param dropout share of the input that is dropped before A while training
 * @param seed of this module's dropout masks
 */
public record VeraVectors(
    String modulePath, Parameter b, Parameter d, VeraBasis basis, long in, float dropout, long seed)
    implements LayerAdapter {
  static VeraVectors of(
      ParameterMaker maker,
      AdapterConfig config,
      VeraBasis basis,
      Adapter.Module module,
      Adapter.Source source,
      long seed) {
    String path = module.path();
    List<Part> parts = config.parts(path, module.out(), module.in());
    return new VeraVectors(
        path,
        maker.make(path, parts.get(0), source.values(module, parts.get(0))),
        maker.make(path, parts.get(1), source.values(module, parts.get(1))),
        basis,
        module.in(),
        (float) config.dropout(),
        AdapterInit.dropoutSeed(seed, path));
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(b, d);
  }

  /** Both, as PEFT's LoRA+ has every vector. */
  @Override
  public List<Parameter> ups() {
    return List.of(b, d);
  }

  @Override
  public VeraLinear beside(FrozenLinear base, boolean training, long tokenOffset) {
    Dropout drop = Dropout.of(training ? dropout : 0, seed, tokenOffset * in);
    return new VeraLinear(
        base, basis.a().value(), basis.b().value(), basis.ones().value(), b, d, drop);
  }

  @Override
  public double flopsPerToken() {
    // A forward, again, and back; B likewise, for b's gradient.
    double rank = d.value().elements();
    return 6 * rank * (in + b.value().elements());
  }

  @Override
  public VeraVectors withDropout(float other) {
    return new VeraVectors(modulePath, b, d, basis, in, other, seed);
  }
}
