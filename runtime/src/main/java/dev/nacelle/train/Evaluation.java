package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.data.DataView;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.data.Progress;
import dev.nacelle.data.Reading;
import dev.nacelle.data.Sample;
import java.util.ArrayList;
import java.util.List;

/** The loss over all records of a data set, read and tokenised once, in the order of the files. */
public final class Evaluation {
  private final Evaluator evaluator;
  private final int batchSize;

  /**
   * @param batchSize samples that go through the model together
   */
  public Evaluation(Evaluator evaluator, int batchSize) {
    this.evaluator = evaluator;
    this.batchSize = batchSize;
  }

  /**
   * What came of it.
   *
   * @param loss mean over the target tokens
   * @param samples those evaluated
   * @param truncated records longer than the largest length, also those then dropped
   * @param dropped records without a target
   */
  public record Result(
      double loss, long targetTokens, long samples, long truncated, long dropped) {}

  /** Sees every record that could be read, in order. */
  public interface Listener {
    /** A sample and the loss of each of its tokens; what stands at a token without target is 0. */
    void evaluated(Sample sample, float[] losses);

    void dropped(Reading.Dropped record);
  }

  /**
   * Evaluates.
   *
   * @throws NacelleException of kind INPUT where no sample is left
   */
  public Result run(DataView data, Listener listener, Progress progress) {
    Run run = new Run(listener);
    long records = data.records();
    for (long r = 0; r < records; r++) {
      data.read(r).ifPresent(run::take);
      progress.at(r + 1, records);
    }
    run.flush();
    if (run.samples == 0) {
      throw NacelleException.input(
          "nothing is left to evaluate: " + run.dropped + " records have no target",
          "raise --max-length, or evaluate every token with --train-on all");
    }
    double loss = run.sum / run.targets;
    if (!Double.isFinite(loss)) {
      throw new NacelleException(
          NacelleException.Kind.INTERNAL,
          "the loss is " + loss + ": the model does not compute numbers on this data",
          "check the model's weights, or use --dtype fp32");
    }
    return new Result(loss, run.targets, run.samples, run.truncated, run.dropped);
  }

  private final class Run {
    private final Listener listener;
    private final List<Reading> waiting = new ArrayList<>();
    private int samplesWaiting;
    private double sum;
    private long targets;
    private long samples;
    private long truncated;
    private long dropped;

    Run(Listener listener) {
      this.listener = listener;
    }

    void take(Reading reading) {
      switch (reading) {
        case Reading.Kept kept -> {
          samplesWaiting++;
          samples++;
          truncated += kept.sample().truncated() ? 1 : 0;
          waiting.add(kept);
        }
        case Reading.Dropped drop -> {
          dropped++;
          truncated += drop.truncated() ? 1 : 0;
          waiting.add(drop);
        }
        case Reading.Bad bad -> {}
      }
      if (samplesWaiting == batchSize || waiting.size() > 64 * batchSize) {
        flush();
      }
    }

    void flush() {
      List<Sample> batch =
          waiting.stream()
              .filter(Reading.Kept.class::isInstance)
              .map(r -> ((Reading.Kept) r).sample())
              .toList();
      float[] rows = {};
      int[] starts = {0};
      if (!batch.isEmpty()) {
        PackedBatch packed = PackedBatch.of(batch);
        rows = evaluator.rowLosses(packed);
        starts = packed.starts();
        targets += packed.targetTokens();
      }
      int number = 0;
      for (Reading reading : waiting) {
        if (reading instanceof Reading.Kept kept) {
          listener.evaluated(kept.sample(), tokenLosses(kept.sample(), rows, starts[number++]));
        } else if (reading instanceof Reading.Dropped drop) {
          listener.dropped(drop);
        }
      }
      waiting.clear();
      samplesWaiting = 0;
    }

    /** A row's loss belongs to the token after it. */
    private float[] tokenLosses(Sample sample, float[] rows, int start) {
      float[] losses = new float[sample.length()];
      for (int t = 1; t < losses.length; t++) {
        if (sample.isTrained(t)) {
          losses[t] = rows[start + t - 1];
          sum += losses[t];
        }
      }
      return losses;
    }
  }
}
