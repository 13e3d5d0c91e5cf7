package dev.nacelle.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.StringJoiner;
import org.jspecify.annotations.Nullable;

/**
 * A chart over the steps as a figure of HTML: the drawing is an SVG that takes any width, labels
 * are text beside it, so that they keep their size. Without JavaScript it shows all of itself but
 * the values under the pointer; these are also in the table below it.
 */
final class Chart {
  private static final double WIDTH = 1000;
  private static final double HEIGHT = 300;

  /** How a series is drawn. */
  private enum Look {
    LINE,
    POINTS,
    AREA
  }

  /**
   * One quantity.
   *
   * @param tone the colour's name in the style sheet
   * @param values one a place on the x axis, NaN for none
   * @param low with {@code high}, the band around a line that stands for several steps; null for
   *     none
   */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Series(
      String name,
      String tone,
      Look look,
      double[] values,
      double @Nullable [] low,
      double @Nullable [] high) {}

  private final String id;
  private final String title;
  private final String unit;
  private final double firstX;
  private final double[] x;
  private final List<String> labels;
  private final List<Series> series = new ArrayList<>();
  private boolean fromZero;
  private double level = Double.NaN;
  private String levelName = "";
  private String across = "step";

  /**
   * @param firstX where the x axis begins
   * @param x places on it, rising
   * @param labels what is said of each place under the pointer
   */
  Chart(String id, String title, String unit, double firstX, double[] x, List<String> labels) {
    this.firstX = firstX;
    this.id = id;
    this.title = title;
    this.unit = unit;
    this.x = x;
    this.labels = labels;
  }

  Chart line(String name, String tone, double[] values, double[] low, double[] high) {
    series.add(new Series(name, tone, Look.LINE, values, low, high));
    return this;
  }

  Chart line(String name, String tone, double[] values) {
    series.add(new Series(name, tone, Look.LINE, values, null, null));
    return this;
  }

  Chart points(String name, String tone, double[] values) {
    series.add(new Series(name, tone, Look.POINTS, values, null, null));
    return this;
  }

  /** An area that stands on those added before it. */
  Chart area(String name, String tone, double[] values) {
    series.add(new Series(name, tone, Look.AREA, values, null, null));
    return this;
  }

  /** A dashed line across the whole chart. */
  Chart level(String name, double value) {
    levelName = name;
    level = value;
    return this;
  }

  /** What the x axis counts, instead of steps. */
  Chart over(String what) {
    across = what;
    return this;
  }

  Chart fromZero() {
    fromZero = true;
    return this;
  }

  /**
   * The figure; empty where there is no number to show.
   *
   * @param alternative what the drawing shows, in words
   * @param table the values as a table, HTML
   */
  String html(String alternative, String table) {
    Axis y = yAxis();
    if (y == null) {
      return "";
    }
    Axis steps = Axis.steps(firstX, x[x.length - 1]);
    StringBuilder out = new StringBuilder();
    out.append("<figure class=\"chart\" id=\"").append(id).append("\">\n<figcaption><h3>");
    out.append(Html.escape(title)).append("</h3> <span class=\"unit\">").append(Html.escape(unit));
    out.append(y.logarithmic() ? ", logarithmic" : "").append("</span>");
    out.append("<output></output></figcaption>\n<div class=\"plot\">\n");
    for (double tick : y.ticks()) {
      out.append(
          String.format(
              Locale.ROOT,
              "<span class=\"y\" style=\"bottom:%.2f%%\">%s</span>",
              100 * y.place(tick),
              y.label(tick)));
    }
    out.append('\n');
    drawing(out, steps, y, alternative);
    out.append("<i class=\"cursor\"></i>\n");
    for (double tick : steps.ticks()) {
      out.append(
          String.format(
              Locale.ROOT,
              "<span class=\"x\" style=\"left:%.2f%%\">%s</span>",
              100 * steps.place(tick),
              steps.label(tick)));
    }
    out.append("\n</div>\n<p class=\"axis\">").append(Html.escape(across)).append("</p>\n");
    legend(out);
    out.append("<details><summary>Values</summary>\n").append(table).append("</details>\n");
    values(out, steps);
    return out.append("</figure>\n").toString();
  }

  private @Nullable Axis yAxis() {
    double low = Double.isNaN(level) ? Double.POSITIVE_INFINITY : level;
    double high = Double.isNaN(level) ? Double.NEGATIVE_INFINITY : level;
    boolean any = false;
    double[] stack = new double[x.length];
    for (Series s : series) {
      for (int i = 0; i < x.length; i++) {
        double value = s.values[i];
        if (Double.isFinite(value)) {
          any = true;
          stack[i] += s.look == Look.AREA ? value : 0;
          low = Math.min(low, s.low == null ? value : s.low[i]);
          high =
              Math.max(high, s.look == Look.AREA ? stack[i] : s.high == null ? value : s.high[i]);
        }
      }
    }
    if (!any) {
      return null;
    }
    Axis around = Axis.around(low, high);
    return fromZero && !around.logarithmic() ? Axis.fromZero(high) : around;
  }

