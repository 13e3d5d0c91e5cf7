package dev.nacelle.planning;

import dev.nacelle.commandline.Fixtures;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.LoraKind;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.Schedule;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;

/** The small fine-tuning that plans are held against. */
final class TinyJob {
  private TinyJob() {}

  static FinetuneOptions options(
      Path out, int steps, DType dtype, int batchSize, int accumulate, boolean packing) {
    return options(Fixtures.model("plain"), out, steps, dtype, batchSize, accumulate, packing);
  }

  static FinetuneOptions options(
      Path model,
      Path out,
      int steps,
      DType dtype,
      int batchSize,
      int accumulate,
      boolean packing) {
    return new FinetuneOptions(
        model,
        out,
        new FinetuneOptions.Adapting(new LoraKind(), 4, 8, 0.1, "all-linear", "", null, Set.of()),
        new FinetuneOptions.DataFlow(
            List.of(Fixtures.example("plain-qv").resolve("data.jsonl")),
            DataFormat.AUTO,
            TrainOn.COMPLETIONS,
            true,
            batchSize,
            accumulate,
            48,
            packing,
            Order.SHUFFLE),
        new FinetuneOptions.Length(steps, 0),
        new FinetuneOptions.Learning(1e-3, Schedule.Kind.CONSTANT, 0, 1, AdamSettings.DEFAULT),
        new FinetuneOptions.Evaluating(List.of(), 0, 0, 0),
        new FinetuneOptions.Saving(0, 1, false),
        dtype,
        2,
        7,
        List.of(),
        null,
        null,
        null,
        FinetuneOptions.Limits.NONE,
        false,
        "a test");
  }
}
