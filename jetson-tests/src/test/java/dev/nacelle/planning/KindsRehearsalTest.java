package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.adapter.Beginning;
import dev.nacelle.commandline.Fixtures;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.ModulePattern;
import dev.nacelle.file.VeraKind;
import dev.nacelle.memory.Strategy;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.FinetuneOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Walks come to the bytes of the runs of LoRA's relatives too, and recomputing changes no bit. */
final class KindsRehearsalTest {
  private static final List<Strategy> STRATEGIES =
      List.of(
          Strategy.FASTEST,
          Strategy.FASTEST.withRecompute(Strategy.Recompute.MLP, 1),
          Strategy.FASTEST.withRecompute(Strategy.Recompute.BLOCK, 2));

  private static final FinetuneOptions.Special PATTERNS =
      new FinetuneOptions.Special(
          new ModulePattern(Map.of("q_proj", 2.0)),
          new ModulePattern(Map.of("v_proj", 3.0)),
          Beginning.DEFAULT,
          false);

  private static final FinetuneOptions.Special PISSA =
      new FinetuneOptions.Special(ModulePattern.NONE, ModulePattern.NONE, Beginning.PISSA, false);

  private static final FinetuneOptions.Special WHOLE =
      new FinetuneOptions.Special(
          ModulePattern.NONE,
          ModulePattern.NONE,
          Beginning.DEFAULT,
          false,
          List.of("lm_head", "embed_tokens"));

  @TempDir private Path folder;

  @Test
  void everyKindIsForeseen() throws IOException {
    check("rslora", new LoraKind(true, false), PATTERNS);
    check("lora-fa", new LoraKind(false, true), FinetuneOptions.Special.NONE);
    check("dora", new DoraKind(false), FinetuneOptions.Special.NONE);
    check("hydra", new HydraKind(3), FinetuneOptions.Special.NONE);
    check("pissa", new LoraKind(), PISSA);
    check("whole", new LoraKind(), WHOLE);
    check("vera", new VeraKind(true, 3, 0.5), FinetuneOptions.Special.NONE);
  }

  private void check(String name, AdapterKind kind, FinetuneOptions.Special special)
      throws IOException {
    for (DType dtype : List.of(DType.FP32, DType.BF16)) {
      Path first = null;
      for (int s = 0; s < STRATEGIES.size(); s++) {
        Path out = folder.resolve(name + dtype.label() + s);
        run(name, adapting(kind, special), STRATEGIES.get(s), dtype, out);
        Path file = out.resolve("adapter_model.safetensors");
        first = first == null ? file : first;
        assertEquals(-1L, Files.mismatch(first, file), name + " " + STRATEGIES.get(s));
      }
    }
  }

  private static FinetuneOptions.Adapting adapting(
      AdapterKind kind, FinetuneOptions.Special special) {
    return new FinetuneOptions.Adapting(kind, 4, 8, 0.1, "all-linear", "", special, null, Set.of());
  }

  /** Codes stay mapped, their scales are held in fp32. */
  @Test
  void quantisedFoldersAreForeseen() {
    Path model = Fixtures.example("../nf4/double");
    Path out = folder.resolve("nf4");
    FinetuneOptions options = TinyJob.options(model, out, 3, DType.FP32, 3, 2, true);
    run("nf4", options, Strategy.FASTEST);
  }

  private static void run(
      String name, FinetuneOptions.Adapting adapting, Strategy strategy, DType dtype, Path out) {
    run(name, TinyJob.options(out, 3, dtype, 3, 2, true).with(adapting), strategy);
  }

  private static void run(String name, FinetuneOptions options, Strategy strategy) {
    Finetuning.Rehearsed run = Finetuning.rehearsed(options, strategy);
    String what = name + " " + strategy + " " + options.dtype();
    assertEquals(run.result().classes(), run.walk().classes(), what);
    assertEquals(run.result().arenaBytes(), run.walk().evaluated(), what);
  }
}
