package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.adapter.Beginning;
import dev.nacelle.data.DataFormat;
import dev.nacelle.data.Order;
import dev.nacelle.data.TrainOn;
import dev.nacelle.file.AdapterKind;
import dev.nacelle.file.DoraKind;
import dev.nacelle.file.HydraKind;
import dev.nacelle.file.LoraKind;
import dev.nacelle.file.VeraKind;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.AdamSettings;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneRules;
import dev.nacelle.train.Schedule;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The flags of finetune, and the options they stand for. */
final class FinetuneFlags {
  private static final String KINDS = "choose lora, rslora, lora-fa, dora, vera or hydra";

  /** No chip that we know works above it. */
  private static final int HOTTEST = 125;

  @Option(
      names = "--model",
      paramLabel = "M",
      description = "A Hugging Face folder, a .gguf file, or a name that pull knows.")
  @Nullable Path model;

  @Option(
      names = "--data",
      paramLabel = "F.jsonl",
      description = "Training data, JSON lines or one JSON array, also .gz; repeatable.")
  List<Path> data = new ArrayList<>();

  @Option(names = "--out", paramLabel = "DIR", description = "Where the adapter goes.")
  @Nullable Path out;

  @Option(names = "--overwrite", description = "Let --out hold something already.")
  boolean overwrite;

  @Option(
      names = "--adapter",
      paramLabel = "KIND",
      defaultValue = "lora",
      description =
          "What is trained beside each layer: lora, rslora, lora-fa, dora, vera, vectors around"
              + " shared random matrices, or hydra, one A with several Bs under a router (default:"
              + " ${DEFAULT-VALUE}).")
  String adapter = "lora";

  @Option(
      names = "--heads",
      paramLabel = "N",
      defaultValue = "3",
      description =
          "Hydra's up-projections; auto: as many as the data has topics, by TF-IDF, k-means and the"
              + " elbow (default: ${DEFAULT-VALUE}).")
  String heads = "3";

  @Option(
      names = "--d-initial",
      paramLabel = "D",
      defaultValue = "0.1",
      description = "VeRA: what its vector d begins as (default: ${DEFAULT-VALUE}).")
  double initialD;

  @Option(
      names = "--projection-key",
      paramLabel = "K",
      defaultValue = "0",
      description = "VeRA: seed of its random matrices (default: ${DEFAULT-VALUE}).")
  long projectionKey;

  @Option(
      names = "--save-projection",
      defaultValue = "on",
      description =
          "VeRA: off leaves the matrices out of the file, to be drawn again from the key (default:"
              + " ${DEFAULT-VALUE}).")
  String saveProjection = "on";

  @Option(
      names = "--balance-weight",
      paramLabel = "W",
      defaultValue = "0",
      description =
          "Hydra: weight in the loss of a term that spreads tokens over the heads (default:"
              + " ${DEFAULT-VALUE}).")
  double balanceWeight;

  @Option(names = "--rank", defaultValue = "16", description = "R (default: ${DEFAULT-VALUE}).")
  int rank;

  @Option(
      names = "--alpha",
      defaultValue = "32",
      description =
          "The update is scaled by alpha/rank, by rslora alpha/√rank (default: ${DEFAULT-VALUE}).")
  double alpha;

  @Option(
      names = "--rank-pattern",
      paramLabel = "NAME=R,…",
      defaultValue = "",
      description = "Layers of another rank, by the ends of their names (default: none).")
  String rankPattern = "";

  @Option(
      names = "--alpha-pattern",
      paramLabel = "NAME=A,…",
      defaultValue = "",
      description = "Layers of another alpha, by the ends of their names (default: none).")
  String alphaPattern = "";

  @Option(
      names = "--dropout",
      defaultValue = "0",
      description = "Share of the adapter's input dropped in training (default: ${DEFAULT-VALUE}).")
  double dropout;

  @Option(
      names = "--targets",
      defaultValue = "all-linear",
      description = "all-linear, or ends of module names with commas (default: ${DEFAULT-VALUE}).")
  String targets = "all-linear";

  @Option(names = "--layers", defaultValue = "", description = "Blocks, 0-7,12 say (default: all).")
  String layers = "";

