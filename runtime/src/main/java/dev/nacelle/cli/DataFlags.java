package dev.nacelle.cli;

import static dev.nacelle.cli.FlagWords.choice;
import static dev.nacelle.cli.FlagWords.isOn;

import dev.nacelle.data.Order;
import dev.nacelle.train.FinetuneOptions;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What is trained on, and how it becomes batches. */
final class DataFlags {
  @Option(
      names = "--data",
      paramLabel = "F.jsonl",
      description = "Training data, JSON lines or one JSON array, also .gz; repeatable.")
  List<Path> files = new ArrayList<>();

  @Option(
      names = "--batch-size",
      defaultValue = "4",
      description = "Samples a micro-batch (default: ${DEFAULT-VALUE}).")
  int batchSize;

  @Option(
      names = "--accumulate",
      defaultValue = "1",
      description = "Micro-batches a step (default: ${DEFAULT-VALUE}).")
  private int accumulate;

  @Option(
      names = "--max-length",
      defaultValue = "512",
      description = "Tokens a sample; longer ones are cut (default: ${DEFAULT-VALUE}).")
  int maxLength;

  @Option(
      names = "--packing",
      defaultValue = "on",
      description = "on: samples end to end; off: padded (default: ${DEFAULT-VALUE}).")
  private String packing = "on";

  @Option(
      names = "--order",
      defaultValue = "shuffle",
      description = "shuffle or file (default: ${DEFAULT-VALUE}).")
  private String order = "shuffle";

  @Mixin private RecordFlags records = new RecordFlags();

  FinetuneOptions.DataFlow dataFlow() {
    return new FinetuneOptions.DataFlow(
        Names.trainingData(files),
        records.format(),
        records.trainOn(),
        records.skipBadLines,
        batchSize,
        accumulate,
        maxLength,
        isOn("--packing", packing),
        choice("--order", order, Order.class));
  }
}
