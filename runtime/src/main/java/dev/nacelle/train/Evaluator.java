package dev.nacelle.train;

import dev.nacelle.data.PackedBatch;
import dev.nacelle.data.Sample;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.TokenRow;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Tape;
import java.util.List;

/** Losses without training: forward alone, no dropout. */
public final class Evaluator {
  private final Engine engine;
  private final DecoderModel model;
  private final Strategy strategy;

  public Evaluator(Engine engine, DecoderModel model) {
    this(engine, model, Strategy.FASTEST);
  }

  /**
   * @param strategy of which forward alone heeds microBatch, headRows and where the weights are
   */
  public Evaluator(Engine engine, DecoderModel model, Strategy strategy) {
    this.strategy = strategy;
    this.engine = engine;
    this.model = model;
  }

  /** Σ losses and how many there were. */
  public record Sum(double losses, long targetTokens) {
    public static final Sum NONE = new Sum(0, 0);

    public Sum plus(Sum other) {
      return new Sum(losses + other.losses, targetTokens + other.targetTokens);
    }

    /** Mean over the target tokens. */
    public double mean() {
      return losses / Math.max(1, targetTokens);
    }
  }

  /** The loss of each row of a batch: row t predicts token t + 1; 0 where it has no target. */
  public float[] rowLosses(PackedBatch batch) {
    float[] losses = new float[batch.length()];
    int done = 0;
    for (TokenRow part : Batches.row(batch).parts(strategy.microBatch())) {
      try (Tape tape = engine.forwardOnly()) {
        float[] some = model.losses(tape, strategy, part, 1f, false, 0).toFloats();
        System.arraycopy(some, 0, losses, done, some.length);
        done += some.length;
      }
    }
    return losses;
  }

  /** The losses of some samples, laid end to end. */
  public Sum evaluate(List<Sample> samples) {
    PackedBatch batch = PackedBatch.of(samples);
    double sum = 0;
    for (float loss : rowLosses(batch)) {
      sum += loss;
    }
    return new Sum(sum, batch.targetTokens());
  }
}
