package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.adapter.RouterUse;
import dev.nacelle.adapter.RouterWatch;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.memory.SpillFile;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.TokenRow;
import dev.nacelle.tape.Engine;
import dev.nacelle.tape.Keeping;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.QuantizedKeeping;
import dev.nacelle.tape.SpillKeeping;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Takes optimiser steps: {@link #step} is where training happens. Forward and backward of each
 * micro-batch, clipping, AdamW; after it nothing but parameters and moments is alive.
 */
public final class Trainer implements AutoCloseable {
  private final Engine engine;
  private final DecoderModel model;
  private final Adapter adapter;
  private final TrainSettings settings;
  private final Optimizer optimizer;
  private final NeededWork needed;
  private final Cancellation cancellation;
  private long stepsDone;
  private long rowsDone;
  private boolean whole = true;
  private Strategy strategy = Strategy.FASTEST;
  private @Nullable Path spillFolder;
  private @Nullable SpillFile spillFile;
  private List<RouterUse> routerUses = List.of();
  private Consumer<Adapter> gradientObserver = ignored -> {};

  public Trainer(Engine engine, DecoderModel model, Adapter adapter, TrainSettings settings) {
    this(engine, model, adapter, settings, new Cancellation());
  }

  /**
   * @param cancellation ends a step between its micro-batches, as if it had not begun
   */
  public Trainer(
      Engine engine,
      DecoderModel model,
      Adapter adapter,
      TrainSettings settings,
      Cancellation cancellation) {
    this.engine = engine;
    this.model = model;
    this.adapter = adapter;
    this.settings = settings;
    this.cancellation = cancellation;
    this.needed = NeededWork.of(model, adapter);
    this.optimizer = new Optimizer(engine, settings.adam(), adapter);
  }

  /** Shows the gradients of each step before clipping to somebody. */
  public void observeGradients(Consumer<Adapter> observer) {
    gradientObserver = observer;
  }

  /** What the routers did in the last step; empty for an adapter that has none. */
  public List<RouterUse> routers() {
    return routerUses;
  }

  private void takeRouterUses() {
    routerUses = adapter.routers().stream().map(RouterWatch::take).toList();
  }

  /** The pass's share of the balance: a mean over the layers, and over the tokens of the step. */
  private void balance(TokenRow pass, long rows) {
    List<RouterWatch> routers = adapter.routers();
    for (RouterWatch router : routers) {
      router.beforePass((float) (settings.balanceWeight() / routers.size() * pass.length() / rows));
    }
  }

  /** How the next steps hold their memory. */
  public Strategy strategy() {
    return strategy;
  }

  /**
   * Holds memory in another way from the next step on; not during one.
   *
   * @throws NacelleException of kind ENVIRONMENT where it spills and the folder cannot be written
   *     or is full; BUDGET where there is no memory to convert the moments in, or to bring them
   *     back from storage: the strategy then stays, and nothing is lost
   * @throws IllegalArgumentException for an update in backward where gradients are clipped
   */
  public void use(Strategy next) {
    if (next.updateInBackward() && settings.clip() > 0) {
      throw new IllegalArgumentException("clipping needs all gradients before the first update");
    }
    if (next.spill() != Strategy.Spill.NOTHING && spillFile == null) {
      spillFile = engine.allocator().isRehearsal() ? SpillFile.rehearsing() : openSpillFile();
    }
    optimizer.useBits(next.momentBits(), stepsDone);
    boolean away = next.spill() == Strategy.Spill.ACTIVATIONS_AND_MOMENTS;
    optimizer.spillInto(away ? spillFile : null);
    strategy = next;
  }

  private SpillFile openSpillFile() {
    Path folder = spillFolder;
    if (folder == null) {
      throw new IllegalStateException("no folder to spill into");
    }
    return SpillFile.open(folder);
  }

  /** Where strategies that spill put their file, which has no name and goes with the trainer. */
  public void spillInto(Path folder) {
    spillFolder = folder;
  }

  /** Bytes written to storage so far: what it wears by. */
  public long spilledBytes() {
    return spillFile == null ? 0 : spillFile.bytesWritten();
  }

  /** How the next pass keeps what is saved. */
  Keeping keeping() {
    SpillFile file = spillFile;
    if (strategy.savedBits() < 32) {
      return new QuantizedKeeping(engine, strategy.savedBits(), rowsDone + 1);
    }
    return strategy.spill() == Strategy.Spill.NOTHING
        ? Keeping.WHOLE
        : new SpillKeeping(engine, file);
  }

  public long stepsDone() {
    return stepsDone;
  }

  /** Rows that went through the model in training: the counter of the dropout masks. */
  public long rowsDone() {
    return rowsDone;
  }

  /** False once an update failed halfway: some parameters have moved and others have not. */
  boolean isWhole() {
    return whole;
  }

  /** Writes the optimiser's moments. */
  void saveMoments(Path file, FaultInjector faults) {
    SafetensorsWriter.write(file, optimizer.moments(), SafetensorsWriter.PYTORCH_METADATA, faults);
  }

  /**
   * Goes on where another trainer stopped, with the adapter that it left.
   *
   * @throws NacelleException of kind INPUT where the moments are another adapter's
   */
  void restore(Path moments, long steps, long rows, FaultInjector faults) {
    try (SafetensorsFile file = Safetensors.open(moments, faults)) {
      optimizer.restore(file);
    }
    stepsDone = steps;
    rowsDone = rows;
  }

  /**
   * One optimiser step over all its micro-batches: the loss is the mean over all their targets.
   *
   * <p>A step that fails may be taken again, and then comes to what it would have come to; but not
   * one that updates in backward, once an update was made, nor one that cannot read its moments
   * back.
   *
   * @throws NacelleException where the loss is not a number; the adapter then is what it was
   *     before. Also after a step that failed once some parameters were updated: no further step is
   *     taken
   * @throws CancelledException where the cancellation asked for it
   */
  public StepRecord step(List<PackedBatch> microBatches) {
    long begin = System.nanoTime();
    requireWhole();
    engine.ledger().startLap();
    takeRouterUses(); // of a step that failed
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
    long rowsBefore = rowsDone;
    double rate = settings.schedule().rate(step);
    UpdateInBackward update =
        isUpdatedInBackward(microBatches) ? new UpdateInBackward(step, rate) : null;
    try {
      if (update != null) {
        optimizer.stage();
      }
      if (passes(microBatches) > 1) {
        optimizer.openGradients();
      }
      for (PackedBatch batch : microBatches) {
        for (TokenRow pass : Batches.row(batch).parts(strategy.microBatch())) {
          cancellation.check();
          balance(pass, tokens + padding);
          sum += forwardBackward(pass, 1f / Math.max(1, targets), update);
          rowsDone += pass.length();
        }
      }
      double loss = sum / Math.max(1, targets);
      double norm;
      if (update == null) {
        gradientObserver.accept(adapter);
        norm = optimizer.clip(settings.clip());
        requireFinite(step, loss, norm);
        optimizer.stage();
        whole = false;
        optimizer.step(step, rate);
      } else {
        norm = Math.sqrt(update.squares);
      }
      whole = true;
      optimizer.releaseGradients();
      stepsDone = step;
      takeRouterUses();
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
      if (stepsDone != step) {
        // Taken again, the step must draw the same dropout masks.
        rowsDone = rowsBefore;
      }
      optimizer.unstage();
      optimizer.releaseGradients();
    }
  }

  private void requireWhole() {
    if (!whole) {
      throw new NacelleException(
          NacelleException.Kind.INTERNAL,
          "step "
              + (stepsDone + 1)
              + " failed halfway: some parameters have moved, others have not",
          "--resume goes on from the last checkpoint");
    }
  }

  private boolean isUpdatedInBackward(List<PackedBatch> microBatches) {
    return strategy.updateInBackward() && passes(microBatches) == 1;
  }

  private long passes(List<PackedBatch> microBatches) {
    long passes = 0;
    for (PackedBatch batch : microBatches) {
      passes += Math.ceilDiv((long) batch.samples(), strategy.microBatch());
    }
    return passes;
  }

  private void requireFinite(long step, double loss, double norm) {
    if (!Double.isFinite(loss) || !Double.isFinite(norm)) {
      throw new NacelleException(
          NacelleException.Kind.INTERNAL,
          "step "
              + step
              + ": the loss is "
              + loss
              + " and the gradient norm "
              + norm
              + (whole
                  ? "; the adapter was left as step " + stepsDone + " made it"
                  : "; some parameters were updated already, the last checkpoint is whole"),
          "lower --lr, set --clip, or use --dtype fp32");
    }
  }

  /** Takes each parameter's step when its gradient is whole. An adapter's module is used once. */
  private final class UpdateInBackward implements Consumer<Parameter> {
    private final long step;
    private final double rate;
    private double squares;

    UpdateInBackward(long step, double rate) {
      this.step = step;
      this.rate = rate;
    }

    @Override
    public void accept(Parameter parameter) {
      boolean before = whole;
      whole = false;
      double norm = optimizer.step(parameter, step, rate);
      whole = before && !Double.isFinite(norm);
      requireFinite(step, 0, norm);
      squares += norm * norm;
    }
  }

  private double forwardBackward(
      TokenRow pass, float gradScale, @Nullable UpdateInBackward update) {
    try (Tape tape = engine.record(keeping())) {
      Tensor losses = model.losses(tape, strategy, pass, gradScale, true, rowsDone);
      double sum = 0;
      for (float loss : losses.toFloats()) {
        sum += loss;
      }
      if (update == null) {
        tape.backward(losses);
      } else {
        requireFinite(update.step, sum, 0);
        tape.backward(losses, update);
      }
      return sum;
    } finally {
      if (strategy.weights() == Strategy.Weights.STREAMED) {
        model.letWeightsGo();
      }
    }
  }

  @Override
  public void close() {
    optimizer.close();
    if (spillFile != null) {
      spillFile.close();
    }
  }
}
