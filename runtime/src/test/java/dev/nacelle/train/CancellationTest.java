package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.LedgerClass;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.nativeaccess.DType;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** Stopping between micro-batches leaves what the last whole step made. */
final class CancellationTest {
  private static final List<PackedBatch> BATCHES =
      List.of(
          TrainingRig.batch(new SplittableRandom(1), 3, 7),
          TrainingRig.batch(new SplittableRandom(2), 5));

  @Test
  void theFirstToAskDecides() {
    Cancellation cancellation = new Cancellation();
    cancellation.check();
    cancellation.stop(NacelleException.Kind.TERMINATED);
    cancellation.stop();
    CancelledException e = assertThrows(CancelledException.class, cancellation::check);
    assertEquals(143, e.kind().exitCode());
  }

  @Test
  void aStepIsDroppedWhole() throws InterruptedException {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model =
          rig.model(TrainingRig.config(16, 24, 8, 4, 2, false), DType.FP32, DType.FP32);
      Adapter adapter = rig.adapt(model, 2, 0.3, "all-linear", "");
      Cancellation cancellation = new Cancellation();
      Schedule schedule = Schedule.of(Schedule.Kind.CONSTANT, 1e-3, 0, 100);
      Trainer trainer =
          rig.own(
              new Trainer(
                  rig.engine(),
                  model,
                  adapter,
                  new TrainSettings(schedule, AdamSettings.DEFAULT, 1),
                  cancellation));
      trainer.step(BATCHES);
      List<float[]> before = values(adapter);
      Thread other = new Thread(cancellation::stop);
      other.start();
      other.join();
      assertThrows(CancelledException.class, () -> trainer.step(BATCHES));
      assertEquals(1, trainer.stepsDone());
      assertEquals(0, rig.engine().ledger().live(LedgerClass.GRADIENTS));
      assertEquals(0, rig.engine().ledger().live(LedgerClass.ACTIVATIONS));
      List<float[]> after = values(adapter);
      for (int i = 0; i < before.size(); i++) {
        assertArrayEquals(before.get(i), after.get(i));
      }
    }
  }

  private static List<float[]> values(Adapter adapter) {
    List<float[]> values = new ArrayList<>();
    adapter.parameters().forEach(p -> values.add(p.value().toFloats()));
    return values;
  }
}
