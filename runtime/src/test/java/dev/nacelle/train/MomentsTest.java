package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Ledger;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.nativeaccess.DType;
import java.nio.file.Path;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Moments in 8 bits, and parameters updated in backward. */
final class MomentsTest {
  private static final Strategy EIGHT = Strategy.FASTEST.withBits(32, 8);

  private static List<PackedBatch> batch() {
    return List.of(TrainingRig.batch(new SplittableRandom(5), 9, 17));
  }

  private record Rig(TrainingRig rig, Adapter adapter, Trainer trainer) {
    static Rig of(TrainingRig rig, double clip) {
      DecoderModel model =
          rig.model(TrainingRig.config(48, 112, 16, 8, 3, true), DType.FP32, DType.FP32);
      Adapter adapter = rig.adapt(model, 8, 0.1, "all-linear", "");
      Schedule schedule = Schedule.of(Schedule.Kind.CONSTANT, 1e-3, 0, 100);
      TrainSettings settings = new TrainSettings(schedule, AdamSettings.DEFAULT, clip);
      return new Rig(rig, adapter, rig.own(new Trainer(rig.engine(), model, adapter, settings)));
    }

    float[][] parameters() {
      return adapter.parameters().stream().map(p -> p.value().toFloats()).toArray(float[][]::new);
    }

    Ledger ledger() {
      return rig.engine().ledger();
    }
  }

  private static void assertSame(float[][] expected, float[][] found) {
    for (int i = 0; i < expected.length; i++) {
      assertArrayEquals(expected[i], found[i], 0f, "parameter " + i);
    }
  }

  /** One byte a moment and a scale of four for each 256 elements, a quarter of fp32's and 1/64. */
  @Test
  void eightBitsTakeAQuarterAndTheirScales() {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      Rig r = Rig.of(rig, 1);
      long wide = r.ledger().live(LedgerClass.OPTIMIZER);
      r.trainer.use(EIGHT);
      long law = 0;
      for (var p : r.adapter.parameters()) {
        law += 2 * (p.value().elements() + 4 * ((p.value().elements() + 255) / 256));
      }
      assertEquals(law, r.ledger().live(LedgerClass.OPTIMIZER));
      r.trainer.use(Strategy.FASTEST);
      assertEquals(wide, r.ledger().live(LedgerClass.OPTIMIZER));
    }
  }

  /** Approximate: the same path, but for rounding of the moments. */
  @Test
  void tenStepsStayNearTheWholeMoments() {
    double[] losses = new double[2];
    for (int eight = 0; eight < 2; eight++) {
      try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
        Rig r = Rig.of(rig, 1);
        r.trainer.use(eight == 1 ? EIGHT : Strategy.FASTEST);
        for (int step = 0; step < 30; step++) {
          losses[eight] = r.trainer.step(batch()).loss();
        }
      }
    }
    assertEquals(losses[0], losses[1], 0.01 * losses[0], "loss of step 30");
    assertTrue(losses[0] != losses[1], "8 bits were not used");
  }

  /** A checkpoint keeps the codes: going on from it is as if nothing had been. */
  @Test
  void resumedCodesGoOnAsTheyWould(@TempDir Path folder) {
    Path file = folder.resolve("optimizer.safetensors");
    FaultInjector faults = FaultInjector.none();
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      Rig r = Rig.of(rig, 1);
      r.trainer.use(EIGHT);
      r.trainer.step(batch());
      r.trainer.step(batch());
      r.trainer.saveMoments(file, faults);
      float[][] at = r.parameters();
      long rows = r.trainer.rowsDone();
      r.trainer.step(batch());
      float[][] expected = r.parameters();
      try (TrainingRig other = new TrainingRig(AllocationFault.NONE)) {
        Rig s = Rig.of(other, 1);
        for (int i = 0; i < at.length; i++) {
          s.adapter.parameters().get(i).value().fill(at[i]);
        }
        s.trainer.restore(file, 2, rows, faults);
        s.trainer.use(EIGHT);
        s.trainer.step(batch());
        assertSame(expected, s.parameters());
      }
    }
  }

  /** The same bits, with the gradients of one module alive at a time. */
  @Test
  void parametersUpdatedInBackwardComeToTheSame() {
    Strategy[] strategies = {
      Strategy.FASTEST,
      Strategy.FASTEST.withUpdateInBackward(true),
      Strategy.FASTEST.withRecompute(Recompute.BLOCK, 3).withUpdateInBackward(true)
    };
    float[][] expected = {};
    long all = 0;
    for (Strategy strategy : strategies) {
      try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
        Rig r = Rig.of(rig, 0);
        r.trainer.use(strategy);
        r.ledger().resetPeak();
        double norm = 0;
        for (int step = 0; step < 4; step++) {
          norm = r.trainer.step(batch()).gradNorm();
        }
        assertTrue(norm > 0);
        long gradients = r.ledger().peak(LedgerClass.GRADIENTS);
        if (strategy.equals(Strategy.FASTEST)) {
          expected = r.parameters();
          all = gradients;
        } else {
          assertSame(expected, r.parameters());
          long largest = 4L * 8 * (48 + 112);
          assertEquals(largest, gradients, "the gradients of the widest module, of " + all);
        }
      }
    }
  }

  @Test
  void clippingForbidsUpdatesInBackward() {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      Trainer trainer = Rig.of(rig, 1).trainer;
      Strategy strategy = Strategy.FASTEST.withUpdateInBackward(true);
      assertThrows(IllegalArgumentException.class, () -> trainer.use(strategy));
    }
  }
}
