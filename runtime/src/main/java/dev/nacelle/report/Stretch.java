package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.memory.LedgerClass;
import java.util.EnumMap;
import java.util.Map;

/** Neighbouring steps of a run, taken together for a chart. */
final class Stretch {
  /** A quantity's least, greatest and mean value; numbers that are not finite do not count. */
  static final class Spread {
    private double least = Double.NaN;
    private double greatest = Double.NaN;
    private double sum;
    private long count;

    private void add(double value) {
      if (Double.isFinite(value)) {
        merge(value, value, value, 1);
      }
    }

    private void add(Spread other) {
      if (other.count > 0) {
        merge(other.least, other.greatest, other.sum, other.count);
      }
    }

    private void merge(double least, double greatest, double sum, long count) {
      this.least = this.count == 0 ? least : Math.min(this.least, least);
      this.greatest = this.count == 0 ? greatest : Math.max(this.greatest, greatest);
      this.sum += sum;
      this.count += count;
    }

    double least() {
      return least;
    }

    double greatest() {
      return greatest;
    }

    /** NaN where there is no number. */
    double mean() {
      return count == 0 ? Double.NaN : sum / count;
    }
  }

  final Spread loss = new Spread();
  final Spread rate = new Spread();
  final Spread gradNorm = new Spread();
  final Spread entropy = new Spread();
  final Spread margin = new Spread();
  final Spread mostUsedHead = new Spread();
  private Map<LedgerClass, Long> classes = Map.of();
  private long classesTotal = -1;
  private long firstStep = -1;
  private long lastStep = -1;
  private double tokens;
  private double seconds;
  private long evalStep = -1;
  private double evalLoss = Double.NaN;

  void add(JsonNode line) {
    lastStep = line.path("step").asLong();
    firstStep = firstStep < 0 ? lastStep : firstStep;
    loss.add(line.path("loss").asDouble(Double.NaN));
    rate.add(line.path("lr").asDouble(Double.NaN));
    gradNorm.add(line.path("grad_norm").asDouble(Double.NaN));
    JsonNode router = line.path("router");
    entropy.add(router.path("entropy").asDouble(Double.NaN));
    margin.add(router.path("margin").asDouble(Double.NaN));
    mostUsedHead.add(router.path("top_usage").asDouble(Double.NaN));
    tokens += line.path("tokens").asDouble();
    seconds += line.path("seconds").asDouble();
    if (line.has("eval_loss")) {
      evalStep = lastStep;
      evalLoss = line.path("eval_loss").asDouble(Double.NaN);
    }
    if (line.has("classes")) {
      Map<LedgerClass, Long> these = new EnumMap<>(LedgerClass.class);
      for (LedgerClass kind : LedgerClass.values()) {
        these.put(kind, line.path("classes").path(kind.label()).asLong());
      }
      keepLarger(these);
    }
  }

  void add(Stretch later) {
    firstStep = firstStep < 0 ? later.firstStep : firstStep;
    lastStep = later.lastStep;
    loss.add(later.loss);
    rate.add(later.rate);
    gradNorm.add(later.gradNorm);
    entropy.add(later.entropy);
    margin.add(later.margin);
    mostUsedHead.add(later.mostUsedHead);
    tokens += later.tokens;
    seconds += later.seconds;
    if (later.evalStep >= 0) {
      evalStep = later.evalStep;
      evalLoss = later.evalLoss;
    }
    if (later.classesTotal >= 0) {
      keepLarger(later.classes);
    }
  }

  private void keepLarger(Map<LedgerClass, Long> these) {
    long total = these.values().stream().mapToLong(Long::longValue).sum();
    if (total > classesTotal) {
      classesTotal = total;
      classes = these;
    }
  }

  long firstStep() {
    return firstStep;
  }

  long lastStep() {
    return lastStep;
  }

  /** {@code 17}, or {@code 17–32}. */
  String steps() {
    return firstStep == lastStep ? Long.toString(firstStep) : firstStep + "\u2013" + lastStep;
  }

  /** All tokens over all seconds; NaN where no second passed. */
  double tokensPerSecond() {
    return seconds > 0 ? tokens / seconds : Double.NaN;
  }

  /** The step of the last evaluation within; −1 for none. */
  long evalStep() {
    return evalStep;
  }

  double evalLoss() {
    return evalLoss;
  }

  boolean hasClasses() {
    return classesTotal >= 0;
  }

  /** Bytes of a class at the step that held most in all. */
  long bytes(LedgerClass kind) {
    return classes.getOrDefault(kind, 0L);
  }

  /** Bytes of all classes at that step; −1 where the log does not say. */
  long bytes() {
    return classesTotal;
  }
}
