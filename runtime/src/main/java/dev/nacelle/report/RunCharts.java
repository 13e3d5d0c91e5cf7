package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.nacelle.memory.LedgerClass;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** The charts of a run, each with its table and its description. */
final class RunCharts {
  private static final int TABLE_ROWS = 60;
  private static final List<LedgerClass> CLASSES = List.of(LedgerClass.values());

  private final JsonNode report;
  private final RunHistory history;
  private final List<Stretch> all;
  private final List<Stretch> few;

  RunCharts(JsonNode report, RunHistory history) {
    this.report = report;
    this.history = history;
    this.all = history.stretches();
    this.few = history.atMost(TABLE_ROWS);
  }

  /** All of them; empty for a run without a step. */
  String html() {
    return all.isEmpty() ? "" : loss() + rate() + speed() + gradNorm() + memory() + routers();
  }

  private String loss() {
    List<Stretch> stretches = new ArrayList<>();
    double before = report.path("eval_loss_before").asDouble(Double.NaN);
    if (Double.isFinite(before) && all.getFirst().firstStep() == 1) {
      Stretch zero = new Stretch();
      zero.add(JsonNodeFactory.instance.objectNode().put("step", 0).put("eval_loss", before));
      stretches.add(zero);
    }
    stretches.addAll(all);
    Chart chart =
        chart("loss", "Loss", "nats a token", stretches)
            .line(
                "training",
                "a",
                of(stretches, s -> s.loss.mean()),
                of(stretches, s -> s.loss.least()),
                of(stretches, s -> s.loss.greatest()));
    boolean evaluated = stretches.stream().anyMatch(s -> s.evalStep() >= 0);
    if (evaluated) {
      chart.points("held out", "b", of(stretches, Stretch::evalLoss));
    }
    ChartTable table = new ChartTable("step", "training");
    if (evaluated) {
      table = new ChartTable("step", "training", "held out");
    }
    for (Stretch s : few) {
      table.row(s.steps(), spread(s.loss), evaluated ? Html.number(s.evalLoss()) : null);
    }
    return chart.html(inWords("loss", s -> s.loss.mean()), table.html());
  }

  private String rate() {
    ChartTable table = new ChartTable("step", "learning rate");
    few.forEach(s -> table.row(s.steps(), Html.number(s.rate.mean())));
    return chart("rate", "Learning rate", "of A", all)
        .line("learning rate", "a", of(all, s -> s.rate.mean()))
        .fromZero()
        .html(inWords("learning rate", s -> s.rate.mean()), table.html());
  }

  private String speed() {
    ChartTable table = new ChartTable("step", "tokens/s");
    few.forEach(s -> table.row(s.steps(), Html.number(s.tokensPerSecond())));
    return chart("speed", "Speed", "tokens/s", all)
        .line("tokens/s", "c", of(all, Stretch::tokensPerSecond))
        .fromZero()
        .html(inWords("tokens a second", Stretch::tokensPerSecond), table.html());
  }

  private String gradNorm() {
    ChartTable table = new ChartTable("step", "norm");
    few.forEach(s -> table.row(s.steps(), spread(s.gradNorm)));
    return chart("norm", "Gradient norm", "before clipping", all)
        .line(
            "norm",
            "d",
            of(all, s -> s.gradNorm.mean()),
            of(all, s -> s.gradNorm.least()),
            of(all, s -> s.gradNorm.greatest()))
        .fromZero()
        .html(inWords("gradient norm", s -> s.gradNorm.mean()), table.html());
  }

