package dev.nacelle.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.devices.Processor;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.report.TrainProgress;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.Finetune;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.ProductRate;
import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TrainEvent;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code ./nacelle bench train}: one job as a whole process, held against the work it needs. */
@Command(
    name = "train",
    mixinStandardHelpOptions = true,
    description = {
      "Measures a fine-tuning as a whole process: seconds a step, share of the machine's best",
      "product rate over the work that is really needed, peak resident set, time to the first step."
    },
    footer = {
      "",
      "Exit codes as finetune's.",
      "",
      "Examples:",
      "  ./nacelle bench train --model DIR --data chats.jsonl --order file --steps 12 --json",
      "  ./nacelle bench train --model DIR --data rows.jsonl --batch-size 2 --results out.json",
    })
final class BenchTrainCommand implements Callable<Integer> {
  @Mixin private FinetuneFlags flags = new FinetuneFlags();
  @Mixin private ComputeFlags compute = new ComputeFlags();
  @Mixin private OutputFlags output = new OutputFlags();

  @Option(
      names = "--warmup-steps",
      defaultValue = "2",
      description = "Steps left out of the median (default: ${DEFAULT-VALUE}).")
  private int warmupSteps;

  @Option(names = "--results", description = "Also write the result to this file.")
  private Path results = Path.of("");

  private final List<StepRecord> steps = new ArrayList<>();
  private double firstStepSeconds;
  private double startedAfter;
  private long begin;

  @Override
  public Integer call() {
    // Seconds of the process so far are told by the wall clock alone, which may be set meanwhile.
    begin = System.nanoTime();
    Instant start = ProcessHandle.current().info().startInstant().orElse(Instant.now());
    startedAfter = Math.max(0, Duration.between(start, Instant.now()).toMillis() / 1000.0);
    compute.check();
    Path model = flags.model;
    if (model == null || flags.data.files.isEmpty()) {
      throw NacelleException.usage("bench train needs --model and --data", "give both");
    }
    Path out = temporary();
    try {
      FinetuneOptions options =
          flags.options(
              model, out, compute.threads(), compute.seed, Set.of(), "./nacelle bench train");
      if (!options.limits().equals(FinetuneOptions.Limits.NONE)) {
        throw NacelleException.usage(
            "bench train measures the job without a plan",
            "leave --budget, --allow-approximate and --spill out");
      }
      print(options, train(options));
    } finally {
      delete(out);
    }
    return 0;
  }

  private FinetuneResult train(FinetuneOptions options) {
    TrainProgress progress = TrainProgress.onStandardError(System.err, output.quiet);
    try (progress) {
      return new Finetune(
              options,
              FaultInjector.fromEnvironment(),
              compute::kernels,
              event -> {
                note(event);
                progress.accept(event);
              },
              new Cancellation())
          .run();
    }
  }

  private void note(TrainEvent event) {
    if (event instanceof TrainEvent.Stepped stepped) {
      if (steps.isEmpty()) {
        firstStepSeconds = startedAfter + (System.nanoTime() - begin) * 1e-9;
      }
      steps.add(stepped.step());
    }
  }

  private void print(FinetuneOptions options, FinetuneResult result) {
    List<StepRecord> counted = steps.subList(Math.min(warmupSteps, steps.size() - 1), steps.size());
    double rate;
    try (BaseModel base = BaseModel.open(options.model(), FaultInjector.none());
        var kernels = compute.kernels(options.threads())) {
      rate = ProductRate.best(kernels, base.config());
    }
    double median = median(counted.stream().map(StepRecord::seconds).toList());
    double share = median(counted.stream().map(s -> s.neededFlops() / s.seconds() / rate).toList());
    ObjectNode json = new ObjectMapper().createObjectNode();
    json.put("processor", Processor.read(Path.of("/")).name());
    json.put("threads", options.threads()).put("isa", result.isaLevel());
    json.put("product_library", result.productLibrary());
    json.put("version", Version.VERSION).put("java", Runtime.version().toString());
    json.put("time", Instant.now().toString());
    json.put("dtype", options.dtype().label()).put("rank", options.adapter().rank());
    json.put("batch_size", options.data().batchSize());
    json.put("max_length", options.data().maxLength());
    json.put("median_step_seconds", median);
    json.put("best_product_rate", rate);
    json.put("share_of_best_product_rate", share);
    json.put("peak_resident_bytes", result.processPeakBytes());
    json.put("ledger_peak_bytes", result.ledgerPeakBytes());
    json.put("first_step_done_seconds", firstStepSeconds);
    ArrayNode list = json.putArray("steps");
    for (StepRecord s : steps) {
      list.addObject()
          .put("seconds", s.seconds())
          .put("loss", s.loss())
          .put("tokens", s.tokens())
          .put("target_tokens", s.targetTokens())
          .put("needed_flops", s.neededFlops());
    }
    String text = json.toString();
    if (!results.toString().isEmpty()) {
      write(results, json.toPrettyString() + "\n");
    }
    System.out.println(
        output.json
            ? text
            : "median step %.3f s, %.0f %% of %.0f GFLOP/s over the needed work, peak %d MiB"
                .formatted(median, 100 * share, rate * 1e-9, result.processPeakBytes() >> 20));
  }

  private static double median(List<Double> values) {
    List<Double> sorted = values.stream().sorted().toList();
    int n = sorted.size();
    return (sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2;
  }

  private static void write(Path file, String text) {
    dev.nacelle.file.AtomicFile.writeText(file, FaultInjector.none(), text);
  }

  private static Path temporary() {
    try {
      return Files.createTempDirectory("nacelle-bench");
    } catch (IOException e) {
      throw NacelleException.environment(
          "no temporary folder can be made (" + e + ")", "set TMPDIR to a folder with space", e);
    }
  }

  private static void delete(Path folder) {
    try (Stream<Path> all = Files.walk(folder)) {
      all.sorted(Comparator.reverseOrder()).forEach(p -> p.toFile().delete());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
