package dev.nacelle.planning;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.layer.KeyValueCache;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.Budget;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.tape.Engine;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.Evaluator;
import dev.nacelle.train.GenerationCache;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * How a model evaluates or writes inside a budget: forward alone, so that there is little to
 * choose. Weights stay mapped, or their pages go block by block; fewer samples go through together;
 * fewer tokens' logits are alive at once. All of them come to the same numbers.
 *
 * @param strategy for {@link Evaluator} and the generation
 * @param batch samples that go through together
 * @param bytes the most that the process will hold, as foreseen
 */
public record ForwardPlan(Strategy strategy, int batch, long bytes) {
  /** Tokens' logits at once where they are few. */
  private static final int FEW_ROWS = 64;

  /**
   * What is to be done, and where.
   *
   * @param adapters that are added to the model
   * @param budget what may be held
   * @param cost what the process holds beside
   */
  public record Job(
      BaseModel base,
      KernelSet kernels,
      DType compute,
      List<AdapterBlend.Choice> adapters,
      Budget.Look budget,
      ProcessCost cost) {}

  /**
   * The fastest way to evaluate samples of up to so many tokens.
   *
   * @throws NacelleException of kind BUDGET where nothing fits, with the least that would
   */
  public static ForwardPlan evaluation(Job job, int maxLength, int batch) {
    List<ForwardPlan> ways = new ArrayList<>();
    for (Strategy.Weights weights : Strategy.Weights.values()) {
      for (int samples = batch; samples >= 1; samples /= 2) {
        for (int rows : new int[] {0, FEW_ROWS}) {
          ways.add(
              new ForwardPlan(
                  Strategy.FASTEST.withHeadRows(rows).withPlaces(weights, Strategy.Spill.NOTHING),
                  samples,
                  0));
        }
      }
    }
    int length = Math.min(maxLength, job.base.config().maxPositionEmbeddings());
    return first(
        job,
        ways,
        length,
        way -> {
          PackedBatch full = PackedBatch.full(way.batch, length);
          return (engine, model) -> new Evaluator(engine, model, way.strategy).rowLosses(full);
        },
        "lower --max-length");
  }

  /**
   * The fastest way to write so many tokens behind a prompt.
   *
   * @throws NacelleException of kind BUDGET where nothing fits, with the least that would
   */
  public static ForwardPlan generation(Job job, int promptTokens, int newTokens) {
    List<ForwardPlan> ways = new ArrayList<>();
    for (Strategy.Weights weights : Strategy.Weights.values()) {
      ways.add(new ForwardPlan(Strategy.FASTEST.withPlaces(weights, Strategy.Spill.NOTHING), 1, 0));
    }
    int chunked = Math.clamp(promptTokens, 1, GenerationCache.PROMPT_CHUNK);
    return first(
        job,
        ways,
        chunked,
        way ->
            (engine, model) -> {
              try (KeyValueCache cache = model.newCache(promptTokens + newTokens)) {
                int[] chunk = new int[chunked];
                float[] logits = new float[model.config().vocabularySize()];
                model.nextLogits(logits, way.strategy, cache, chunk.length, chunk);
              }
            },
        "lower --max-new-tokens");
  }

  private interface Walks {
    BiConsumer<Engine, DecoderModel> of(ForwardPlan way);
  }

  private static ForwardPlan first(
      Job job, List<ForwardPlan> ways, int tokens, Walks walks, String advice) {
    long adapters = adapterBytes(job.adapters);
    long least = Long.MAX_VALUE;
    for (ForwardPlan way : ways) {
      long bytes = bytes(job, way, (long) tokens * way.batch, walks.of(way)) + adapters;
      if (bytes <= job.budget.bytes()) {
        return new ForwardPlan(way.strategy, way.batch, bytes);
      }
      least = Math.min(least, bytes);
    }
    throw new NacelleException(
        NacelleException.Kind.BUDGET,
        "this needs at least "
            + least
            + " bytes ("
            + Budget.size(least)
            + "), and the budget is "
            + Budget.size(job.budget.bytes())
            + ": "
            + job.budget.reason(),
        "give it --budget " + least + ", " + advice + ", or take a quantised model");
  }

  private static long bytes(
      Job job, ForwardPlan way, long tokens, BiConsumer<Engine, DecoderModel> walk) {
    SilentKernels silent = new SilentKernels(job.kernels);
    try (Engine engine = new Engine(silent.set(), Allocator.rehearsing())) {
      Allocator allocator = engine.allocator();
      DecoderModel model = job.base.rehearse(engine, job.compute, job.base.config().layers());
      walk.accept(engine, model);
      boolean streamed = way.strategy.weights() == Strategy.Weights.STREAMED;
      long mapped = model.mappedBytes(streamed, tokens);
      int vocabulary = job.base.config().vocabularySize();
      return job.cost.runBytes(vocabulary, job.kernels.threads())
          + job.base.headerBytes()
          + mapped
          + silent.scratchBytes()
          + allocator.touchedBytes();
    }
  }

  /** Adapters are held in fp32, and their files are mapped while they are read. */
  private static long adapterBytes(List<AdapterBlend.Choice> adapters) {
    long bytes = 0;
    for (AdapterBlend.Choice choice : adapters) {
      if (!Files.isRegularFile(PeftAdapter.weights(choice.folder()))) {
        continue; // whoever loads it says what is missing
      }
      try (TensorSource weights = PeftAdapter.openWeights(choice.folder(), FaultInjector.none())) {
        for (TensorEntry entry : weights.entries().values()) {
          bytes += entry.elements() * Float.BYTES + entry.bytes();
        }
      }
    }
    return bytes;
  }
}