  /** What the ledger held when each step held most; a planner's prediction as a line across. */
  private String memory() {
    long most = all.stream().mapToLong(Stretch::bytes).max().orElse(0);
    double predicted = predictedByLedger();
    double scale = Math.max((double) most, Double.isNaN(predicted) ? 0 : predicted);
    String unit = scale >= 1L << 31 ? "GiB" : scale >= 1L << 21 ? "MiB" : "KiB";
    double bytes = unit.equals("GiB") ? 1L << 30 : unit.equals("MiB") ? 1L << 20 : 1L << 10;
    Chart chart = chart("memory", "Memory of tensors", unit + " at each step's peak", all);
    List<String> heads = new ArrayList<>(List.of("step"));
    for (LedgerClass kind : CLASSES) {
      chart.area(
          kind.label(), "m" + CLASSES.indexOf(kind), of(all, s -> classBytes(s, kind) / bytes));
      heads.add(kind.label());
    }
    if (!Double.isNaN(predicted)) {
      chart.level("predicted peak", predicted / bytes);
    }
    ChartTable table = new ChartTable(heads.toArray(String[]::new));
    for (Stretch s : few) {
      List<String> cells = new ArrayList<>(List.of(s.steps()));
      CLASSES.forEach(kind -> cells.add(Html.number(classBytes(s, kind) / bytes)));
      table.row(cells.toArray(String[]::new));
    }
    String words =
        String.format(
            Locale.ROOT,
            "Memory by class over %,d steps; at most %s in all.",
            history.steps(),
            Sizes.bytes(Math.max(0, most)));
    return chart.fromZero().html(words, table.html());
  }

  /** What the routers of a HydraLoRA adapter did; empty for a run without. */
  private String routers() {
    if (history.router() == null) {
      return "";
    }
    ChartTable table = new ChartTable("step", "entropy", "margin", "most used head");
    few.forEach(
        s -> table.row(s.steps(), spread(s.entropy), spread(s.margin), spread(s.mostUsedHead)));
    return chart("router", "Routers", "means over the layers", all)
        .line("entropy over ln N", "a", of(all, s -> s.entropy.mean()))
        .line("margin", "b", of(all, s -> s.margin.mean()))
        .line("share of the most used head", "c", of(all, s -> s.mostUsedHead.mean()))
        .fromZero()
        .html(inWords("routers' entropy", s -> s.entropy.mean()), table.html());
  }

  private static double classBytes(Stretch s, LedgerClass kind) {
    return s.hasClasses() ? s.bytes(kind) : Double.NaN;
  }

  /**
   * The predicted peak without libraries and JVM, which no ledger sees; NaN without a prediction.
   */
  private double predictedByLedger() {
    JsonNode classes = report.path("predicted_classes");
    double sum = Double.NaN;
    for (LedgerClass kind : CLASSES) {
      if (classes.has(kind.label())) {
        sum = (Double.isNaN(sum) ? 0 : sum) + classes.path(kind.label()).asDouble();
      }
    }
    return sum;
  }

  private static Chart chart(String id, String title, String unit, List<Stretch> stretches) {
    return new Chart(
        id,
        title,
        unit,
        // A run from its first step on begins where none was done, as evaluations may.
        stretches.getFirst().firstStep() <= 1 ? 0 : stretches.getFirst().firstStep(),
        of(stretches, Stretch::lastStep),
        stretches.stream().map(Stretch::steps).toList());
  }

  private static double[] of(List<Stretch> stretches, ToDoubleFunction<Stretch> value) {
    return stretches.stream().mapToDouble(value).toArray();
  }

  private static String spread(Stretch.Spread spread) {
    return spread.least() < spread.greatest()
        ? "%s (%s to %s)"
            .formatted(
                Html.number(spread.mean()),
                Html.number(spread.least()),
                Html.number(spread.greatest()))
        : Html.number(spread.mean());
  }

  private String inWords(String what, ToDoubleFunction<Stretch> value) {
    Stretch first = all.getFirst();
    Stretch last = all.getLast();
    double[] values = of(all, value);
    double least = Double.POSITIVE_INFINITY;
    double greatest = Double.NEGATIVE_INFINITY;
    for (double v : values) {
      least = Double.isFinite(v) ? Math.min(least, v) : least;
      greatest = Double.isFinite(v) ? Math.max(greatest, v) : greatest;
    }
    return String.format(
        Locale.ROOT,
        "The %s over %,d steps: %s at step %s, %s at step %s, between %s and %s.",
        what,
        history.steps(),
        Html.number(value.applyAsDouble(first)),
        first.steps(),
        Html.number(value.applyAsDouble(last)),
        last.steps(),
        Html.number(least),
        Html.number(greatest));
  }
}