  @Option(
      names = "--modules-to-save",
      paramLabel = "NAME,…",
      defaultValue = "",
      description =
          "Modules that train whole, as copies of their own in the adapter: lm_head, embed_tokens"
              + " (default: none).")
  String modulesToSave = "";

  @Option(
      names = "--init",
      defaultValue = "default",
      description =
          "How A and B begin: default, pissa (singular vectors) or olora (QR) (default:"
              + " ${DEFAULT-VALUE}).")
  String init = "default";

  @Option(
      names = "--will-export",
      paramLabel = "gguf",
      defaultValue = "",
      description = "Refuse at once what could not be exported so (default: not looked at).")
  String willExport = "";

  @Option(
      names = "--init-adapter",
      paramLabel = "DIR",
      description = "Start from a saved adapter; its rank, alpha and targets hold.")
  @Nullable Path initAdapter;

  @Option(names = "--steps", description = "Optimiser steps; instead of --epochs.")
  @Nullable Long steps;

  @Option(names = "--epochs", description = "Times through the data (default: 1).")
  @Nullable Double epochs;

  @Option(
      names = "--batch-size",
      defaultValue = "4",
      description = "Samples a micro-batch (default: ${DEFAULT-VALUE}).")
  int batchSize;

  @Option(
      names = "--accumulate",
      defaultValue = "1",
      description = "Micro-batches a step (default: ${DEFAULT-VALUE}).")
  int accumulate;

  @Option(
      names = "--max-length",
      defaultValue = "512",
      description = "Tokens a sample; longer ones are cut (default: ${DEFAULT-VALUE}).")
  int maxLength;

  @Option(
      names = "--packing",
      defaultValue = "on",
      description = "on: samples end to end; off: padded (default: ${DEFAULT-VALUE}).")
  String packing = "on";

  @Option(
      names = "--order",
      defaultValue = "shuffle",
      description = "shuffle or file (default: ${DEFAULT-VALUE}).")
  String order = "shuffle";

  @Option(
      names = "--format",
      defaultValue = "auto",
      description =
          "Shape of every record, recognised where it is auto (default: ${DEFAULT-VALUE}).")
  String format = "auto";

  @Option(
      names = "--train-on",
      defaultValue = "completions",
      description = "completions or all (default: ${DEFAULT-VALUE}).")
  String trainOn = "completions";

  @Option(names = "--skip-bad-lines", description = "Count bad lines and go on.")
  boolean skipBadLines;

  @Option(
      names = "--lr",
      defaultValue = "2e-4",
      description = "Learning rate (default: ${DEFAULT-VALUE}).")
  double lr;

  @Option(
      names = "--schedule",
      defaultValue = "cosine",
      description = "constant, linear or cosine (default: ${DEFAULT-VALUE}).")
  String schedule = "cosine";

  @Option(
      names = "--warmup",
      defaultValue = "0.03",
      description = "Below 1 a share of the steps, else a count (default: ${DEFAULT-VALUE}).")
  double warmup;

  @Option(
      names = "--weight-decay",
      defaultValue = "0",
      description = "AdamW's decay (default: ${DEFAULT-VALUE}).")
  double weightDecay;

  @Option(
      names = "--clip",
      defaultValue = "1.0",
      description = "Largest gradient norm, 0 for none (default: ${DEFAULT-VALUE}).")
  double clip;

  @Option(
      names = "--betas",
      defaultValue = "0.9,0.999",
      description = "AdamW's betas (default: ${DEFAULT-VALUE}).")
  String betas = "0.9,0.999";

  @Option(
      names = "--eps",
      defaultValue = "1e-8",
      description = "AdamW's epsilon (default: ${DEFAULT-VALUE}).")
  double eps;

