package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.AdapterBlend;
import dev.nacelle.adapter.Beginning;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.ModulePattern;
import dev.nacelle.file.VeraKind;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.planning.Finetuning;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.Schedule;
import dev.nacelle.train.StepRecord;
import dev.nacelle.train.export.AdapterExport;
import dev.nacelle.train.export.FolderMerge;
import dev.nacelle.train.export.GgufMerge;
import dev.nacelle.train.export.MergeOptions;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/**
 * One model with one kind of adapter, tried: trained for a step, merged into a folder and into a
 * GGUF file, exported.
 *
 * @param folder where everything goes
 */
record Compatibility(Path folder) {
  /** What can be done, in the order in which it is tried. */
  private static final String ALL = "TFGA";

  /** A kind of adapter, as a row of flags has it. */
  record Kind(String title, AdapterKind kind, FinetuneOptions.Special special) {
    private List<Double> mixture() {
      return kind instanceof HydraKind ? List.of(0.25, 0.75) : List.of();
    }
  }

  static final List<Kind> KINDS =
      List.of(
          new Kind("lora", new LoraKind(), FinetuneOptions.Special.NONE),
          new Kind("rslora", new LoraKind(true, false), FinetuneOptions.Special.NONE),
          new Kind("lora-fa", new LoraKind(false, true), FinetuneOptions.Special.NONE),
          new Kind("pissa", new LoraKind(), special(Beginning.PISSA)),
          new Kind("olora", new LoraKind(), special(Beginning.OLORA)),
          new Kind("dora", new DoraKind(false), FinetuneOptions.Special.NONE),
          new Kind("vera", VeraKind.DEFAULT, FinetuneOptions.Special.NONE),
          new Kind("hydra", new HydraKind(2), FinetuneOptions.Special.NONE),
          new Kind("whole", new LoraKind(), special(Beginning.DEFAULT, "lm_head", "embed_tokens")));

  private static FinetuneOptions.Special special(Beginning beginning, String... whole) {
    return new FinetuneOptions.Special(
        ModulePattern.NONE, ModulePattern.NONE, beginning, false, List.of(whole));
  }

  /** The letters of what works, a dash for what is refused; anything else fails. */
  String letters(Path model, Path data, Kind kind) {
    Path adapter = folder.resolve("adapter");
    StringBuilder letters = new StringBuilder("T");
    train(model, data, kind, adapter);
    letters.append(holds(() -> merge(model, adapter, kind, "folder")) ? 'F' : '–');
    letters.append(holds(() -> mergeGguf(model, adapter, kind, "model.gguf")) ? 'G' : '–');
    letters.append(holds(() -> export(model, adapter)) ? 'A' : '–');
    assertTrue(letters.length() == ALL.length());
    return letters.toString();
  }

  private void train(Path model, Path data, Kind kind, Path out) {
    FinetuneOptions options =
        new FinetuneOptions(
            model,
            out,
            new FinetuneOptions.Adapting(
                kind.kind, 2, 4, 0.1, "all-linear", "", kind.special, null, Set.of()),
            new FinetuneOptions.DataFlow(
                List.of(data),
                DataFormat.AUTO,
                TrainOn.COMPLETIONS,
                true,
                2,
                1,
                24,
                true,
                Order.FILE),
            new FinetuneOptions.Length(1, 0),
            new FinetuneOptions.Learning(1e-3, Schedule.Kind.CONSTANT, 0, 1, AdamSettings.DEFAULT),
            new FinetuneOptions.Evaluating(List.of(), 0, 0, 0),
            FinetuneOptions.Saving.AT_THE_END,
            DType.FP32,
            1,
            7,
            List.of(),
            null,
            null,
            null,
            FinetuneOptions.Limits.NONE,
            true,
            "a test");
    StepRecord last = Objects.requireNonNull(Finetuning.run(options).last());
    assertTrue(Double.isFinite(last.loss()) && last.gradNorm() > 0, kind.title + " of " + model);
  }

  private MergeOptions options(Path model, Path adapter, Kind kind, String out) {
    return new MergeOptions(
        model,
        List.of(new AdapterBlend.Choice(adapter, 1)),
        folder.resolve(out),
        kind.mixture(),
        DType.FP32,
        Long.MAX_VALUE,
        true,
        1);
  }

  private void merge(Path model, Path adapter, Kind kind, String out) {
    new FolderMerge(options(model, adapter, kind, out), FaultInjector.none(), e -> {}).run();
    assertTrue(Files.exists(folder.resolve(out).resolve("model.safetensors")));
  }

  private void mergeGguf(Path model, Path adapter, Kind kind, String out) {
    MergeOptions options = options(model, adapter, kind, out);
    new GgufMerge(options, GgufMerge.Type.F16, FaultInjector.none(), e -> {}).run();
    assertTrue(Files.exists(folder.resolve(out)));
  }

  private void export(Path model, Path adapter) {
    Path out = folder.resolve("adapter.gguf");
    AdapterExport.toGguf(model, adapter, out, true, FaultInjector.none());
    assertTrue(Files.exists(out));
  }

  private static boolean holds(Runnable act) {
    try {
      act.run();
      return true;
    } catch (NacelleException e) {
      // Refused with its reason; a bug or a lack of anything else is none.
      if (e.kind() != NacelleException.Kind.INPUT) {
        throw e;
      }
      return false;
    }
  }
}
