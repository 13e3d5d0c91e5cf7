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
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** The training and the held-out side of a run's data. */
final class FinetuneData implements AutoCloseable {
  /** Up to here counting all samples first costs about a minute; beyond, only where epochs ask. */
  private static final long ALWAYS_MEASURED_BYTES = 64L << 20;

  private final FinetuneOptions options;
  private final Cancellation cancellation;
  private final Progress evaluationProgress;
  private final Dataset dataset;
  private final @Nullable Dataset evalDataset;
  private final DataView train;
  private final @Nullable DataView eval;
  private final @Nullable DataCounts measured;
  private @Nullable BatchSource source;

  FinetuneData(
      FinetuneOptions options,
      BaseModel base,
      Consumer<TrainEvent> listener,
      Cancellation cancellation) {
    this.options = options;
    this.cancellation = cancellation;
    this.evaluationProgress = progress("evaluating", listener);
    FinetuneOptions.DataFlow flow = options.data();
    Path scratch = Path.of(System.getProperty("java.io.tmpdir"));
    Progress reading = progress("reading", listener);
    Progress counting = progress("tokenising", listener);
    SampleEncoder encoder =
        new SampleEncoder(
            base.tokenizer(),
            base.template(),
            base.eosId(),
            new TokenizeOptions(
                flow.maxLength(), flow.trainOn(), flow.format(), flow.skipBadLines()));
    this.dataset = Dataset.open(flow.files(), encoder, scratch, reading);
    Dataset held = null;
    try {
      FinetuneOptions.Evaluating evaluating = options.evaluation();
      if (!evaluating.data().isEmpty()) {
        held = Dataset.open(evaluating.data(), encoder, scratch, reading);
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

  /** Tells the listener, and stops where that was asked for. */
  private Progress progress(String what, Consumer<TrainEvent> listener) {
    return (done, total) -> {
      cancellation.check();
      listener.accept(new TrainEvent.Preparing(what, done, total));
    };
  }

  long badLines() {
    return dataset.badLines();
  }

  BatchSource batches() {
    FinetuneOptions.DataFlow flow = options.data();
    BatchSource batches =
        new BatchSource(
            train, flow.order(), options.seed(), flow.batchSize(), flow.accumulate(), Cursor.START);
    source = batches;
    return batches;
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
