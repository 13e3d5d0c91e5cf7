package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeMemory;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** No memory at every place where building a model and training one step ask for some. */
final class AllocationFaultTest {
  private static final long SEED = 20261123;

  /** Fails the n-th allocation and no other. */
  private static final class Nth implements AllocationFault {
    private long failing;
    private long seen;

    Nth(long failing) {
      this.failing = failing;
    }

    @Override
    public boolean next() {
      seen++;
      return seen == failing;
    }
  }

  private static List<PackedBatch> batches() {
    SplittableRandom random = new SplittableRandom(SEED);
    return List.of(TrainingRig.batch(random, 3, 7), TrainingRig.batch(random, 5));
  }

  /** Builds and trains one step; says how many allocations that took. */
  private static long run(TrainingRig rig, Nth fault, DType compute, String targets) {
    DecoderModel model = rig.model(TrainingRig.config(16, 24, 8, 4, 2, true), DType.FP32, compute);
    Adapter adapter = rig.adapt(model, 2, 0.1, targets, "");
    rig.trainer(model, adapter).step(batches());
    return fault.seen;
  }

  @ParameterizedTest
  @CsvSource({"FP32, all-linear", "BF16, all-linear", "FP32, 'v_proj,down_proj,lm_head'"})
  void everySite(DType compute, String targets) {
    long buffers = NativeMemory.liveBuffers();
    long sites;
    Nth never = new Nth(-1);
    try (TrainingRig rig = new TrainingRig(never)) {
      sites = run(rig, never, compute, targets);
    }
    assertEquals(buffers, NativeMemory.liveBuffers());
    for (long n = 1; n <= sites; n++) {
      String where = "allocation " + n + " of " + sites;
      Nth fault = new Nth(n);
      Ledger ledger;
      try (TrainingRig rig = new TrainingRig(fault)) {
        ledger = rig.engine().ledger();
        NacelleException e =
            assertThrows(NacelleException.class, () -> run(rig, fault, compute, targets), where);
        assertEquals(NacelleException.Kind.BUDGET, e.kind(), where);
        assertTrue(String.valueOf(e.getMessage()).contains("no memory for"), where);
        assertFalse(e.hint() == null || e.hint().isBlank(), where);
        for (LedgerClass kind : LedgerClass.values()) {
          if (kind != LedgerClass.PARAMETERS && kind != LedgerClass.OPTIMIZER) {
            assertEquals(0, ledger.live(kind), where + ": " + kind);
          }
        }
      }
      assertEquals(0, ledger.live(), where + ": bytes after closing");
      assertEquals(0, ledger.liveTensors(), where + ": tensors after closing");
      assertEquals(buffers, NativeMemory.liveBuffers(), where + ": buffers after closing");
    }
    System.out.println(
        "allocation faults: "
            + sites
            + " sites of "
            + compute.label()
            + " "
            + targets
            + ", seed "
            + SEED);
    assertTrue(sites > 100, "sites");
  }

  /** Three steps under strategies that recompute and put by; each allocation fails once. */
  @ParameterizedTest
  @CsvSource({"BLOCK, 1, 32", "BLOCK, 2, 32", "MLP, 1, 32", "BLOCK, 1, 8", "NOTHING, 1, 4"})
  void everySiteOfThreeStepsUnderAStrategy(Strategy.Recompute what, int segment, int bits) {
    Strategy strategy =
        new Strategy(
            1,
            what,
            2,
            segment,
            16,
            bits,
            32,
            Strategy.Weights.STREAMED,
            Strategy.Spill.NOTHING,
            false);
    long buffers = NativeMemory.liveBuffers();
    Nth counting = new Nth(-1);
    double expected;
    long first;
    long last;
    try (TrainingRig rig = new TrainingRig(counting)) {
      Trainer trainer = strategyTrainer(rig, strategy);
      first = counting.seen + 1;
      trainer.step(batches());
      trainer.step(batches());
      expected = trainer.step(batches()).loss();
      last = counting.seen;
    }
    assertTrue(last - first > 300, "sites");
    for (long n = first; n <= last; n++) {
      String where = "allocation " + n + " of " + last + " under " + strategy;
      Nth fault = new Nth(n);
      Ledger ledger;
      try (TrainingRig rig = new TrainingRig(fault)) {
        ledger = rig.engine().ledger();
        Trainer trainer = strategyTrainer(rig, strategy);
        int failures = 0;
        double loss = 0;
        while (trainer.stepsDone() < 3) {
          try {
            loss = trainer.step(batches()).loss();
          } catch (NacelleException e) {
            failures++;
            assertEquals(NacelleException.Kind.BUDGET, e.kind(), where);
            assertTrue(trainer.isWhole(), where);
            for (LedgerClass kind : LedgerClass.values()) {
              if (kind != LedgerClass.PARAMETERS && kind != LedgerClass.OPTIMIZER) {
                assertEquals(0, ledger.live(kind), where + ": " + kind);
              }
            }
          }
        }
        assertEquals(1, failures, where);
        assertEquals(expected, loss, 0, where + ": the loss of the third step");
      }
      assertEquals(0, ledger.liveTensors(), where + ": tensors after closing");
      assertEquals(buffers, NativeMemory.liveBuffers(), where + ": buffers after closing");
    }
    System.out.println("allocation faults: " + (last - first + 1) + " sites under " + strategy);
  }