  private void drawing(StringBuilder out, Axis steps, Axis y, String alternative) {
    out.append(
        String.format(
            Locale.ROOT,
            "<svg viewBox=\"0 0 %.0f %.0f\" preserveAspectRatio=\"none\" role=\"img\""
                + " tabindex=\"0\" aria-labelledby=\"%s-t %s-d\">\n"
                + "<title id=\"%s-t\">%s</title><desc id=\"%s-d\">%s</desc>\n",
            WIDTH,
            HEIGHT,
            id,
            id,
            id,
            Html.escape(title),
            id,
            Html.escape(alternative)));
    StringBuilder grid = new StringBuilder();
    for (double tick : y.ticks()) {
      grid.append("M0 ").append(down(y, tick)).append("H1000");
    }
    out.append("<path class=\"grid\" d=\"").append(grid).append("\"/>\n");
    double[] floor = new double[x.length];
    for (Series s : series) {
      switch (s.look) {
        case LINE -> line(out, s, steps, y);
        case POINTS -> points(out, s, steps, y);
        case AREA -> {
          double[] top = new double[x.length];
          Arrays.setAll(top, i -> floor[i] + (Double.isFinite(s.values[i]) ? s.values[i] : 0));
          path(out, "area " + s.tone, area(floor, top, steps, y));
          System.arraycopy(top, 0, floor, 0, top.length);
        }
      }
    }
    if (!Double.isNaN(level)) {
      path(out, "level", "M0 " + down(y, level) + "H1000");
    }
    out.append("</svg>\n");
  }

  private void line(StringBuilder out, Series s, Axis steps, Axis y) {
    if (s.low != null && s.high != null && !Arrays.equals(s.low, s.high)) {
      path(out, "band " + s.tone, area(s.low, s.high, steps, y));
    }
    StringBuilder d = new StringBuilder();
    int count = 0;
    boolean goesOn = false;
    for (int i = 0; i < x.length; i++) {
      boolean there = Double.isFinite(s.values[i]);
      if (there) {
        d.append(goesOn ? 'L' : 'M').append(across(steps, x[i])).append(' ');
        d.append(down(y, s.values[i]));
        count++;
      }
      goesOn = there;
    }
    if (count == 1) {
      points(out, s, steps, y);
    } else if (count > 1) {
      path(out, "line " + s.tone, d.toString());
    }
  }

  /** Lines of no length with round ends: circles, however the drawing is stretched. */
  private void points(StringBuilder out, Series s, Axis steps, Axis y) {
    StringBuilder d = new StringBuilder();
    for (int i = 0; i < x.length; i++) {
      if (Double.isFinite(s.values[i])) {
        d.append('M').append(across(steps, x[i])).append(' ').append(down(y, s.values[i]));
        d.append("h0");
      }
    }
    path(out, "points " + s.tone, d.toString());
  }

  private String area(double[] low, double[] high, Axis steps, Axis y) {
    List<String> there = new ArrayList<>();
    List<String> back = new ArrayList<>();
    for (int i = 0; i < x.length; i++) {
      if (Double.isFinite(low[i]) && Double.isFinite(high[i])) {
        // One step alone has no width of its own and takes all there is.
        for (double at :
            x.length == 1 ? new double[] {steps.low(), steps.high()} : new double[] {x[i]}) {
          there.add(across(steps, at) + " " + down(y, high[i]));
          back.add(across(steps, at) + " " + down(y, low[i]));
        }
      }
    }
    if (there.isEmpty()) {
      return "";
    }
    return "M" + String.join("L", there) + "L" + String.join("L", back.reversed()) + "Z";
  }

  private static void path(StringBuilder out, String looks, String d) {
    if (!d.isEmpty()) {
      out.append("<path class=\"").append(looks).append("\" d=\"").append(d).append("\"/>\n");
    }
  }

  private static String across(Axis steps, double at) {
    return shortest(WIDTH * steps.place(at));
  }

  private static String down(Axis y, double value) {
    return shortest(HEIGHT * (1 - y.place(value)));
  }

  private static String shortest(double value) {
    double tenths = Math.round(value * 10) / 10.0;
    return tenths == Math.rint(tenths) ? Long.toString((long) tenths) : Double.toString(tenths);
  }

  private void legend(StringBuilder out) {
    if (series.size() == 1 && Double.isNaN(level)) {
      return;
    }
    out.append("<ul class=\"legend\">");
    for (Series s : series) {
      out.append("<li><i class=\"").append(s.look.name().toLowerCase(Locale.ROOT)).append(' ');
      out.append(s.tone).append("\"></i>").append(Html.escape(s.name)).append("</li>");
    }
    if (!Double.isNaN(level)) {
      out.append("<li><i class=\"level\"></i>").append(Html.escape(levelName)).append("</li>");
    }
    out.append("</ul>\n");
  }

  /** What the page's script shows under the pointer. */
  private void values(StringBuilder out, Axis steps) {
    out.append("<script type=\"application/json\">{\"unit\":\"").append(json(unit));
    out.append("\",\"over\":\"").append(json(across));
    out.append("\",\"x\":[");
    StringJoiner places = new StringJoiner(",");
    for (double at : x) {
      places.add(across(steps, at));
    }
    out.append(places).append("],\"steps\":[");
    StringJoiner named = new StringJoiner(",");
    labels.forEach(label -> named.add("\"" + json(label) + "\""));
    out.append(named).append("],\"series\":[");
    StringJoiner all = new StringJoiner(",");
    for (Series s : series) {
      StringJoiner numbers = new StringJoiner(",", "[", "]");
      for (double value : s.values) {
        numbers.add(Double.isFinite(value) ? "\"" + Html.number(value) + "\"" : "null");
      }
      all.add("{\"name\":\"" + json(s.name) + "\",\"values\":" + numbers + "}");
    }
    out.append(all).append("]}</script>\n");
  }

  private static String json(String text) {
    return text.replaceAll("[^A-Za-z0-9 ,./()_\u2013-]", "?");
  }
}
