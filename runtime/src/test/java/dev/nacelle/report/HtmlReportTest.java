package dev.nacelle.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The page: whole without a network, harmless whatever it quotes, small however long the run. */
final class HtmlReportTest {
  private static final String HOSTILE =
      "</title><script>alert('x')</script>\"><img src=x onerror=alert(1)>&lt;\u202e\u0000\u001b[2J";
  private static final Pattern NUMBERS_IN_PATH = Pattern.compile("[ML](-?[0-9.]+) (-?[0-9.]+)");

  private final SplittableRandom random = new SplittableRandom(5);

  @TempDir private Path folder;

  @Test
  void hostileTextIsText() {
    String page = HtmlReport.of(SyntheticRun.report(20, HOSTILE), history(20, 5));
    assertFalse(page.contains("<script>alert"), "a script got in");
    assertFalse(page.contains("<img"), "an element got in");
    assertFalse(page.contains("\u202e"), "text may be turned around");
    assertEquals(-1, page.chars().filter(c -> c < 0x20 && c != '\n').findFirst().orElse(-1));
    assertEquals(1, count(page, "<title>Fine-tuning"), "one head");
    // Each place that quotes: title and heading twice by the model, command, data, and so on.
    assertTrue(count(page, "&lt;script&gt;alert(&#39;x&#39;)") >= 12, "not all places were quoted");
    assertEquals(count(page, "<script"), count(page, "</script>"));
    // Five charts carry data, one script runs, and the policy names it.
    assertEquals(5, count(page, "<script type=\"application/json\">"));
    assertEquals(1, count(page, "<script>"));
    assertTrue(page.contains("script-src 'sha256-"));
  }

  @Test
  void routersHaveACurveAndARowALayer() {
    RunHistory history = new RunHistory();
    double[] entropies = {1, 0.5, 0.25};
    ObjectNode report = SyntheticRun.report(entropies.length, "plain");
    for (int i = 0; i < entropies.length; i++) {
      ObjectNode line = SyntheticRun.line(i + 1, 2, random);
      ObjectNode router = line.putObject("router");
      router.put("entropy", entropies[i]).put("margin", 0.125).put("top_usage", 0.75);
      ObjectNode layer = router.putObject("layers").putObject(HOSTILE);
      layer.put("entropy", entropies[i]).put("margin", 0.5).putArray("usage").add(0.75).add(0.25);
      history.add(line);
      report.set("router", router);
    }
    String page = HtmlReport.of(report, history);
    assertEquals(6, count(page, "<script type=\"application/json\">"), "a sixth chart");
    assertTrue(
        page.contains("\"values\":[\"1.000\",\"0.5000\",\"0.2500\"]"),
        "its curve is what the log says");
    assertTrue(
        page.contains("The routers&#39; entropy over 3 steps: 1.000 at step 1, 0.2500"), page);
    assertFalse(page.contains("<img"), "a layer's name is text");
    assertTrue(page.contains("</th><td>0.2500</td><td>0.5000</td><td>75.0 %, 25.0 %</td>"), page);
  }

  @Test
  void hostileErrorsAreText() {
    ObjectNode report = SyntheticRun.report(0, "plain");
    report.put("status", "failed");
    report.putObject("error").put("code", "internal").put("message", HOSTILE).put("hint", HOSTILE);
    String page = HtmlReport.of(report, new RunHistory());
    assertFalse(page.contains("<img") || page.contains("<script>alert"));
    assertTrue(page.contains("class=\"status failed\""));
    assertTrue(page.contains("onerror=alert(1)"), "what happened is said");
    assertEquals(0, count(page, "<figure"), "no chart without a step");
  }

  @Test
  void nothingIsAskedOfTheNetwork() {
    String page = HtmlReport.of(SyntheticRun.report(3, "plain"), history(3, 1));
    for (String loading : List.of("src=", "href=", "url(", "@import", "http://", "https://")) {
      assertFalse(page.contains(loading), loading);
    }
    assertTrue(page.contains("default-src 'none'"));
  }

