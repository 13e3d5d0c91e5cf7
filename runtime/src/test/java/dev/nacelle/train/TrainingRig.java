package dev.nacelle.train;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.Targets;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.kernels.backend.Kernels;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Allocator;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.RopeScaling;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/** An engine with a random model and an adapter, built step by step and closed in whole. */
final class TrainingRig implements AutoCloseable {
  private final Deque<AutoCloseable> open = new ArrayDeque<>();
  private final Engine engine;

  /**
   * @param fault decides which of the engine's allocations fails
   */
  TrainingRig(AllocationFault fault) {
    engine = own(new Engine(Kernels.open(2, null), new Allocator(fault)));
  }

  Engine engine() {
    return engine;
  }

  /** Closed with the rig, the last first. */
  <T extends AutoCloseable> T own(T resource) {
    open.push(resource);
    return resource;
  }

  /** A Llama with this hidden size, inner size and key/value width. */
  static ModelConfig config(
      int hidden, int inner, int keyWidth, int headDim, int layers, boolean biased) {
    return config(hidden, inner, keyWidth, headDim, layers, biased, 97);
  }

  static ModelConfig config(
      int hidden,
      int inner,
      int keyWidth,
      int headDim,
      int layers,
      boolean biased,
      int vocabulary) {
    return new ModelConfig(
        hidden,
        inner,
        layers,
        hidden / headDim,
        keyWidth / headDim,
        headDim,
        vocabulary,
        1e-5,
        10_000,
        new RopeScaling.Default(),
        2048,
        biased,
        biased,
        true,
        null,
        List.of(),
        null,
        null);
  }

  DecoderModel model(ModelConfig config, DType weights, DType compute) {
    return own(DecoderModel.load(new MemorySource(config, weights, 11), config, engine, compute));
  }

  /** A fresh adapter on the chosen layers of the model, installed. */
  Adapter adapt(DecoderModel model, int rank, double dropout, String targets, String layers) {
    return adapt(model, new LoraKind(), rank, dropout, targets, layers);
  }

  /** The same of another kind. */
  Adapter adapt(
      DecoderModel model,
      AdapterKind kind,
      int rank,
      double dropout,
      String targets,
      String layers) {
    List<Adapter.Module> modules = BaseModel.modules(model);
    Set<String> chosen =
        new HashSet<>(
            Targets.parse(targets, layers)
                .select(modules.stream().map(Adapter.Module::path).toList()));
    Adapter adapter =
        own(
            Adapter.fresh(
                engine,
                AdapterConfig.of(kind, rank, 2.0 * rank, dropout, List.of(), List.of(), null),
                modules.stream().filter(m -> chosen.contains(m.path())).toList(),
                7,
                model::weight));
    BaseModel.install(model, adapter);
    return adapter;
  }

  Trainer trainer(DecoderModel model, Adapter adapter) {
    Schedule schedule = Schedule.of(Schedule.Kind.CONSTANT, 1e-3, 0, 100);
    return own(
        new Trainer(engine, model, adapter, new TrainSettings(schedule, AdamSettings.DEFAULT, 1)));
  }

  /** Samples of these lengths with random ids; every second token is a target. */
  static PackedBatch batch(SplittableRandom random, int... lengths) {
    int n = IntStream.of(lengths).sum();
    int[] ids = new int[n];
    int[] positions = new int[n];
    int[] starts = new int[lengths.length + 1];
    int[] targets = new int[n];
    Arrays.fill(targets, PackedBatch.NO_TARGET);
    int targetTokens = 0;
    int at = 0;
    for (int s = 0; s < lengths.length; s++) {
      for (int t = 0; t < lengths[s]; t++, at++) {
        ids[at] = random.nextInt(97);
        positions[at] = t;
        if (t % 2 == 0 && t + 1 < lengths[s]) {
          targets[at] = random.nextInt(97);
          targetTokens++;
        }
      }
      starts[s + 1] = at;
    }
    return new PackedBatch(ids, positions, starts, targets, n, targetTokens, 0);
  }

  @Override
  public void close() {
    while (!open.isEmpty()) {
      try {
        open.pop().close();
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) {
        throw new IllegalStateException(e);
      }
    }
  }
}