  @Option(
      names = "--lora-plus-ratio",
      defaultValue = "1",
      description = "Multiplies the rate of every B (default: ${DEFAULT-VALUE}).")
  double loraPlusRatio;

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
    require(
        willExport.isEmpty() || willExport.equals("gguf"),
        "--will-export " + willExport,
        "choose gguf");
    double[] pair = betas();
    return new FinetuneOptions(
        Names.model(givenModel),
        givenOut,
        new FinetuneOptions.Adapting(
            adapterKind(given),
            rank,
            alpha,
            dropout,
            targets,
            layers,
            new FinetuneOptions.Special(
                ModuleNumbers.parse("--rank-pattern", rankPattern),
                ModuleNumbers.parse("--alpha-pattern", alphaPattern),
                choice("--init", init, Beginning.class),
                willExport.equals("gguf"),
                wholeModules()),
            initAdapter,
            given),
        new FinetuneOptions.DataFlow(
            Names.trainingData(data),
            DataFormat.parse(format),
            choice("--train-on", trainOn, TrainOn.class),
            skipBadLines,
            batchSize,
            accumulate,
            maxLength,
            isOn("--packing", packing),
            choice("--order", order, Order.class)),
        new FinetuneOptions.Length(
            steps == null ? 0 : steps, steps != null ? 0 : epochs == null ? 1 : epochs),
        new FinetuneOptions.Learning(
            lr,
            choice("--schedule", schedule, Schedule.Kind.class),
            warmup,
            clip,
            new AdamSettings(pair[0], pair[1], eps, weightDecay, loraPlusRatio),
            balanceWeight),
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

  private List<String> wholeModules() {
    return modulesToSave.isEmpty()
        ? List.of()
        : Arrays.stream(modulesToSave.split(",", -1)).map(String::strip).distinct().toList();
  }

  private AdapterKind adapterKind(Set<String> given) {
    boolean auto = heads.equals("auto");
    boolean headless = !adapter.equals("hydra") && initAdapter == null;
    require(
        !(headless && given.contains("--heads")),
        "--heads with --adapter " + adapter,
        "add --adapter hydra");
    return switch (adapter) {
      case "lora" -> new LoraKind();
      case "rslora" -> new LoraKind(true, false);
      case "lora-fa" -> new LoraKind(false, true);
      case "dora" -> new DoraKind(false);
      case "hydra" -> auto ? HydraKind.AS_DATA_SAYS : new HydraKind(headCount());
      case "vera" ->
          new VeraKind(isOn("--save-projection", saveProjection), projectionKey, initialD);
      default -> throw NacelleException.usage("--adapter " + adapter + " is not possible", KINDS);
    };
  }

  private int headCount() {
    try {
      int count = Integer.parseInt(heads);
      require(
          count >= 1 && count <= HydraKind.MOST_HEADS,
          "--heads " + heads,
          "choose 1 to " + HydraKind.MOST_HEADS + ", or auto");
      return count;
    } catch (NumberFormatException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          "--heads " + heads + " is no number",
          "choose 1 to " + HydraKind.MOST_HEADS + ", 3 say, or auto",
          e);
    }
  }

  private double[] betas() {
    String[] parts = betas.split(",", -1);
    try {
      double first = Double.parseDouble(parts[0].strip());
      double second = Double.parseDouble(parts[1].strip());
      require(parts.length == 2, "--betas " + betas, "give two numbers, 0.9,0.999 say");
      return new double[] {first, second};
    } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
      throw new NacelleException(
          NacelleException.Kind.USAGE,
          "--betas " + betas + " are not two numbers",
          "give 0.9,0.999 for example",
          e);
    }
  }

  /** fp32 or bf16. */
  static DType computeType(String name) {
    return switch (name) {
      case "fp32" -> DType.FP32;
      case "bf16" -> DType.BF16;
      default ->
          throw NacelleException.usage(
              "--dtype " + name + " is not possible", "choose fp32 or bf16");
    };
  }

  private static boolean isOn(String flag, String value) {
    require(value.equals("on") || value.equals("off"), flag + " " + value, "choose on or off");
    return value.equals("on");
  }

  /** The constant of an enum that a flag names, in lower case. */
  static <E extends Enum<E>> E choice(String flag, String value, Class<E> type) {
    List<String> names = new ArrayList<>();
    for (E constant : type.getEnumConstants()) {
      String name = constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
      if (name.equals(value)) {
        return constant;
      }
      names.add(name);
    }
    throw NacelleException.usage(
        flag + " " + value + " is not possible", "choose " + String.join(" or ", names));
  }

  private static boolean finite(double value) {
    return Double.isFinite(value);
  }

  private static void require(boolean holds, String what, String instead) {
    if (!holds) {
      throw NacelleException.usage(what + " is not possible", instead);
    }
  }
}