  @Test
  void longRunsStaySmallAndKeepTheirExtremes() {
    int steps = 10_000;
    RunHistory history = history(steps, 100);
    ObjectNode spike = SyntheticRun.line(steps + 1, 9.75, random);
    history.add(spike);
    assertTrue(history.stretches().size() <= RunHistory.MOST_STRETCHES);
    assertTrue(history.stretches().size() > RunHistory.MOST_STRETCHES / 2 - 1);
    assertEquals(steps + 1, history.steps());
    assertEquals(9.75, history.stretches().getLast().loss.greatest());
    long seen = 0;
    for (Stretch s : history.stretches()) {
      assertEquals(seen + 1, s.firstStep());
      seen = s.lastStep();
    }
    assertEquals(steps + 1, seen);
    String page = HtmlReport.of(SyntheticRun.report(steps, "plain"), history);
    int bytes = page.getBytes(StandardCharsets.UTF_8).length;
    System.out.println("report.html of 10,001 steps: " + bytes + " bytes");
    assertTrue(bytes < 600_000, "the page has " + bytes + " bytes");
  }

  @Test
  void drawingsStayInTheirFrame() {
    int pages = 0;
    int points = 0;
    for (int steps : new int[] {1, 2, 3, 7, 100, 801, 3000}) {
      for (double scale : new double[] {1e-9, 1, 1e12}) {
        RunHistory history = new RunHistory();
        for (int step = 1; step <= steps; step++) {
          ObjectNode line = SyntheticRun.line(step, scale * random.nextDouble(), random);
          line.put("eval_loss", step % 3 == 0 ? Double.NaN : scale);
          history.add(line);
        }
        String page = HtmlReport.of(SyntheticRun.report(steps, "plain"), history);
        Matcher m = NUMBERS_IN_PATH.matcher(page);
        while (m.find()) {
          double x = Double.parseDouble(m.group(1));
          double y = Double.parseDouble(m.group(2));
          assertTrue(x >= 0 && x <= 1000 && y >= 0 && y <= 300, m.group() + " at scale " + scale);
          points++;
        }
        assertFalse(page.contains("NaN") || page.contains("Infinity"), "scale " + scale);
        assertEquals(5, count(page, "role=\"img\""));
        assertEquals(5, count(page, "<desc"));
        pages++;
      }
    }
    assertEquals(21, pages);
    assertTrue(points > 10_000, "only " + points);
  }

  @Test
  void predictionsAreShownWhereThereAreAny() {
    ObjectNode report = SyntheticRun.report(5, "plain");
    String without = HtmlReport.of(report, history(5, 0));
    assertFalse(without.contains("predicted"));
    report.put("predicted_peak_bytes", 1_350_000_000L);
    report.putObject("predicted_classes").put("parameters", 900L << 20).put("runtime", 1L << 28);
    String with = HtmlReport.of(report, history(5, 0));
    assertTrue(with.contains("<li><i class=\"level\"></i>predicted peak</li>"));
    assertTrue(with.contains("<path class=\"level\""));
    assertTrue(with.contains("<td>900 MiB</td>") && with.contains("<td>1.26 GiB</td>"));
  }

  @Test
  void halfALineEndsTheHistory() throws IOException {
    List<String> lines = new ArrayList<>();
    for (int step = 1; step <= 3; step++) {
      lines.add(SyntheticRun.line(step, 1, random).toString());
    }
    lines.add("{\"step\":4,\"lo");
    Path log = Files.write(folder.resolve("log.jsonl"), lines);
    assertEquals(3, RunHistory.read(log).steps());
    assertEquals(0, RunHistory.read(folder.resolve("absent")).steps());
  }

  private RunHistory history(int steps, int evalEvery) {
    return SyntheticRun.history(steps, evalEvery, random);
  }

  private static int count(String text, String part) {
    return (text.length() - text.replace(part, "").length()) / part.length();
  }
}
