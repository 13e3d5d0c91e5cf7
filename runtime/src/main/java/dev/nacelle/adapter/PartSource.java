package dev.nacelle.adapter;

import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind.Part;
import dev.nacelle.file.LoraKind;
import dev.nacelle.tape.Engine;
import dev.nacelle.tensor.Weight;
import java.util.function.Function;
import java.util.function.LongConsumer;
import org.jspecify.annotations.Nullable;

/** Values out of the weights: found once a module, for what trains and for what the layer lacks. */
final class PartSource implements Adapter.Source {
  private final Engine engine;
  private final AdapterConfig config;
  private final Beginning beginning;
  private final long seed;
  private final Function<String, Weight> weights;
  private final LongConsumer progress;
  private long begun;
  private @Nullable String path;
  private Beginning.Pair pair = new Beginning.Pair(new float[0], new float[0]);

  PartSource(
      Engine engine,
      AdapterConfig config,
      Beginning beginning,
      long seed,
      Function<String, Weight> weights,
      LongConsumer progress) {
    this.engine = engine;
    this.config = config;
    this.beginning = beginning;
    this.seed = seed;
    this.weights = weights;
    this.progress = progress;
  }

  @Override
  public float[] values(Adapter.Module module, Part part) {
    if (!module.path().equals(path)) {
      progress.accept(begun++);
      path = module.path();
      pair =
          beginning.of(
              engine.kernels(),
              weights.apply(path),
              config.rank(path),
              config.scale(path),
              AdapterInit.moduleSeed(seed, path));
    }
    return part.suffix().equals(LoraKind.A) ? pair.a() : pair.b();
  }
}
