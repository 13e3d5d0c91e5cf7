package dev.nacelle.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.devices.Processor;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.train.FinetuneOptions;
import dev.nacelle.train.FinetuneResult;
import java.nio.file.Path;

/** {@code report.json}: what was asked, what came of it, on what machine. */
public final class RunReport {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final ObjectNode root;

  private RunReport(ObjectNode root) {
    this.root = root;
  }

  /** The report of a finished run. */
  public static RunReport of(FinetuneOptions options, FinetuneResult result, String version) {
    ObjectNode root = MAPPER.createObjectNode();
    root.put("command", options.command());
    root.put("model", options.model().toString());
    root.put("out", options.out().toString());
    ArrayNode data = root.putArray("data");
    options.data().files().forEach(file -> data.add(file.toString()));
    root.put("steps", result.steps());
    counts(root, result);
    root.put("loss", result.last().loss());
    root.put("grad_norm", result.last().gradNorm());
    root.put("eval_loss_before", result.evalBefore());
    root.put("eval_loss", result.evalAfter());
    root.put("best_eval_loss", result.evalBest());
    root.put("tokens", result.tokens());
    root.put("seconds", result.totalSeconds());
    root.put("train_seconds", result.trainSeconds());
    root.put("tokens_per_second", result.tokens() / Math.max(1e-9, result.trainSeconds()));
    memory(root, result);
    machine(root, options, result);
    root.putObject("versions")
        .put("nacelle", version)
        .put("java", Runtime.version().toString())
        .put("os", System.getProperty("os.name") + " " + System.getProperty("os.version"));
    return new RunReport(root);
  }

  private static void counts(ObjectNode root, FinetuneResult result) {
    if (result.samples() >= 0) {
      root.put("samples", result.samples());
      root.put("truncated", result.truncated());
      root.put("dropped", result.dropped());
    }
    root.put("bad_lines", result.badLines());
  }

  private static void memory(ObjectNode root, FinetuneResult result) {
    root.put("measured_peak_bytes", result.processPeakBytes());
    ObjectNode classes = root.putObject("measured_classes");
    result.classes().forEach((kind, bytes) -> classes.put(kind.label(), bytes));
    classes.put("runtime", Math.max(0, result.processPeakBytes() - result.ledgerPeakBytes()));
    root.put("ledger_peak_bytes", result.ledgerPeakBytes());
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

  /** One line. */
  public String json() {
    try {
      return MAPPER.writeValueAsString(root);
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }

  /** Writes the report, readable, in one rename. */
  public void write(Path file, FaultInjector faults) {
    try {
      AtomicFile.writeText(
          file, faults, MAPPER.writerWithDefaultPrettyPrinter().writeValueAsString(root) + "\n");
    } catch (JsonProcessingException e) {
      throw new AssertionError(e);
    }
  }
}
