package dev.nacelle.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.topics.TopicCurve;
import dev.nacelle.devices.Processor;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.loader.FoundLibrary;
import dev.nacelle.nativeaccess.loader.NativeLibraries;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.SensorSummary;
import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TopicCurveJson;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import org.jspecify.annotations.Nullable;

/** {@code report.json}: what was asked, what came of it, on what machine. */
public final class RunReport {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final ObjectNode root;

  private RunReport(ObjectNode root) {
    this.root = root;
  }

  /**
   * The report of a run that came to its end, or to another.
   *
   * @param plan what was foreseen; null for a run without a plan
   * @param heads what the number of heads was read from; null where nobody asked the data
   * @param history every step of it, also those that an earlier process took
   * @param answers to the sample prompts
   */
  static RunReport of(
      FinetuneOptions options,
      RunIdentity identity,
      RunOutcome outcome,
      FinetuneResult result,
      @Nullable ObjectNode plan,
      @Nullable TopicCurve heads,
      RunHistory history,
      ArrayNode answers) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("status", outcome.status().label());
    if (outcome.message() != null) {
      ObjectNode error = root.putObject("error");
      error.put("code", outcome.code());
      error.put("message", outcome.message()).put("hint", outcome.hint());
    }
    root.put("finished", Instant.now().truncatedTo(ChronoUnit.SECONDS).toString());
    root.put("command", identity.command());
    root.put("model", options.model().toString());
    root.put("out", options.out().toString());
    ArrayNode data = root.putArray("data");
    options.data().files().forEach(file -> data.add(file.toString()));
    counts(root, result);
    root.put("first_loss", history.firstLoss());
    StepRecord last = result.last();
    if (last != null) {
      root.put("loss", last.loss()).put("grad_norm", last.gradNorm());
    } else {
      root.putNull("loss").putNull("grad_norm");
    }
    root.put("eval_loss_before", result.evalBefore());
    root.put("eval_loss", result.evalAfter());
    root.put("best_eval_loss", result.evalBest());
    root.put("tokens", result.tokens());
    root.put("seconds", result.totalSeconds());
    root.put("train_seconds", result.trainSeconds());
    root.put("tokens_per_second", result.tokens() / Math.max(1e-9, result.trainSeconds()));
    memory(root, result, plan);
    sensors(root, result.sensors(), history);
    machine(root, options, result);
    ObjectNode versions = root.putObject("versions");
    versions.put("nacelle", identity.version());
    versions.put("java", Runtime.version().toString());
    versions.put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    libraries(root, versions);
    ObjectNode flags = root.putObject("flags");
    identity.flags().forEach(flags::put);
    if (heads != null) {
      root.set("heads", TopicCurveJson.of(heads));
    }
    if (history.router() != null) {
      root.set("router", history.router());
    }
    root.set("generations", answers);
    return new RunReport(root);
  }

  private static void counts(ObjectNode root, FinetuneResult result) {
    root.put("steps", result.steps());
    root.put("resumed_from_step", result.resumedFromStep());
    root.put("samples", result.samples());
    root.put("truncated", result.truncated());
    root.put("dropped", result.dropped());
    root.put("counted", result.countsWhole() ? "all" : "dealt");
    root.put("bad_lines", result.badLines());
  }

  private static void memory(ObjectNode root, FinetuneResult result, @Nullable ObjectNode plan) {
    if (plan != null) {
      root.set("predicted_peak_bytes", plan.get("peak_bytes"));
      root.set("predicted_classes", plan.get("classes"));
      root.set("plan", plan);
    }
    root.put("measured_peak_bytes", result.processPeakBytes());
    ObjectNode classes = root.putObject("measured_classes");
    result.classes().forEach((kind, bytes) -> classes.put(kind.label(), bytes));
    classes.put("runtime", Math.max(0, result.processPeakBytes() - result.ledgerPeakBytes()));
    root.put("ledger_peak_bytes", result.ledgerPeakBytes());
  }

  /** Only what there was a sensor for. */
  private static void sensors(ObjectNode root, SensorSummary sensors, RunHistory history) {
    if (history.measuredTokens() > 0) {
      root.put("joules", history.joules());
      root.put("joules_per_token", history.joules() / history.measuredTokens());
    }
    if (sensors.energySource() != null) {
      root.put("energy_source", sensors.energySource());
    }
    if (sensors.hottestCelsius() != null) {
      root.put("hottest_celsius", sensors.hottestCelsius());
      root.put("paused_seconds", sensors.pausedSeconds());
    }
    if (!sensors.throttled().isEmpty()) {
      ArrayNode throttled = root.putArray("throttled");
      sensors.throttled().forEach(throttled::add);
    }
  }

  private static void machine(ObjectNode root, FinetuneOptions options, FinetuneResult result) {
    Processor processor = Processor.read(Path.of("/"));
    root.put("device", "cpu");
    root.put("processor", processor.name());
    root.put("threads", options.threads());
    root.put("dtype", options.dtype().label());
    root.put("backend", result.backend());
    root.put("isa", result.isaLevel());
    root.put("product_library", result.productLibrary());
    root.put("seed", options.seed());
  }

  /** What was opened, and LibTorch, which stands by even where our own kernels did all the work. */
  private static void libraries(ObjectNode root, ObjectNode versions) {
    NativeLibraries libraries = NativeLibraries.shared();
    try {
      versions.put("libtorch", libraries.libTorchSource().version());
    } catch (NativeException e) {
      versions.putNull("libtorch");
    }
    ObjectNode paths = root.putObject("libraries");
    for (FoundLibrary found : libraries.report()) {
      paths.putObject(found.name()).put("origin", found.origin()).put("path", found.path());
    }
  }

  /** The object itself, to be read. */
  ObjectNode tree() {
    return root;
  }

  /** One line. */
  public String json() {
    return root.toString();
  }

  /** Writes the report, readable, in one rename. */
  void write(Path file, FaultInjector faults) {
    try {
      AtomicFile.writeText(
          file, faults, MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
