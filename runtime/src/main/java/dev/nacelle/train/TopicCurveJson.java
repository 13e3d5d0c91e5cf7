package dev.nacelle.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.topics.TopicCurve;
import dev.nacelle.file.JsonObject;
import java.util.ArrayList;
import java.util.List;

/** The choice of {@code --heads auto} as JSON: in report.json, in a plan, in a run's memory. */
public final class TopicCurveJson {
  private TopicCurveJson() {}

  public static ObjectNode of(TopicCurve curve) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("chosen", curve.chosen());
    node.put("texts", curve.texts()).put("terms", curve.terms());
    ArrayNode sse = node.putArray("sse");
    curve.sse().forEach(sse::add);
    return node;
  }

  /**
   * The curve again.
   *
   * @throws dev.nacelle.NacelleException of kind INPUT where it is damaged
   */
  static TopicCurve read(JsonObject object) {
    List<Double> sse = new ArrayList<>();
    for (JsonNode value : object.node().path("sse")) {
      if (!value.isNumber()) {
        throw object.error("sse", "is no list of numbers");
      }
      sse.add(value.asDouble());
    }
    return new TopicCurve(
        (int) object.integer("chosen", 1, Integer.MAX_VALUE),
        List.copyOf(sse),
        object.integer("texts", 0, Long.MAX_VALUE),
        (int) object.integer("terms", 0, Integer.MAX_VALUE));
  }
}
