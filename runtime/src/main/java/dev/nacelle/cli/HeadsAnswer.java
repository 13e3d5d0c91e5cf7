package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.topics.TopicCurve;
import dev.nacelle.report.HeadsText;
import dev.nacelle.train.TopicCurveJson;
import dev.nacelle.train.TrainEvent;
import java.io.PrintStream;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What {@code --heads auto} chose while a job was planned, to be shown beside its plan. */
final class HeadsAnswer implements Consumer<TrainEvent> {
  private @Nullable TopicCurve curve;

  @Override
  public void accept(TrainEvent event) {
    if (event instanceof TrainEvent.HeadsChosen chosen) {
      curve = chosen.curve();
    }
  }

  /** The curve as text; nothing where the data was not asked. */
  void print(PrintStream out) {
    if (curve != null) {
      HeadsText.lines(curve, false).forEach(out::println);
      out.println();
    }
  }

  /** Adds {@code heads}, as report.json has it, where the data was asked. */
  void addTo(ObjectNode root) {
    if (curve != null) {
      root.set("heads", TopicCurveJson.of(curve));
    }
  }
}
