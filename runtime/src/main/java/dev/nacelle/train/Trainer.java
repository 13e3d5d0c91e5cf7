package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.model.LlamaModel;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.util.List;
import java.util.function.Consumer;

/**
 * Takes optimiser steps: {@link #step} is where training happens. Forward and backward of each
 * micro-batch, clipping, AdamW; after it nothing but parameters and moments is alive.
 */
public final class Trainer implements AutoCloseable {
  private final Engine engine;
  private final LlamaModel model;
  private final Adapter adapter;
  private final TrainSettings settings;
  private final Optimizer optimizer;
  private final NeededWork needed;
  private long stepsDone;
  private long tokensDone;
  private Consumer<Adapter> gradientObserver = ignored -> {};

  public Trainer(Engine engine, LlamaModel model, Adapter adapter, TrainSettings settings) {
    this.engine = engine;
    this.model = model;
    this.adapter = adapter;
    this.settings = settings;
    this.needed = NeededWork.of(model);
    this.optimizer = new Optimizer(engine, settings.adam(), adapter.pairs());
  }

  /** Shows the gradients of each step before clipping to somebody. */
  public void observeGradients(Consumer<Adapter> observer) {
    gradientObserver = observer;
  }

  public long stepsDone() {
    return stepsDone;
  }

  /**
   * One optimiser step over all its micro-batches: the loss is the mean over all their targets.
   *
   * @throws NacelleException where the loss is not a number; the adapter then is what it was before
   */
  public StepRecord step(List<PackedBatch> microBatches) {
    long begin = System.nanoTime();
    engine.ledger().startLap();
    long step = stepsDone + 1;
    long tokens = 0;
    long targets = 0;
    long padding = 0;
    for (PackedBatch batch : microBatches) {
      tokens += batch.tokens();
      targets += batch.targetTokens();
      padding += batch.paddingTokens();
    }
    double sum = 0;
    try {
      for (PackedBatch batch : microBatches) {
        sum += forwardBackward(batch, 1f / Math.max(1, targets));
        tokensDone += batch.length();
      }
      double loss = sum / Math.max(1, targets);
      gradientObserver.accept(adapter);
      double norm = optimizer.clip(settings.clip());
      if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
        throw new NacelleException(
            NacelleException.Kind.INTERNAL,
            "step "
                + step
                + ": the loss is "
                + loss
                + " and the gradient norm "
                + norm
                + "; the adapter was left as step "
                + stepsDone
                + " made it",
            "lower --lr, set --clip, or use --dtype fp32");
      }
      double rate = settings.schedule().rate(step);
      optimizer.step(step, rate);
      optimizer.releaseGradients();
      stepsDone = step;
      return new StepRecord(
          step,
          loss,
          tokens,
          targets,
          padding,
          rate,
          norm,
          (System.nanoTime() - begin) * 1e-9,
          needed.flops(microBatches),
          engine.ledger().live(),
          engine.ledger().peak(),
          engine.ledger().classesAtLapPeak());
    } finally {
      optimizer.releaseGradients();
    }
  }

  private double forwardBackward(PackedBatch batch, float gradScale) {
    try (Tape tape = engine.record()) {
      Tensor losses = model.losses(tape, Batches.row(batch), gradScale, true, tokensDone);
      double sum = 0;
      for (float loss : losses.toFloats()) {
        sum += loss;
      }
      tape.backward(losses);
      return sum;
    }
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
