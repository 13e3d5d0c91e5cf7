package dev.nacelle.cli;

import dev.nacelle.data.DataFormat;
import dev.nacelle.data.TrainOn;
import picocli.CommandLine.Option;

/** How records of data are read, whether they are trained on or looked at. */
final class RecordFlags {
  @Option(
      names = "--format",
      defaultValue = "auto",
      description =
          "Shape of every record, recognised where it is auto (default: ${DEFAULT-VALUE}).")
  private String format = "auto";

  @Option(
      names = "--train-on",
      defaultValue = "completions",
      description = "Which tokens are targets, completions or all (default: ${DEFAULT-VALUE}).")
  private String trainOn = "completions";

  @Option(names = "--skip-bad-lines", description = "Count bad lines and go on.")
  boolean skipBadLines;

  DataFormat format() {
    return DataFormat.parse(format);
  }

  TrainOn trainOn() {
    return FlagWords.choice("--train-on", trainOn, TrainOn.class);
  }
}