  /**
   * Moments on storage: a step that fails can be taken again. Where parameters are updated in
   * backward, only until the first of them was; after it the trainer takes no further step.
   */
  @ParameterizedTest
  @CsvSource({"false, 32", "false, 8", "true, 32"})
  void everySiteWithSpilledMoments(boolean inBackward, int bits) {
    Strategy strategy =
        Strategy.FASTEST
            .withPlaces(Strategy.Weights.RESIDENT, Strategy.Spill.ACTIVATIONS_AND_MOMENTS)
            .withBits(32, bits)
            .withUpdateInBackward(inBackward);
    List<PackedBatch> one = List.of(TrainingRig.batch(new SplittableRandom(SEED), 3, 7));
    long buffers = NativeMemory.liveBuffers();
    Nth counting = new Nth(-1);
    double expected;
    long first;
    long last;
    try (TrainingRig rig = new TrainingRig(counting)) {
      Trainer trainer = unclipped(rig);
      first = counting.seen + 1;
      trainer.use(strategy);
      trainer.step(one);
      expected = trainer.step(one).loss();
      last = counting.seen;
    }
    int halfway = 0;
    for (long n = first; n <= last; n++) {
      String where = "allocation " + n + " of " + last + " under " + strategy;
      Nth fault = new Nth(n);
      Ledger ledger;
      try (TrainingRig rig = new TrainingRig(fault)) {
        ledger = rig.engine().ledger();
        Trainer trainer = unclipped(rig);
        int failures = 0;
        double loss = 0;
        while (trainer.stepsDone() < 2 && trainer.isWhole()) {
          try {
            trainer.use(strategy);
            loss = trainer.step(one).loss();
          } catch (NacelleException e) {
            failures++;
            assertEquals(NacelleException.Kind.BUDGET, e.kind(), where);
            assertEquals(0, ledger.live(LedgerClass.ACTIVATIONS), where);
            assertEquals(0, ledger.live(LedgerClass.GRADIENTS), where);
            assertEquals(0, ledger.live(LedgerClass.WORKSPACE), where);
          }
        }
        assertEquals(1, failures, where);
        if (trainer.isWhole()) {
          assertEquals(expected, loss, 0, where + ": the loss of the second step");
        } else {
          halfway++;
          NacelleException e = assertThrows(NacelleException.class, () -> trainer.step(one), where);
          assertTrue(String.valueOf(e.getMessage()).contains("failed halfway"), e.getMessage());
        }
      }
      assertEquals(0, ledger.liveTensors(), where + ": tensors after closing");
      assertEquals(buffers, NativeMemory.liveBuffers(), where + ": buffers after closing");
    }
    System.out.printf(
        "allocation faults: %d sites, %d of them halfway, in backward %s, %d bits%n",
        last - first + 1, halfway, inBackward, bits);
    assertEquals(inBackward, halfway > 0, "halfway");
  }

  private static Trainer unclipped(TrainingRig rig) {
    DecoderModel model =
        rig.model(TrainingRig.config(16, 24, 8, 4, 2, true), DType.FP32, DType.FP32);
    Adapter adapter = rig.adapt(model, 2, 0.1, "all-linear", "");
    Schedule schedule = Schedule.of(Schedule.Kind.CONSTANT, 1e-3, 0, 100);
    TrainSettings settings = new TrainSettings(schedule, AdamSettings.DEFAULT, 0);
    Trainer trainer = rig.own(new Trainer(rig.engine(), model, adapter, settings));
    trainer.spillInto(Path.of(System.getProperty("java.io.tmpdir")));
    return trainer;
  }

  private static Trainer strategyTrainer(TrainingRig rig, Strategy strategy) {
    DecoderModel model =
        rig.model(TrainingRig.config(16, 24, 8, 4, 2, true), DType.FP32, DType.FP32);
    Trainer trainer = rig.trainer(model, rig.adapt(model, 2, 0.1, "all-linear", ""));
    trainer.use(strategy);
    return trainer;
  }

  /** A step that failed changed nothing: the next one gives what it would have given. */
  @Test
  void aFailedStepCanBeTakenAgain() {
    double[] losses = new double[2];
    for (int failed = 0; failed < losses.length; failed++) {
      Nth fault = new Nth(-1);
      try (TrainingRig rig = new TrainingRig(fault)) {
        DecoderModel model =
            rig.model(TrainingRig.config(16, 24, 8, 4, 2, false), DType.FP32, DType.FP32);
        Trainer trainer = rig.trainer(model, rig.adapt(model, 2, 0.3, "all-linear", ""));
        trainer.step(batches());
        if (failed == 1) {
          fault.failing = fault.seen + 40;
          assertThrows(NacelleException.class, () -> trainer.step(batches()));
          assertEquals(1, trainer.stepsDone());
        }
        trainer.step(batches());
        losses[failed] = trainer.step(batches()).loss();
      }
    }
    assertEquals(losses[0], losses[1], 0);
  }
}
