package dev.nacelle.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.memory.LedgerClass;
import java.util.SplittableRandom;

/** Made-up runs, for tests of what is made of them. */
final class SyntheticRun {
  static final ObjectMapper JSON = new ObjectMapper();

  private SyntheticRun() {}

  /** A line of the step log. */
  static ObjectNode line(long step, double loss, SplittableRandom random) {
    ObjectNode line = JSON.createObjectNode();
    line.put("step", step).put("loss", loss).put("tokens", 900 + random.nextInt(200));
    line.put("lr", 2e-4 / (1 + step * 1e-3)).put("grad_norm", 0.2 + random.nextDouble());
    line.put("seconds", 3 + random.nextDouble());
    ObjectNode classes = line.putObject("classes");
    long bytes = 500L << 20;
    for (LedgerClass kind : LedgerClass.values()) {
      classes.put(kind.label(), bytes + random.nextInt(1 << 24));
      bytes /= 3;
    }
    return line;
  }

  /** A falling loss with noise; evaluated every so many steps, 0 for never. */
  static RunHistory history(int steps, int evalEvery, SplittableRandom random) {
    RunHistory history = new RunHistory();
    for (int step = 1; step <= steps; step++) {
      double loss = 1 + 2.5 * Math.exp(-3.0 * step / steps) + 0.3 * random.nextDouble();
      ObjectNode line = line(step, loss, random);
      if (evalEvery > 0 && step % evalEvery == 0) {
        line.put("eval_loss", loss + 0.2);
      }
      history.add(line);
    }
    return history;
  }

  /** A report in which every text is the given one. */
  static ObjectNode report(long steps, String text) {
    ObjectNode report = JSON.createObjectNode();
    report.put("status", "done").put("finished", "2026-11-28T15:00:00Z");
    report
        .put("command", text)
        .put("model", "models/" + text.replace('\0', ' ').replace('/', ' '))
        .put("out", text);
    report.putArray("data").add("data/" + text);
    report.put("steps", steps).put("samples", 17).put("truncated", 3).put("dropped", 1);
    report.put("counted", "all").put("bad_lines", 0);
    report.put("first_loss", 3.5).put("loss", 1.25).put("tokens", 1000L * steps);
    report.put("seconds", 3.5 * steps).put("tokens_per_second", 285.7);
    report.put("measured_peak_bytes", 1_300_000_000L);
    ObjectNode classes = report.putObject("measured_classes");
    for (LedgerClass kind : LedgerClass.values()) {
      classes.put(kind.label(), 200_000_000L);
    }
    classes.put("runtime", 300_000_000L);
    for (String name : new String[] {"device", "processor", "isa", "backend", "dtype"}) {
      report.put(name, text);
    }
    report.put("threads", 2).put("product_library", text);
    report.putObject("versions").put("nacelle", "0.1.0").put("java", text);
    report.putObject("libraries").putObject("libtorch").put("origin", text).putNull("path");
    report.putObject("flags").put("--model", text).put("--steps", steps);
    report.putArray("generations").addObject().put("prompt", text).put("before", text);
    return report;
  }
}
