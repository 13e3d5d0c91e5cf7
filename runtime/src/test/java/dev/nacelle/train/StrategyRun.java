package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.tape.Parameter;
import dev.nacelle.tape.Tape;
import dev.nacelle.tensor.Tensor;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.TreeMap;

/**
 * One step of a random Llama under one strategy, dropout 0.1 on all linears: what it came to and
 * what it held.
 *
 * @param gradients of the step, before clipping
 * @param parameters after three steps
 * @param saved bytes of activations between forward and backward of the first pass
 * @param peakActivations most bytes of activations at once in a step
 * @param peakWorkspace most bytes of scratch at once in a step
 * @param spilled bytes written to storage in the first step
 * @param lap bytes by class when the third step's total was highest
 */
record StrategyRun(
    double loss,
    Map<String, float[]> gradients,
    Map<String, float[]> parameters,
    long saved,
    long peakActivations,
    long peakWorkspace,
    Map<LedgerClass, Long> lap,
    long spilled) {
  static final long SEED = 20261129;

  /** Over samples of these lengths, one micro-batch. */
  static StrategyRun of(ModelConfig config, DType compute, Strategy strategy, int... lengths) {
    long buffers = NativeMemory.liveBuffers();
    StrategyRun run;
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      run = of(rig, config, compute, strategy, lengths);
      assertEquals(0, rig.engine().ledger().live(LedgerClass.ACTIVATIONS), "activations left");
    }
    assertEquals(buffers, NativeMemory.liveBuffers(), "buffers left");
    return run;
  }

  private static StrategyRun of(
      TrainingRig rig, ModelConfig config, DType compute, Strategy strategy, int... lengths) {
    DecoderModel model = rig.model(config, DType.FP32, compute);
    Adapter adapter = rig.adapt(model, 4, 0.1, "all-linear", "");
    PackedBatch batch = TrainingRig.batch(new SplittableRandom(SEED), lengths);
    Trainer trainer = rig.trainer(model, adapter);
    trainer.spillInto(Path.of(System.getProperty("java.io.tmpdir")));
    trainer.use(strategy);
    Map<String, float[]> gradients = new TreeMap<>();
    trainer.observeGradients(
        a -> {
          if (gradients.isEmpty()) {
            a.parameters().forEach(p -> gradients.put(p.name(), gradient(p).toFloats()));
          }
        });
    Ledger ledger = rig.engine().ledger();
    long saved;
    try (Tape tape = rig.engine().record(trainer.keeping())) {
      model.losses(
          tape, strategy, Batches.row(batch).parts(strategy.microBatch()).get(0), 1f, true, 0);
      saved = ledger.live(LedgerClass.ACTIVATIONS);
    }
    ledger.resetPeak();
    long written = trainer.spilledBytes();
    double loss = trainer.step(List.of(batch)).loss();
    long spilled = trainer.spilledBytes() - written;
    long activations = ledger.peak(LedgerClass.ACTIVATIONS);
    long workspace = ledger.peak(LedgerClass.WORKSPACE);
    trainer.step(List.of(batch));
    Map<LedgerClass, Long> lap = trainer.step(List.of(batch)).classes();
    Map<String, float[]> parameters = new TreeMap<>();
    adapter.parameters().forEach(p -> parameters.put(p.name(), p.value().toFloats()));
    return new StrategyRun(
        loss, gradients, parameters, saved, activations, workspace, lap, spilled);
  }

  private static Tensor gradient(Parameter p) {
    return Objects.requireNonNull(p.gradient(), p.name());
  }

  /** Loss, gradients and the parameters of three steps are this run's, bit by bit. */
  void assertSameBits(StrategyRun other) {
    assertEquals(loss, other.loss, 0);
    assertEquals(gradients.keySet(), other.gradients.keySet());
    assertTrue(gradients.size() > 0);
    gradients.forEach((name, g) -> assertArrayEquals(g, other.gradients.get(name), 0f, name));
    parameters.forEach((name, p) -> assertArrayEquals(p, other.parameters.get(name), 0f, name));
  }

  /** ‖other − this‖ / ‖this‖ over all gradients. */
  double gradientError(StrategyRun other) {
    double error = 0;
    double norm = 0;
    for (Map.Entry<String, float[]> entry : gradients.entrySet()) {
      float[] mine = entry.getValue();
      float[] its = Objects.requireNonNull(other.gradients.get(entry.getKey()));
      for (int i = 0; i < mine.length; i++) {
        error += ((double) its[i] - mine[i]) * ((double) its[i] - mine[i]);
        norm += (double) mine[i] * mine[i];
      }
    }
    assertTrue(norm > 0);
    return Math.sqrt(error / norm);
  }
}
