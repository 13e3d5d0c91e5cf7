package dev.nacelle.report;

import dev.nacelle.adapter.RouterUse;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.report.tensorboard.EventFile;
import dev.nacelle.report.tensorboard.EventFolder;
import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TrainEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A run's numbers for TensorBoard, in the folder {@code runs}. */
final class ScalarEvents implements AutoCloseable {
  private final Path folder;
  private @Nullable EventFile file;

  ScalarEvents(Path folder) {
    this.folder = folder;
  }

  /** Writes what an event says; the file begins with the first such event. */
  void accept(TrainEvent event) {
    if (event instanceof TrainEvent.Stepped stepped) {
      write(stepped.step().step() - 1, stepped.step().step(), scalars(stepped));
    } else if (event instanceof TrainEvent.Evaluated before && before.step() == 0) {
      write(0, 0, Map.of("eval_loss", before.loss()));
    }
  }

  private static Map<String, Double> scalars(TrainEvent.Stepped stepped) {
    StepRecord s = stepped.step();
    Map<String, Double> values = new LinkedHashMap<>();
    values.put("loss", s.loss());
    if (stepped.evalLoss() != null) {
      values.put("eval_loss", stepped.evalLoss());
    }
    values.put("lr", s.rate());
    values.put("grad_norm", s.gradNorm());
    values.put("tokens_per_second", s.tokens() / Math.max(1e-9, s.seconds()));
    routers(values, s.step(), stepped.routers());
    s.classes().forEach((kind, bytes) -> values.put("memory/" + kind.label(), (double) bytes));
    return values;
  }

  /**
   * The means, and now and then each layer's own: some hundred layers fill a small board's card.
   */
  private static void routers(Map<String, Double> values, long step, List<RouterUse> routers) {
    if (routers.isEmpty()) {
      return;
    }
    values.put("router/entropy", RouterJson.evenness(routers));
    values.put("router/margin", RouterJson.margin(routers));
    values.put("router/top_usage", RouterJson.topUsage(routers));
    if (!RouterJson.tellsLayers(step)) {
      return;
    }
    for (RouterUse use : routers) {
      String layer = "router_layers/" + use.modulePath();
      values.put(layer + "/entropy", use.evenness());
      values.put(layer + "/margin", use.margin());
      for (int e = 0; e < use.usage().length; e++) {
        values.put(layer + "/usage_" + e, use.usage()[e]);
      }
    }
  }

  private void write(long stepsBefore, long step, Map<String, Double> values) {
    double now = System.currentTimeMillis() * 1e-3;
    try {
      EventFile to = file;
      if (to == null) {
        to = EventFolder.open(folder, stepsBefore, now);
        file = to;
      }
      to.scalars(step, now, values);
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
  }

  @Override
  public void close() {
    try {
      if (file != null) {
        file.close();
      }
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
  }
}
