package dev.nacelle.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * The report's colours by the contrast that WCAG 2.1 computes, in light and dark: text at least 4.5
 * to 1 on either ground, lines and areas of a chart at least 3 to 1 on theirs.
 */
final class ReportColoursTest {
  private static final Pattern COLOUR = Pattern.compile("--(\\w+): #([0-9a-f]{6})");
  private static final List<String> TEXT = List.of("ink", "soft", "good", "bad", "held");
  private static final List<String> LINES =
      List.of("ink", "soft", "a", "b", "c", "d", "m0", "m1", "m2", "m3", "m4");

  @Test
  void contrastIsEnough() throws IOException {
    String css;
    try (InputStream in =
        Objects.requireNonNull(HtmlReport.class.getResourceAsStream("report.css"))) {
      css = new String(in.readAllBytes(), StandardCharsets.UTF_8);
    }
    int dark = css.indexOf("prefers-color-scheme: dark");
    assertTrue(dark > 0, "no dark mode");
    Map<String, Double> light = luminances(css.substring(0, dark));
    Map<String, Double> night = luminances(css.substring(dark));
    assertEquals(light.keySet(), night.keySet(), "a colour has one mode alone");
    int compared = 0;
    for (Map<String, Double> mode : List.of(light, night)) {
      String name = mode.equals(light) ? "light" : "dark";
      for (String text : TEXT) {
        compared += hold(name, mode, text, "page", 4.5) + hold(name, mode, text, "card", 4.5);
      }
      for (String line : LINES) {
        compared += hold(name, mode, line, "card", 3);
      }
    }
    assertEquals(42, compared);
  }

  private static int hold(
      String mode, Map<String, Double> colours, String ink, String ground, double least) {
    double one = Objects.requireNonNull(colours.get(ink), ink) + 0.05;
    double other = Objects.requireNonNull(colours.get(ground), ground) + 0.05;
    double contrast = Math.max(one / other, other / one);
    assertTrue(
        contrast >= least, mode + ": --" + ink + " on --" + ground + " has only " + contrast);
    return 1;
  }

  /** Relative luminance by name. */
  private static Map<String, Double> luminances(String css) {
    Map<String, Double> out = new HashMap<>();
    Matcher colour = COLOUR.matcher(css);
    while (colour.find()) {
      int rgb = Integer.parseInt(colour.group(2), 16);
      out.put(
          colour.group(1),
          0.2126 * linear(rgb >> 16) + 0.7152 * linear(rgb >> 8) + 0.0722 * linear(rgb));
    }
    return out;
  }

  private static double linear(int channel) {
    double value = (channel & 0xff) / 255.0;
    return value <= 0.04045 ? value / 12.92 : Math.pow((value + 0.055) / 1.055, 2.4);
  }
}
