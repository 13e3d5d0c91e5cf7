package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The routers of a HydraLoRA adapter when each was last asked: a row a layer. */
final class RouterTable {
  private static final String EXPLANATION =
      "Entropy over ln N is 1 where all heads weigh the same, and 0 where one has all; the margin"
          + " is the largest weight less the second.";

  private RouterTable() {}

  /** A section of the page; nothing for a run without routers. */
  static String html(JsonNode router) {
    if (router.path("layers").isEmpty()) {
      return "";
    }
    ChartTable table = new ChartTable("layer", "entropy", "margin", "usage of the heads");
    router
        .path("layers")
        .properties()
        .forEach(
            layer ->
                table.row(
                    layer.getKey(),
                    Html.number(layer.getValue().path("entropy").asDouble()),
                    Html.number(layer.getValue().path("margin").asDouble()),
                    usage(layer.getValue().path("usage"))));
    return "<section aria-labelledby=\"routers\">\n<h2 id=\"routers\">The routers</h2>\n<p>"
        + EXPLANATION
        + "</p>\n"
        + table.html()
        + "</section>\n";
  }

  private static String usage(JsonNode shares) {
    List<String> words = new ArrayList<>();
    shares.forEach(
        share -> words.add(String.format(Locale.ROOT, "%.1f %%", 100 * share.asDouble())));
    return String.join(", ", words);
  }
}
