package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;

import dev.nacelle.layer.KeyValueCache;
import dev.nacelle.memory.AllocationFault;
import dev.nacelle.model.DecoderModel;
import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/** What a text costs the Java heap, token by token. */
final class GenerationCacheTest {
  /**
   * A megabyte a token of a large vocabulary would make the heap grow past what a plan foresees.
   */
  @Test
  void logitsComeToOneArray() {
    try (TrainingRig rig = new TrainingRig(AllocationFault.NONE)) {
      DecoderModel model =
          rig.model(TrainingRig.config(48, 112, 16, 8, 3, true), DType.FP32, DType.FP32);
      try (GenerationCache cache = new GenerationCache(model)) {
        float[] first = cache.prompt(new int[] {3, 1, 4}, 4);
        float[] before = first.clone();
        assertSame(first, cache.next(1));
        assertFalse(Arrays.equals(before, first), "the logits of another token");
        try (KeyValueCache other = model.newCache(8)) {
          assertArrayEquals(model.nextLogits(other, 3, 1, 4, 1), first, 1e-5f);
        }
      }
    }
  }

  @Test
  void roomThatIsUsedAgainDrawsTheSame() {
    long seed = System.nanoTime();
    System.out.println("draws: seed " + seed);
    SplittableRandom random = new SplittableRandom(seed);
    LikeliestFirst room = new LikeliestFirst();
    Sampling sampling = new Sampling(0.8, 0, 0.9);
    int[] kept = new int[200];
    int[] fresh = new int[kept.length];
    for (int i = 0; i < kept.length; i++) {
      float[] logits = new float[1 + random.nextInt(300)];
      for (int j = 0; j < logits.length; j++) {
        logits[j] = (float) random.nextGaussian();
      }
      kept[i] = sampling.draw(logits, new SplittableRandom(i), room);
      fresh[i] = sampling.draw(logits, new SplittableRandom(i));
    }
    assertArrayEquals(fresh, kept);
  }
}
