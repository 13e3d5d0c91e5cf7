package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The routers of a HydraLoRA adapter in the report: a row a layer. */
final class RouterTable {
  private RouterTable() {}

  /** A section of the page; nothing for a run without routers. */
  static String html(JsonNode router) {
    if (router.path("layers").isEmpty()) {
      return "";
    }
    StringBuilder out = new StringBuilder("<section aria-labelledby=\"routers\">\n");
    out.append("<h2 id=\"routers\">The routers</h2>\n<p>Entropy over ln N is 1 where all heads");
    out.append(" weigh the same, and 0 where one has all; the margin is the largest weight less");
    out.append(" the second.</p>\n<table>\n<thead><tr><th>layer</th><th>entropy</th>");
    out.append("<th>margin</th><th>usage of the heads</th></tr></thead>\n<tbody>\n");
    router
        .path("layers")
        .properties()
        .forEach(
            layer -> {
              out.append("<tr><td>").append(Html.escape(layer.getKey())).append("</td>");
              cell(out, layer.getValue().path("entropy"));
              cell(out, layer.getValue().path("margin"));
              out.append("<td>").append(usage(layer.getValue().path("usage")));
              out.append("</td></tr>\n");
            });
    return out.append("</tbody>\n</table>\n</section>\n").toString();
  }

  private static void cell(StringBuilder out, JsonNode value) {
    out.append("<td>").append(Html.number(value.asDouble())).append("</td>");
  }

  private static String usage(JsonNode shares) {
    List<String> words = new ArrayList<>();
    shares.forEach(
        share -> words.add(String.format(Locale.ROOT, "%.1f %%", 100 * share.asDouble())));
    return String.join(", ", words);
  }
}
