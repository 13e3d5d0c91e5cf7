package dev.nacelle.cli;

import static dev.nacelle.cli.FlagWords.computeType;
import static dev.nacelle.cli.FlagWords.isOn;
import static dev.nacelle.cli.FlagWords.require;

import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneRules;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags of finetune, and the options they stand for. */
final class FinetuneFlags {
  /** No chip that we know works above it. */
  private static final int HOTTEST = 125;

  @Option(
      names = "--model",
      paramLabel = "M",
      description = "A Hugging Face folder, a .gguf file, or a name that pull knows.")
  @Nullable Path model;

  @Mixin DataFlags data = new DataFlags();
  @Mixin private AdapterFlags adapter = new AdapterFlags();
  @Mixin LearningFlags learning = new LearningFlags();

  @Option(names = "--out", paramLabel = "DIR", description = "Where the adapter goes.")
  @Nullable Path out;

  @Option(names = "--overwrite", description = "Let --out hold something already.")
  boolean overwrite;

  @Option(names = "--steps", description = "Optimiser steps; instead of --epochs.")
  @Nullable Long steps;

  @Option(names = "--epochs", description = "Times through the data (default: 1).")
  @Nullable Double epochs;

  @Option(names = "--eval-data", paramLabel = "F.jsonl", description = "Held-out data; repeatable.")
  List<Path> evalData = new ArrayList<>();

  @Option(
      names = "--eval-split",
      defaultValue = "0",
      description = "Per cent of the records to hold out instead (default: none).")
  double evalSplit;

  @Option(
      names = "--eval-every",
      defaultValue = "0",
      description = "Steps between evaluations (default: at the end alone).")
  long evalEvery;

  @Option(
      names = "--patience",
      defaultValue = "0",
      description = "Evaluations without a better one before stopping (default: never).")
  int patience;

  @Option(
      names = "--sample-prompt",
      paramLabel = "T",
      description = "Answered before and after, into the report; repeatable.")
  List<String> samplePrompts = new ArrayList<>();

  @Option(
      names = "--save-every",
      paramLabel = "N",
      defaultValue = "0",
      description = "Steps between checkpoints (default: at the end alone).")
  long saveEvery;

  @Option(
      names = "--keep",
      paramLabel = "N",
      defaultValue = "2",
      description = "Checkpoints that stay, the newest ones (default: ${DEFAULT-VALUE}).")
  int keep;

  @Option(
      names = "--resume",
      description = "Go on from the newest checkpoint in --out; all other flags are remembered.")
  boolean resume;

  @Option(
      names = "--dtype",
      defaultValue = "fp32",
      description = "Compute type, fp32 or bf16 (default: ${DEFAULT-VALUE} on the CPU).")
  String dtype = "fp32";

  @Option(
      names = "--log",
      paramLabel = "F.jsonl",
      description = "Step log (default: DIR/log.jsonl).")
  @Nullable Path log;

  @Option(
      names = "--dump-gradients",
      paramLabel = "F.safetensors",
      description = "Where the first step's gradients go, before clipping.")
  @Nullable Path dumpGradients;

  @Option(
      names = "--max-temperature",
      paramLabel = "C",
      description = "Pause between steps above so many degrees Celsius (default: never).")
  @Nullable Double maxTemperature;

  @Mixin private BudgetFlag budget = new BudgetFlag();

  @Option(
      names = "--allow-approximate",
      description = "Let the plan round activations and moments to fewer bits.")
  boolean allowApproximate;

  @Option(
      names = "--spill",
      defaultValue = "on",
      description =
          "on: where nothing else fits, activations may go to a file in --out (default:"
              + " ${DEFAULT-VALUE}).")
  String spill = "on";

  /** The options, held against {@link FinetuneRules}. */
  FinetuneOptions options(
      Path givenModel, Path givenOut, int threads, long seed, Set<String> given, String command) {
    return FinetuneRules.check(described(givenModel, givenOut, threads, seed, given, command));
  }

  private FinetuneOptions described(
      Path givenModel, Path givenOut, int threads, long seed, Set<String> given, String command) {
    require(steps == null || epochs == null, "--steps with --epochs", "give one of them");
    require(steps == null || steps >= 1, "--steps " + steps, "choose 1 or more");
    require(
        epochs == null || (finite(epochs) && epochs > 0), "--epochs " + epochs, "choose above 0");
    require(
        maxTemperature == null || (maxTemperature > 0 && maxTemperature <= HOTTEST),
        "--max-temperature " + maxTemperature,
        "choose degrees Celsius above 0 and up to " + HOTTEST);
    return new FinetuneOptions(
        Names.model(givenModel),
        givenOut,
        adapter.adapting(given),
        data.dataFlow(),
        new FinetuneOptions.Length(
            steps == null ? 0 : steps, steps != null ? 0 : epochs == null ? 1 : epochs),
        learning.learning(),
        new FinetuneOptions.Evaluating(Names.heldOutData(evalData), evalSplit, evalEvery, patience),
        new FinetuneOptions.Saving(saveEvery, keep, resume),
        computeType(dtype),
        threads,
        seed,
        List.copyOf(samplePrompts),
        log,
        dumpGradients,
        maxTemperature,
        new FinetuneOptions.Limits(budget.bytes(), allowApproximate, isOn("--spill", spill)),
        overwrite,
        command);
  }

  private static boolean finite(double value) {
    return Double.isFinite(value);
  }
}
