package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.memory.Budget;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.report.Sizes;
import dev.nacelle.report.TrainProgress;
import dev.nacelle.train.ProcessMemory;
import dev.nacelle.train.export.FolderMerge;
import dev.nacelle.train.export.GgufMerge;
import dev.nacelle.train.export.MergeNeeds;
import dev.nacelle.train.export.MergeOptions;
import dev.nacelle.train.export.MergeResult;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle merge}. */
@Command(
    name = "merge",
    mixinStandardHelpOptions = true,
    description = {
      "Adds adapters to their base model for good and writes the result: a folder that"
          + " transformers",
      "opens, tokenizer included, or one GGUF file. Tensors are streamed: memory does not grow"
          + " with",
      "the model."
    },
    footer = {
      "",
      "A 16-bit type cannot hold a small update whole: standard error and --json say how large the",
      "rounding error is beside the update (rounding.overall, rounding.worst). In fp32 it is"
          + " nothing.",
      "",
      "--json prints out, format, type, tensors, files, bytes, adapted, untied, rounding, seconds"
          + " and",
      "peak_bytes.",
      "",
      "Exit codes: 0 done, 1 unexpected failure, 2 wrong usage, 3 bad input, 4 does not fit the",
      "memory budget, 5 the environment lacks something.",
      "",
      "Examples:",
      "  ./nacelle merge --model DIR --adapter my-adapter --out merged",
      "  ./nacelle merge --model base.gguf --adapter my-adapter --out merged --dtype bf16",
      "  ./nacelle merge --model DIR --adapter a:0.7 --adapter b:0.3 --out merged --json",
      "  ./nacelle merge --model DIR --adapter my-adapter --format gguf --type q8_0 --out m.gguf",
      "  ./nacelle merge --model DIR --adapter hydra --mixture 0.5,0.25,0.25 --out merged",
    })
final class MergeCommand implements Callable<Integer> {
  @Mixin private WrittenFlags written = new WrittenFlags();

  @Option(
      names = "--format",
      defaultValue = "hf",
      description = "hf, a folder, or gguf, a file (default: ${DEFAULT-VALUE}).")
  private String format = "hf";

  @Option(
      names = "--type",
      description = "With --format gguf: f16 or q8_0 for matrices (default: f16); vectors are F32.")
  private @Nullable String type;

  @Option(
      names = "--dtype",
      description =
          "Type of a folder's weights: fp32, bf16 or fp16 (default: the base's own; fp32 where that"
              + " is quantised).")
  private @Nullable String dtype;

  @Option(
      names = "--max-shard-size",
      paramLabel = "SIZE",
      defaultValue = "5GB",
      description = "Weights beyond it go into further files (default: ${DEFAULT-VALUE}).")
  private String shardSize = "5GB";

  @Option(
      names = "--mixture",
      paramLabel = "W1,W2,…",
      description =
          "What each head of a HydraLoRA adapter weighs, summing to 1; needed for more than one.")
  private @Nullable String mixture;

  @Mixin private BudgetFlag budget = new BudgetFlag();
  @Mixin private ComputeFlags compute = new ComputeFlags();
  @Mixin private OutputFlags output = new OutputFlags();

  @Override
  public Integer call() {
    compute.check();
    Long ignored = budget.bytes(); // checked before anything is opened
    MergeOptions options = options();
    long begin = System.nanoTime();
    MergeResult result = merge(options);
    tell(result, (System.nanoTime() - begin) * 1e-9);
    return 0;
  }

  private MergeResult merge(MergeOptions options) {
    FaultInjector faults = FaultInjector.fromEnvironment();
    Budget binding = budget.binding(0);
    if (binding != null) {
      MergeNeeds.check(options, binding.now(), ProcessMemory.residentBytes(), faults);
    }
    TrainProgress progress = TrainProgress.onStandardError(System.err, output.quiet);
    try (progress) {
      return format.equals("gguf")
          ? new GgufMerge(options, ggufType(), faults, progress::accept).run()
          : new FolderMerge(options, faults, progress::accept).run();
    }
  }

