package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.data.Dataset;
import dev.nacelle.data.SampleEncoder;
import dev.nacelle.data.TokenizeOptions;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.report.TrainProgress;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.TrainEvent;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Data, and how its records become samples. */
final class SampleFlags {
  private static final int LONGEST = 1 << 24;

  @Option(
      names = "--data",
      paramLabel = "F.jsonl",
      required = true,
      description = "Data, JSON lines or one JSON array, also .gz; repeatable.")
  private List<Path> data = new ArrayList<>();

  @Option(
      names = "--max-length",
      defaultValue = "512",
      description = "Tokens a sample; longer ones are cut (default: ${DEFAULT-VALUE}).")
  private int maxLength;

  @Mixin private RecordFlags records = new RecordFlags();

  /** The options, each checked. */
  TokenizeOptions options() {
    if (maxLength < 2 || maxLength > LONGEST) {
      throw NacelleException.usage(
          "--max-length " + maxLength + " is not possible", "choose 2 to " + LONGEST);
    }
    return new TokenizeOptions(
        maxLength, records.trainOn(), records.format(), records.skipBadLines);
  }

  /**
   * Opens the data for a model.
   *
   * @param heldOut whether a name that pull knows means its held-out part
   */
  Dataset open(BaseModel base, boolean heldOut, TrainProgress progress, FaultInjector faults) {
    return Dataset.open(
        heldOut ? Names.heldOutData(data) : Names.trainingData(data),
        new SampleEncoder(base.tokenizer(), base.template(), base.eosId(), options()),
        Path.of(System.getProperty("java.io.tmpdir")),
        (done, total) -> progress.accept(new TrainEvent.Preparing("reading", done, total)),
        faults);
  }
}
