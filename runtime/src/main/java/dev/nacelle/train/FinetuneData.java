package dev.nacelle.train;

import dev.nacelle.data.BatchSource;
import dev.nacelle.data.Cursor;
import dev.nacelle.data.DataCounts;
import dev.nacelle.data.DataView;
import dev.nacelle.data.Dataset;
import dev.nacelle.data.Progress;
import dev.nacelle.data.Reading;
import dev.nacelle.data.Sample;
import dev.nacelle.data.SampleEncoder;
import dev.nacelle.data.TokenizeOptions;
import dev.nacelle.data.topics.TopicCurve;
import dev.nacelle.data.topics.Topics;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** The training and the held-out side of a run's data. */
final class FinetuneData implements AutoCloseable {
  /** Up to here counting all samples first costs about a minute; beyond, only where epochs ask. */
  private static final long ALWAYS_MEASURED_BYTES = 64L << 20;

  /** Samples whose sizes are known that are dealt out in advance. */
  private static final long MOST_OUTLINED = 1L << 18;

  /** Samples that are read in advance to know the sizes of steps. */
  private static final long MOST_DRAWN = 2048;

  private final FinetuneOptions options;
  private final Progress evaluationProgress;
  private final Dataset dataset;
  private final @Nullable Dataset evalDataset;
  private final DataView train;
  private final @Nullable DataView eval;
  private final @Nullable DataCounts measured;
  private @Nullable BatchSource source;

  FinetuneData(RunContext run, BaseModel base) {
    this.options = run.options();
    this.evaluationProgress = progress("evaluating", run);
    FinetuneOptions.DataFlow flow = options.data();
    Path scratch = Path.of(System.getProperty("java.io.tmpdir"));
    Progress reading = progress("reading", run);
    Progress counting = progress("tokenising", run);
    SampleEncoder encoder =
        new SampleEncoder(
            base.tokenizer(),
            base.template(),
            base.eosId(),
            new TokenizeOptions(
                flow.maxLength(), flow.trainOn(), flow.format(), flow.skipBadLines()));
    this.dataset = Dataset.open(flow.files(), encoder, scratch, reading, run.faults());
    Dataset held = null;
    try {
      FinetuneOptions.Evaluating evaluating = options.evaluation();
      if (!evaluating.data().isEmpty()) {
        held = Dataset.open(evaluating.data(), encoder, scratch, reading, run.faults());
        this.eval = held.all();
        this.train = dataset.all();
      } else if (evaluating.split() > 0) {
        Dataset.Split split = dataset.split(evaluating.split());
        this.train = split.train();
        this.eval = split.eval();
      } else {
        this.train = dataset.all();
        this.eval = null;
      }
      this.evalDataset = held;
      boolean measure = options.length().steps() == 0 || dataset.bytes() <= ALWAYS_MEASURED_BYTES;
      this.measured = measure ? train.measure(counting) : null;
      if (eval != null) {
        eval.measure(counting);
      }
    } catch (RuntimeException e) {
      if (held != null) {
        held.close();
      }
      dataset.close();
      throw e;
    }
  }

  /** Tells the listener, and stops where that was asked for. */
  private static Progress progress(String what, RunContext run) {
    return (done, total) -> {
      run.cancellation().check();
      run.tell(new TrainEvent.Preparing(what, done, total));
    };
  }

  /** How many topics the texts of the training side have. */
  TopicCurve topics(RunContext run) {
    List<Long> records = train.drawn(Topics.MOST_TEXTS, options.seed());
    Progress progress = progress("counting topics", run);
    return Topics.of(
        records.size(),
        i -> train.text(records.get((int) i)),
        options.data().maxLength(),
        options.seed(),
        progress::at);
  }

  /**
   * Whether {@link #counts} are of all the training side: a large file is not read through first.
   */
  boolean isMeasured() {
    return measured != null;
  }

  /** Counts of the training side, or of what was dealt out of it so far. */
  DataCounts counts() {
    if (measured != null) {
      return measured;
    }
    return source == null ? DataCounts.NONE : source.dealt();
  }

  /** The counts as a sentence. */
  String countsInWords() {
    DataCounts counts = counts();
    return String.format(
        Locale.ROOT,
        "%,d samples%s; %,d truncated at --max-length %d, %,d dropped because no target was left",
        counts.samples(),
        isMeasured() ? "" : " seen",
        counts.truncated(),
        options.data().maxLength(),
        counts.dropped());
  }

  long badLines() {
    return dataset.badLines();
  }

  /** Hashes of the training files. */
  List<String> hashes() {
    return dataset.fileHashes();
  }

  /** Hashes of the held-out files; none where a share of the training files is held out. */
  List<String> evalHashes() {
    return evalDataset == null ? List.of() : evalDataset.fileHashes();
  }

  /** The batches from a place on. */
  BatchSource batches(Cursor start) {
    FinetuneOptions.DataFlow flow = options.data();
    BatchSource batches =
        new BatchSource(
            train, flow.order(), options.seed(), flow.batchSize(), flow.accumulate(), start);
    source = batches;
    return batches;
  }

  /**
   * The sizes of the run's steps: of every one where that takes a moment, else as if the longest
   * samples came together.
   */
  StepSizes sizes(int padId) {
    FinetuneOptions.DataFlow flow = options.data();
    long perStep = (long) flow.batchSize() * flow.accumulate();
    long wanted = options.length().steps();
    if (wanted == 0) {
      long samples = counts().samples();
      wanted = (long) Math.ceil(options.length().epochs() * Math.ceilDiv(samples, perStep));
    }
    boolean outlined = isMeasured() && train.outline().isWhole();
    if (wanted * perStep > (outlined ? MOST_OUTLINED : MOST_DRAWN)) {
      return StepSizes.full(flow, isMeasured() ? counts().longest() : flow.maxLength());
    }
    BatchSource drawn =
        new BatchSource(
            outlined ? train.outline() : train,
            flow.order(),
            options.seed(),
            flow.batchSize(),
            flow.accumulate(),
            Cursor.START);
    StepSizes.Collector sizes = new StepSizes.Collector(flow.batchSize());
    for (long step = 0; step < Math.max(1, wanted); step++) {
      sizes.add(
          drawn.next().microBatches().stream()
              .map(samples -> Batches.of(samples, flow.packing(), padId))
              .toList());
    }
    return sizes.done();
  }

  boolean hasEval() {
    return eval != null;
  }

  /** The mean loss over the held-out side. */
  Evaluator.Sum evaluate(Evaluator evaluator) {
    return eval == null ? Evaluator.Sum.NONE : evaluate(evaluator, eval);
  }

  private Evaluator.Sum evaluate(Evaluator evaluator, DataView view) {
    Evaluator.Sum sum = Evaluator.Sum.NONE;
    List<Sample> batch = new ArrayList<>();
    for (long r = 0; r < view.records(); r++) {
      if (view.read(r).orElse(null) instanceof Reading.Kept kept) {
        batch.add(kept.sample());
        if (batch.size() == options.data().batchSize()) {
          sum = sum.plus(evaluator.evaluate(batch));
          batch.clear();
          evaluationProgress.at(r + 1, view.records());
        }
      }
    }
    return batch.isEmpty() ? sum : sum.plus(evaluator.evaluate(batch));
  }

  @Override
  public void close() {
    if (evalDataset != null) {
      evalDataset.close();
    }
    dataset.close();
  }
}