  private MergeOptions options() {
    switch (format) {
      case "hf" -> refuse(type, "--type", "a folder's weights have a --dtype");
      case "gguf" -> {
        refuse(dtype, "--dtype", "a GGUF file's matrices have a --type");
        GgufMerge.Type ignored = ggufType();
      }
      default ->
          throw NacelleException.usage("--format " + format + " is no format", "choose hf or gguf");
    }
    return new MergeOptions(
        written.model(),
        written.adapters(),
        written.out(),
        weights(),
        dtype == null ? null : type(dtype),
        ByteSize.parse("--max-shard-size", shardSize),
        written.overwrite,
        compute.threads());
  }

  private List<Double> weights() {
    List<Double> weights = new ArrayList<>();
    if (mixture != null) {
      for (String part : mixture.split(",", -1)) {
        try {
          weights.add(Double.parseDouble(part.strip()));
        } catch (NumberFormatException e) {
          throw new NacelleException(
              NacelleException.Kind.USAGE,
              "--mixture " + mixture + " is no list of numbers",
              "write one weight a head, 0.5,0.25,0.25 say",
              e);
        }
      }
    }
    return weights;
  }

  private void refuse(@Nullable String value, String flag, String hint) {
    if (value != null) {
      throw NacelleException.usage(
          flag + " " + value + " does not go with --format " + format, hint);
    }
  }

  private GgufMerge.Type ggufType() {
    return switch (type == null ? "f16" : type.toLowerCase(Locale.ROOT)) {
      case "f16" -> GgufMerge.Type.F16;
      case "q8_0" -> GgufMerge.Type.Q8_0;
      default ->
          throw NacelleException.usage(
              "--type " + type + " is no type that is written", "choose f16 or q8_0");
    };
  }

  private static DType type(String text) {
    return switch (text.toLowerCase(Locale.ROOT)) {
      case "fp32" -> DType.FP32;
      case "bf16" -> DType.BF16;
      case "fp16" -> DType.FP16;
      default ->
          throw NacelleException.usage(
              "--dtype " + text + " is no type of weights", "choose fp32, bf16 or fp16");
    };
  }

  private void tell(MergeResult result, double seconds) {
    String worst = result.rounding().worstTensor();
    if (!output.quiet) {
      System.err.printf(
          Locale.ROOT,
          "nacelle: rounding to %s is an error of %s of the update's norm%s%n",
          result.type(),
          percent(result.rounding().overall()),
          worst == null
              ? ""
              : ", at worst " + percent(result.rounding().worst()) + " (" + worst + ")");
    }
    if (output.json) {
      ObjectNode json =
          Json.object()
              .put("out", result.out().toString())
              .put("format", format)
              .put("type", result.type())
              .put("tensors", result.tensors())
              .put("files", result.files())
              .put("bytes", result.bytes())
              .put("adapted", result.adapted())
              .put("untied", result.untied());
      ObjectNode rounding = json.putObject("rounding");
      rounding.put("overall", result.rounding().overall());
      rounding.putObject("worst").put("tensor", worst).put("relative", result.rounding().worst());
      json.put("seconds", seconds).put("peak_bytes", ProcessMemory.peakResidentBytes());
      System.out.println(Json.text(json));
    } else {
      System.out.printf(
          Locale.ROOT,
          "%s: %d tensors in %s, %s, %d linear layers merged%s%n",
          result.out(),
          result.tensors(),
          result.type(),
          Sizes.bytes(result.bytes()),
          result.adapted(),
          result.untied() ? ", the head untied from the embedding" : "");
    }
  }

  private static String percent(double share) {
    return share == 0
        ? "nothing"
        : String.format(Locale.ROOT, share < 1e-4 ? "%.1e %%" : "%.3g %%", 100 * share);
  }
}
