package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.adapter.Adapter;
import dev.nacelle.data.PackedBatch;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.memory.Strategy.Spill;
import dev.nacelle.memory.Strategy.Weights;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.nativeaccess.DType;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Weights whose pages come and go: as the kernel counts them, and with the same bits. */
final class StreamedWeightsTest {
  private static final int LAYERS = 12;
  private static final ModelConfig CONFIG =
      TrainingRig.config(256, 768, 128, 32, LAYERS, false, 4000);
  private static final long BLOCK = 4L * (256 * (256 + 128 + 128 + 256) + 3 * 256 * 768);
  private static final long TABLE = 4L * 4000 * 256;

  @TempDir static Path folder;

  private static Path file() {
    return folder.resolve("model.safetensors");
  }

  @BeforeAll
  static void write() {
    SplittableRandom random = new SplittableRandom(11);
    List<NamedTensor> tensors = new ArrayList<>();
    for (ModelTensors.Expected tensor : ModelTensors.expected(CONFIG)) {
      float[] values = new float[Math.toIntExact(tensor.elements())];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextDouble(-0.1, 0.1);
      }
      tensors.add(NamedTensor.of(tensor.name(), values, tensor.shape()));
    }
    SafetensorsWriter.write(file(), tensors, SafetensorsWriter.PYTORCH_METADATA);
  }

  /**
   * @param peak most bytes of mapped files resident in a step, less those before it
   */
  private record Outcome(double loss, Map<String, float[]> parameters, long peak) {}

  private static Outcome steps(Strategy strategy) throws InterruptedException {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model =
          rig.own(DecoderModel.load(Safetensors.open(file()), CONFIG, rig.engine(), DType.FP32));
      Adapter adapter = rig.adapt(model, 4, 0.1, "all-linear", "");
      Trainer trainer = rig.trainer(model, adapter);
      List<PackedBatch> batch = List.of(TrainingRig.batch(new SplittableRandom(3), 40, 24));
      trainer.use(strategy);
      trainer.step(batch);
      model.letWeightsGo();
      long before = ProcessMemory.residentFileBytes();
      AtomicLong peak = new AtomicLong();
      AtomicBoolean done = new AtomicBoolean();
      Thread watch =
          Thread.ofPlatform()
              .start(
                  () -> {
                    while (!done.get()) {
                      peak.accumulateAndGet(ProcessMemory.residentFileBytes(), Math::max);
                    }
                  });
      double loss;
      try {
        loss = trainer.step(batch).loss();
      } finally {
        done.set(true);
        watch.join();
      }
      Map<String, float[]> parameters = new TreeMap<>();
      adapter.parameters().forEach(p -> parameters.put(p.name(), p.value().toFloats()));
      return new Outcome(loss, parameters, peak.get() - before);
    }
  }

  @Test
  void onlyWhatIsMultipliedWithIsResident() throws InterruptedException {
    assumeTrue(ProcessMemory.residentFileBytes() > 0, "the kernel counts RssFile");
    Outcome plain = steps(Strategy.FASTEST);
    Strategy streamed = Strategy.FASTEST.withPlaces(Weights.STREAMED, Spill.NOTHING);
    List<Strategy> all =
        List.of(
            streamed,
            streamed.withRecompute(Recompute.BLOCK, LAYERS),
            streamed.withSegments(LAYERS, 3),
            streamed.withRecompute(Recompute.MLP, LAYERS).withMicroBatch(1));
    assertTrue(plain.peak > LAYERS * BLOCK, plain.peak + " bytes resident");
    for (Strategy strategy : all) {
      Outcome outcome = steps(strategy);
      System.out.printf(
          "mapped weights: %,d bytes, %,d resident; streamed %,d (%s, %d a segment)%n",
          LAYERS * BLOCK + TABLE,
          plain.peak,
          outcome.peak,
          strategy.recompute(),
          strategy.segmentBlocks());
      // The head goes through whole; a block and what the kernel maps around it are less.
      assertTrue(outcome.peak < TABLE + 3 * BLOCK, outcome.peak + " of " + strategy);
      if (strategy.microBatch() > 1) {
        assertEquals(plain.loss, outcome.loss, 0);
        plain.parameters.forEach(
            (name, p) -> assertArrayEquals(p, outcome.parameters.get(name), 0f, name));
      }
    }
  }
}
