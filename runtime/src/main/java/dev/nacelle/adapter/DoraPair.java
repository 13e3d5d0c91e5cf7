package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.DoraKind;
import dev.nacelle.function.DoraLinear;
import dev.nacelle.function.FrozenLinear;
import dev.nacelle.kernels.AdapterPair;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Function;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tensor.Weight;
import java.util.List;

/**
 * What DoRA makes of one linear layer: the sum of the layer and a low-rank pair, each output scaled
 * so that the rows of the adapted weight have the lengths of {@code magnitude}.
 *
 * @param pair A and B
 * @param magnitude (out) fp32
 */
public record DoraPair(LowRankPair pair, Parameter magnitude) implements LayerAdapter {
  static DoraPair of(
      ParameterMaker maker,
      AdapterConfig config,
      Adapter.Module module,
      Adapter.Source source,
      long seed) {
    LowRankPair pair = LowRankPair.of(maker, config, module, source, null, seed);
    var part =
        config.parts(module.path(), module.out(), module.in()).stream()
            .filter(p -> p.suffix().equals(DoraKind.MAGNITUDE))
            .findFirst()
            .orElseThrow();
    return new DoraPair(pair, maker.make(module.path(), part, source.values(module, part)));
  }

  /** Gives the rows the lengths that they have: with it a fresh adapter changes nothing. */
  void keepLengths(Engine engine, Weight weight) {
    engine
        .kernels()
        .doraLinear()
        .norms(
            magnitude.value().operand(),
            weight.matrix(),
            new AdapterPair(
                pair.a().value().operand(),
                pair.b().value().operand(),
                pair.scale(),
                AdapterPair.Dropout.NONE));
  }

  @Override
  public String modulePath() {
    return pair.modulePath();
  }

  @Override
  public List<Parameter> parameters() {
    return List.of(pair.a(), pair.b(), magnitude);
  }

  @Override
  public List<Parameter> ups() {
    return List.of(pair.b(), magnitude);
  }

  @Override
  public Function beside(FrozenLinear base, boolean training, long tokenOffset) {
    FrozenLinear plain = new FrozenLinear(base.weight(), null, base.isRecomputable());
    return new DoraLinear(pair.beside(plain, training, tokenOffset), magnitude, base.bias());
  }

  @Override
  public DoraPair withDropout(float dropout) {
    return new DoraPair(pair.withDropout(dropout), magnitude);
  }
}
