package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.stream.StreamSupport;

/**
 * {@code report.html}: report.json and the step log as a page to read. One file that asks for
 * nothing else, with a policy that allows no script but its own.
 */
final class HtmlReport {
  private static final Map<String, String> STATUS =
      Map.of("done", "Done", "failed", "Failed", "interrupted", "Interrupted");

  private final JsonNode report;
  private final RunHistory history;
  private final StringBuilder out = new StringBuilder(1 << 16);

  private HtmlReport(JsonNode report, RunHistory history) {
    this.report = report;
    this.history = history;
  }

  /**
   * The page.
   *
   * @param report as report.json holds it; with {@code predicted_classes} the page shows them
   */
  static String of(JsonNode report, RunHistory history) {
    return new HtmlReport(report, history).page();
  }

  private String page() {
    String script = resource("report.js");
    String model = lastName(text("model"));
    out.append("<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n");
    out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.append("<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.append("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; ");
    out.append("style-src 'unsafe-inline'; script-src 'sha256-").append(sha256(script));
    out.append("'\">\n<title>Fine-tuning of ").append(Html.escape(model)).append("</title>\n");
    out.append("<style>\n").append(resource("report.css")).append("</style>\n</head>\n<body>\n");
    out.append("<header>\n<p class=\"status ").append(Html.escape(text("status"))).append("\">");
    out.append(STATUS.getOrDefault(text("status"), "")).append("</p>\n<h1>Fine-tuning of <span>");
    out.append(Html.escape(model)).append("</span></h1>\n");
    out.append("<p>").append(Html.escape(summary())).append("</p>\n</header>\n<main>\n");
    failure();
    figures();
    String charts = new RunCharts(report, history).html();
    if (!charts.isEmpty()) {
      out.append("<section aria-labelledby=\"course\">\n<h2 id=\"course\">The run</h2>\n");
      out.append("<div class=\"charts\">\n").append(charts).append("</div>\n</section>\n");
    }
    answers();
    out.append(HeadsChart.html(report.path("heads")));
    out.append(RouterTable.html(report.path("router")));
    memory();
    facts();
    out.append("</main>\n<footer>Written by Nacelle ");
    out.append(Html.escape(report.path("versions").path("nacelle").asText()));
    out.append(". The numbers are in report.json, every step in ");
    out.append("log.jsonl.</footer>\n<script>").append(script).append("</script>\n");
    return out.append("</body>\n</html>\n").toString();
  }

  private String summary() {
    return String.format(
        Locale.ROOT,
        "%,d %s in %s, ended %s.",
        report.path("steps").asLong(),
        report.path("steps").asLong() == 1 ? "step" : "steps",
        Sizes.duration(report.path("seconds").asDouble()),
        text("finished").replace("T", " ").replace("Z", " UTC"));
  }

  private void failure() {
    JsonNode error = report.path("error");
    if (error.isMissingNode()) {
      return;
    }
    out.append("<section class=\"notice ").append(Html.escape(text("status")));
    out.append("\" role=\"note\">\n<p>");
    out.append(Html.escape(error.path("message").asText())).append("</p>\n");
    if (error.path("hint").isTextual()) {
      out.append("<p>").append(Html.escape(error.path("hint").asText())).append("</p>\n");
    }
    out.append("</section>\n");
  }

  private void figures() {
    out.append("<dl class=\"figures\">\n");
    if (!history.stretches().isEmpty()) {
      String first = Html.number(report.path("first_loss").asDouble(Double.NaN));
      String last = Html.number(report.path("loss").asDouble(Double.NaN));
      figure("Training loss", history.steps() == 1 ? first : first + " \u2192 " + last);
    }
    if (report.path("eval_loss").isNumber()) {
      figure(
          "Held-out loss",
          Html.number(report.path("eval_loss_before").asDouble(Double.NaN))
              + " \u2192 "
              + Html.number(report.path("eval_loss").asDouble()));
    }
    figure("Tokens a second", Html.number(report.path("tokens_per_second").asDouble()));
    figure("Peak memory", Sizes.bytes(report.path("measured_peak_bytes").asLong()));
    if (report.path("joules_per_token").isNumber()) {
      figure(
          "Energy",
          Html.number(report.path("joules").asDouble())
              + " J, "
              + Html.number(report.path("joules_per_token").asDouble())
              + " J a token");
    }
    out.append("</dl>\n");
  }

  private void figure(String what, String value) {
    out.append("<div><dt>").append(what).append("</dt><dd>").append(Html.escape(value));
    out.append("</dd></div>\n");
  }

  private void answers() {
    JsonNode generations = report.path("generations");
    if (generations.isEmpty()) {
      return;
    }
    out.append("<section aria-labelledby=\"answers\">\n<h2 id=\"answers\">Sample answers</h2>\n");
    for (JsonNode one : generations) {
      out.append("<article>\n<h3 class=\"prompt\">")
          .append(Html.escape(one.path("prompt").asText()));
      out.append("</h3>\n<div class=\"pair\">\n");
      answer("Before the first step", one.path("before"));
      answer("After the last step", one.path("after"));
      out.append("</div>\n</article>\n");
    }
    out.append("</section>\n");
  }

  private void answer(String when, JsonNode text) {
    out.append("<div><h4>").append(when).append("</h4><p>");
    if (!text.isTextual()) {
      out.append("<em>not asked</em>");
    } else if (text.asText().isEmpty()) {
      out.append("<em>nothing</em>");
    } else {
      out.append(Html.escape(text.asText()));
    }
    out.append("</p></div>\n");
  }

  private void memory() {
    JsonNode measured = report.path("measured_classes");
    JsonNode predicted = report.path("predicted_classes");
    boolean both = predicted.isObject();
    out.append("<section aria-labelledby=\"peak\">\n<h2 id=\"peak\">Memory at the peak</h2>\n");
    out.append("<table class=\"memory\"><thead><tr><th scope=\"col\">class</th>");
    out.append("<th scope=\"col\">measured</th>");
    out.append(both ? "<th scope=\"col\">predicted</th>" : "").append("</tr></thead><tbody>\n");
    for (Map.Entry<String, JsonNode> row : measured.properties()) {
      memoryRow(row.getKey(), row.getValue(), predicted.path(row.getKey()), both);
    }
    memoryRow(
        "the whole process",
        report.path("measured_peak_bytes"),
        report.path("predicted_peak_bytes"),
        both);
    out.append("</tbody></table>\n</section>\n");
  }

  private void memoryRow(String name, JsonNode measured, JsonNode predicted, boolean both) {
    out.append("<tr><th scope=\"row\">").append(Html.escape(name)).append("</th><td>");
    out.append(Sizes.bytes(measured.asLong())).append("</td>");
    if (both) {
      String text = predicted.isNumber() ? Sizes.bytes(predicted.asLong()) : "\u2013";
      out.append("<td>").append(text).append("</td>");
    }
    out.append("</tr>\n");
  }

  private void facts() {
    out.append("<section aria-labelledby=\"facts\">\n<h2 id=\"facts\">What ran</h2>\n");
    out.append("<h3>Command</h3>\n<pre class=\"command\">").append(Html.escape(text("command")));
    out.append("</pre>\n<div class=\"lists\">\n");
    list("Data");
    String files =
        String.join(
            "\n",
            StreamSupport.stream(report.path("data").spliterator(), false)
                .map(JsonNode::asText)
                .toList());
    fact("files", files);
    boolean whole = text("counted").equals("all");
    fact(whole ? "samples" : "samples seen", count("samples"));
    fact("truncated", count("truncated"));
    fact("dropped", count("dropped"));
    fact("bad lines left out", count("bad_lines"));
    fact("tokens trained", count("tokens"));
    out.append("</dl></div>\n");
    list("Machine");
    for (String name : new String[] {"device", "processor", "threads", "isa", "backend", "dtype"}) {
      fact(name, text(name));
    }
    fact("matrix products", text("product_library"));
    out.append("</dl></div>\n");
    list("Versions");
    for (Map.Entry<String, JsonNode> version : report.path("versions").properties()) {
      fact(version.getKey(), version.getValue().asText());
    }
    for (Map.Entry<String, JsonNode> library : report.path("libraries").properties()) {
      JsonNode path = library.getValue().path("path");
      fact(
          library.getKey() + " from",
          path.isTextual() ? path.asText() : library.getValue().path("origin").asText());
    }
    out.append("</dl></div>\n");
    list("Configuration");
    for (Map.Entry<String, JsonNode> flag : report.path("flags").properties()) {
      fact(flag.getKey(), flag.getValue().asText());
    }
    out.append("</dl></div>\n</div>\n</section>\n");
  }

  private void list(String title) {
    out.append("<div><h3>").append(title).append("</h3>\n<dl>\n");
  }

  private void fact(String name, String value) {
    out.append("<dt>").append(Html.escape(name)).append("</dt><dd>").append(Html.escape(value));
    out.append("</dd>\n");
  }

  private String count(String field) {
    return String.format(Locale.ROOT, "%,d", report.path(field).asLong());
  }

  private String text(String field) {
    return report.path(field).asText();
  }

  /** The last name of a path, which is what people call a model. */
  private static String lastName(String path) {
    Path name = Path.of(path).toAbsolutePath().normalize().getFileName();
    return name == null ? path : name.toString();
  }

  private static String resource(String name) {
    try (InputStream in = HtmlReport.class.getResourceAsStream(name)) {
      if (in == null) {
        throw new AssertionError(name + " is not in the jar");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String sha256(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return Base64.getEncoder().encodeToString(digest);
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError(e);
    }
  }
}
