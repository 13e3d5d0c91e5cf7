package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The curve that {@code --heads auto} chose by, as a section of the page. */
final class HeadsChart {
  private HeadsChart() {}

  /** The section; empty for a run that had no such choice, or does not know its curve any more. */
  static String html(JsonNode heads) {
    JsonNode sse = heads.path("sse");
    if (sse.isEmpty()) {
      return "";
    }
    int chosen = heads.path("chosen").asInt();
    double[] numbers = new double[sse.size()];
    double[] values = new double[sse.size()];
    double[] elbow = new double[sse.size()];
    List<String> labels = new ArrayList<>();
    StringBuilder table = new StringBuilder("<div class=\"scroll\"><table><thead><tr>");
    table.append("<th scope=\"col\">heads</th><th scope=\"col\">SSE</th></tr></thead><tbody>\n");
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = i + 1;
      values[i] = sse.path(i).asDouble();
      elbow[i] = i + 1 == chosen ? values[i] : Double.NaN;
      labels.add(Integer.toString(i + 1));
      table.append("<tr><th scope=\"row\">").append(i + 1).append("</th><td>");
      table.append(Html.number(values[i])).append("</td></tr>\n");
    }
    String words =
        String.format(
            Locale.ROOT,
            "Squared distances of %,d texts to the centres of 1 to %d clusters; the elbow is at"
                + " %d.",
            heads.path("texts").asLong(),
            numbers.length,
            chosen);
    String chart =
        new Chart("heads", "Choice of heads", "sum of squared distances", 1, numbers, labels)
            .over("heads")
            .line("SSE", "a", values)
            .points("elbow", "b", elbow)
            .fromZero()
            .html(words, table + "</tbody></table></div>\n");
    return "<section aria-labelledby=\"choice\">\n<h2 id=\"choice\">Heads</h2>\n"
        + "<div class=\"charts\">\n"
        + chart
        + "</div>\n</section>\n";
  }
}
