package dev.nacelle.planning;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.layer.KeyValueCache;
import dev.nacelle.memory.Allocator;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.tape.Engine;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.ChatAnswer;
import dev.nacelle.train.Evaluator;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.InitialAdapter;
import dev.nacelle.train.Schedule;
import dev.nacelle.train.StepSizes;
import dev.nacelle.train.TrainSettings;
import dev.nacelle.train.Trainer;
import java.util.List;
import java.util.Map;

/**
 * A run walked with shapes alone: the code of loading, training and evaluating as it stands, over
 * kernels that compute nothing. No weight is read and no tensor becomes memory; what the arena
 * handed out is what a run with kernels keeps resident, holes included.
 *
 * @param mapped bytes of the model's files that are in memory where weights stay there
 * @param streamed the same where each stretch's weights go once it is done
 * @param loaded bytes of tensors once model and adapter are there
 * @param firstStep the same after the first step
 * @param steadyStep the same after the second
 * @param evaluated the same after an evaluation; that of the step where there is none
 * @param answered the same after the sample prompts were answered
 * @param scratch bytes that kernels hold beside the tensors
 * @param classes the ledger's classes when its sum was highest, mapped weights among the parameters
 * @param adapterBytes of the adapter's parameters, as its file holds them
 * @param work of a step between the products with whole matrices, for each token
 */
record Rehearsal(
    long mapped,
    long streamed,
    long loaded,
    long firstStep,
    long steadyStep,
    long evaluated,
    long answered,
    long scratch,
    Map<LedgerClass, Long> classes,
    long adapterBytes,
    WorkTally.PerToken work) {

  /**
   * Walks a run.
   *
   * @param layers blocks of the model that are there, the first ones
   */
  static Rehearsal of(
      BaseModel base,
      KernelSet kernels,
      FinetuneOptions options,
      StepSizes sizes,
      Strategy strategy,
      int layers) {
    WorkTally tally = new WorkTally(options.adapter().rank());
    SilentKernels silent = new SilentKernels(kernels, tally);
    try (Engine engine = new Engine(silent.set(), Allocator.rehearsing())) {
      Allocator allocator = engine.allocator();
      DecoderModel model = base.rehearse(engine, options.dtype(), layers);
      Adapter adapter =
          InitialAdapter.unset(engine, BaseModel.modules(model), options, model::weight);
      BaseModel.install(model, adapter);
      long loaded = allocator.touchedBytes();
      double clip = strategy.updateInBackward() ? 0 : 1;
      TrainSettings settings =
          new TrainSettings(
              Schedule.of(Schedule.Kind.CONSTANT, 0, 0, 2), AdamSettings.DEFAULT, clip);
      // Pages of a mapped file are no matter of the allocator, and nothing is to be read ahead.
      Strategy walked = strategy.withPlaces(Strategy.Weights.RESIDENT, strategy.spill());
      List<List<PackedBatch>> steps = sizes.largest(strategy.microBatch());
      try (Trainer trainer = new Trainer(engine, model, adapter, settings)) {
        trainer.use(walked);
        steps.forEach(trainer::step);
        long first = allocator.touchedBytes();
        WorkTally.PerToken ignored = tally.take(1);
        steps.forEach(trainer::step);
        WorkTally.PerToken work = tally.take(tokens(steps));
        long steady = allocator.touchedBytes();
        if (options.evaluation().isWanted()) {
          Evaluator evaluator = new Evaluator(engine, model, walked);
          steps.forEach(step -> step.forEach(evaluator::rowLosses));
        }
        long evaluated = allocator.touchedBytes();
        for (String prompt : options.samplePrompts()) {
          answer(base, model, prompt);
        }
        long tokens = longest(steps);
        return new Rehearsal(
            model.mappedBytes(false, tokens) + base.headerBytes(),
            model.mappedBytes(true, tokens) + base.headerBytes(),
            loaded,
            first,
            steady,
            evaluated,
            allocator.touchedBytes(),
            silent.scratchBytes(),
            engine.ledger().classesAtPeak(),
            adapterBytes(adapter),
            work);
      }
    }
  }

  /** The prompt and one token behind it, with room for as many as a run lets it have. */
  private static void answer(BaseModel base, DecoderModel model, String prompt) {
    int[] ids = ChatAnswer.prompt(base, prompt);
    try (KeyValueCache cache = model.newCache(ids.length + ChatAnswer.MOST_SAMPLE_TOKENS)) {
      float[] ignored = model.nextLogits(cache, ids);
      ignored = model.nextLogits(cache, 0);
    }
  }

  private static long adapterBytes(Adapter adapter) {
    return adapter.parameters().stream().mapToLong(p -> p.value().byteSize()).sum();
  }

  private static long tokens(List<List<PackedBatch>> steps) {
    return steps.stream().flatMap(List::stream).mapToLong(PackedBatch::length).sum();
  }

  private static long longest(List<List<PackedBatch>> steps) {
    return steps.stream().flatMap(List::stream).mapToInt(PackedBatch::length).max().orElse(0);
  }

  /** Bytes beside the model's files. */
  long held() {
    return scratch + answered;
  }

  /** Bytes of the model's files that are in memory. */
  long fileBytes(Strategy.Weights weights) {
    return weights == Strategy.Weights.STREAMED ? streamed : mapped;
  }

  /** Bytes of tensors, scratch and files when most are there. */
  long peak(Strategy.Weights weights) {
    return fileBytes(weights) + scratch + answered;
  }
}
