package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.memory.Strategy;
import dev.nacelle.memory.Strategy.Recompute;
import dev.nacelle.model.ModelConfig;
import dev.nacelle.nativeaccess.DType;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What saves memory on a Llama comes to the same bits on every other family too. */
final class FamilyStrategiesTest {
  private static final int LAYERS = 4;

  @TempDir private Path folder = Path.of("");

  private ModelConfig config(String family) throws IOException {
    return FamilyModels.config(folder, family, LAYERS);
  }

  @ParameterizedTest
  @CsvSource({
    "mistral",
    "qwen2",
    "qwen3",
    "gemma",
    "gemma2",
    "gemma3_text",
    "phi3",
    "smollm3",
    "olmo2",
    "granite"
  })
  void recomputeComesToTheSameBits(String family) throws IOException {
    ModelConfig config = config(family);
    for (DType compute : new DType[] {DType.FP32, DType.BF16}) {
      StrategyRun plain = StrategyRun.of(config, compute, Strategy.FASTEST, 29, 17);
      for (Recompute what : new Recompute[] {Recompute.MLP, Recompute.BLOCK}) {
        Strategy strategy = Strategy.FASTEST.withRecompute(what, LAYERS - 1);
        StrategyRun again = StrategyRun.of(config, compute, strategy, 29, 17);
        plain.assertSameBits(again);
        assertTrue(again.saved() < plain.saved(), family + " " + what + " saves nothing");
      }
      plain.assertSameBits(
          StrategyRun.of(config, compute, Strategy.FASTEST.withSegments(LAYERS, 2), 29, 17));
    }
  }
}
