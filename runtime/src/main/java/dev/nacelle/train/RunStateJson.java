package dev.nacelle.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.Cursor;
import dev.nacelle.file.JsonObject;
import dev.nacelle.memory.LedgerClass;
import java.util.EnumMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A {@link RunState} as the part {@code state} of checkpoint.json. */
final class RunStateJson {
  private static final long MOST = Long.MAX_VALUE;

  private RunStateJson() {}

  static void put(ObjectNode json, RunState s) {
    json.put("step", s.step()).put("total_steps", s.totalSteps());
    json.put("epoch", s.cursor().epoch()).put("position", s.cursor().position());
    json.put("rows_done", s.rowsDone());
    json.put("log_lines", s.loggedSteps());
    json.put("tokens", s.tokens());
    json.put("train_seconds", s.trainSeconds()).put("total_seconds", s.totalSeconds());
    StepRecord last = s.last();
    if (last != null) {
      put(json.putObject("last"), last);
    }
    EvaluationState e = s.evaluation();
    ObjectNode evaluation = json.putObject("evaluation");
    evaluation.put("pending", s.evaluationPending());
    loss(evaluation, "before", e.before());
    loss(evaluation, "after", e.after());
    loss(evaluation, "best", e.best());
    evaluation.put("best_step", e.bestStep()).put("without_better", e.withoutBetter());
  }

  private static void put(ObjectNode json, StepRecord s) {
    json.put("step", s.step())
        .put("loss", s.loss())
        .put("tokens", s.tokens())
        .put("target_tokens", s.targetTokens())
        .put("padding_tokens", s.paddingTokens())
        .put("lr", s.rate())
        .put("grad_norm", s.gradNorm())
        .put("seconds", s.seconds())
        .put("needed_flops", s.neededFlops())
        .put("bytes", s.bytes())
        .put("peak_bytes", s.peakBytes());
    ObjectNode classes = json.putObject("classes");
    s.classes().forEach((kind, bytes) -> classes.put(kind.label(), bytes));
  }

  /** A loss that is no number is a string: JSON has no word for it. */
  private static void loss(ObjectNode json, String key, @Nullable Double loss) {
    if (loss != null && !Double.isFinite(loss)) {
      json.put(key, loss.toString());
    } else {
      json.put(key, loss);
    }
  }

  /**
   * @throws dev.nacelle.NacelleException of kind INPUT, naming the key
   */
  static RunState read(JsonObject json) {
    JsonObject evaluation = json.object("evaluation");
    if (evaluation == null) {
      throw json.error("evaluation", "is missing");
    }
    long step = json.integer("step", 1, MOST);
    boolean pending = evaluation.bool("pending", false);
    JsonObject last = json.object("last");
    if (last == null) {
      throw json.error("last", "is missing");
    }
    return new RunState(
        step,
        json.integer("total_steps", 1, MOST),
        new Cursor(json.integer("epoch", 0, MOST), json.integer("position", 0, MOST)),
        json.integer("rows_done", 0, MOST),
        step(last),
        pending,
        new EvaluationState(
            loss(evaluation, "before"),
            loss(evaluation, "after"),
            loss(evaluation, "best"),
            evaluation.integer("best_step", 0, MOST),
            (int) evaluation.integer("without_better", 0, Integer.MAX_VALUE)),
        json.integer("tokens", 0, MOST),
        json.number("train_seconds"),
        json.number("total_seconds"));
  }

  private static StepRecord step(JsonObject json) {
    return new StepRecord(
        json.integer("step", 1, MOST),
        json.number("loss"),
        json.integer("tokens", 0, MOST),
        json.integer("target_tokens", 0, MOST),
        json.integer("padding_tokens", 0, MOST),
        json.number("lr"),
        json.number("grad_norm"),
        json.number("seconds"),
        json.number("needed_flops"),
        json.integer("bytes", 0, MOST),
        json.integer("peak_bytes", 0, MOST),
        classes(json));
  }

  private static Map<LedgerClass, Long> classes(JsonObject json) {
    Map<LedgerClass, Long> classes = new EnumMap<>(LedgerClass.class);
    JsonObject read = json.object("classes");
    for (LedgerClass kind : LedgerClass.values()) {
      if (read != null && read.has(kind.label())) {
        classes.put(kind, read.integer(kind.label(), 0, MOST));
      }
    }
    return classes;
  }

  private static @Nullable Double loss(JsonObject json, String key) {
    JsonNode value = json.node().get(key);
    if (value != null && value.isTextual()) {
      return switch (value.textValue()) {
        case "NaN" -> Double.NaN;
        case "Infinity" -> Double.POSITIVE_INFINITY;
        case "-Infinity" -> Double.NEGATIVE_INFINITY;
        default -> throw json.error(key, "is no number");
      };
    }
    return json.has(key) ? Double.valueOf(json.number(key)) : null;
  }
}
