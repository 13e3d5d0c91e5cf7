package dev.nacelle.report;

import dev.nacelle.spiking.LayerSpikes;
import java.util.Locale;

/** Pictures of a layer's spikes: SVG of their own, to be opened alone or put into a page. */
public final class SpikePictures {
  private static final int LEFT = 56;
  private static final int TOP = 30;
  private static final int BOTTOM = 40;
  private static final int RIGHT = 12;
  private static final String STYLE =
      "<style>text{font:12px sans-serif;fill:#333}.a{stroke:#999;fill:none}.s{stroke:#0b5cad;"
          + "fill:none}.b{fill:#0b5cad}@media(prefers-color-scheme:dark){text{fill:#ccc}"
          + ".s{stroke:#6cb2ff}.b{fill:#6cb2ff}}</style>";

  private SpikePictures() {}

  /**
   * Time to the right, neurons upwards, a dash for each spike of one sample.
   *
   * @param sample below {@code spikes.samples()}
   */
  public static String raster(LayerSpikes spikes, int sample) {
    int column = Math.max(4, Math.min(48, 640 / Math.max(1, spikes.steps())));
    int height = Math.max(120, Math.min(600, spikes.neurons()));
    double row = (double) height / Math.max(1, spikes.neurons());
    StringBuilder dashes = new StringBuilder();
    int count = 0;
    for (int n = 0; n < spikes.neurons(); n++) {
      double y = TOP + height - (n + 0.5) * row;
      for (int t = 0; t < spikes.steps(); t++) {
        if (spikes.fired(t, sample, n)) {
          dashes.append(
              String.format(Locale.ROOT, "M%d %.1fh%d", LEFT + t * column + 1, y, column - 2));
          count++;
        }
      }
    }
    int width = spikes.steps() * column;
    String title =
        String.format(
            Locale.ROOT,
            "Layer %s, sample %d: %d spikes of %d neurons in %d steps",
            spikes.layer(),
            sample,
            count,
            spikes.neurons(),
            spikes.steps());
    StringBuilder out = begin(title, width, height);
    out.append("<path class=\"s\" stroke-width=\"")
        .append(String.format(Locale.ROOT, "%.2f", Math.max(0.8, Math.min(6, row * 0.8))))
        .append("\" d=\"")
        .append(dashes)
        .append("\"/>\n");
    for (int t = 0; t < spikes.steps(); t += Math.max(1, spikes.steps() / 8)) {
      text(out, LEFT + t * column + column / 2, TOP + height + 16, "middle", String.valueOf(t));
    }
    text(out, LEFT - 6, TOP + height, "end", "0");
    text(out, LEFT - 6, TOP + 10, "end", String.valueOf(Math.max(0, spikes.neurons() - 1)));
    return end(out, "time step", width, height);
  }

  /**
   * How many neurons fire how often: a bar a bin, rates from 0 to 1 spike a step.
   *
   * @param bins at least 1
   */
  public static String rates(LayerSpikes spikes, int bins) {
    int[] counts = spikes.histogram(bins);
    int most = 1;
    for (int c : counts) {
      most = Math.max(most, c);
    }
    int width = 480;
    int height = 180;
    String title =
        String.format(
            Locale.ROOT,
            "Layer %s: rates of %d neurons, mean %.4f spikes a step",
            spikes.layer(),
            spikes.neurons(),
            spikes.rate());
    StringBuilder out = begin(title, width, height);
    double bar = (double) width / bins;
    for (int i = 0; i < bins; i++) {
      double h = (double) height * counts[i] / most;
      out.append(
          String.format(
              Locale.ROOT,
              "<rect class=\"b\" x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\">"
                  + "<title>%d neurons from %.3f</title></rect>\n",
              LEFT + i * bar + 0.5,
              TOP + height - h,
              Math.max(0.5, bar - 1),
              h,
              counts[i],
              (double) i / bins));
    }
    for (int i = 0; i <= 4; i++) {
      text(out, LEFT + width * i / 4, TOP + height + 16, "middle", String.valueOf(i / 4.0));
    }
    text(out, LEFT - 6, TOP + height, "end", "0");
    text(out, LEFT - 6, TOP + 10, "end", String.valueOf(most));
    return end(out, "spikes a step", width, height);
  }

  private static StringBuilder begin(String title, int width, int height) {
    int w = LEFT + width + RIGHT;
    int h = TOP + height + BOTTOM;
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 %d %d\""
                + " width=\"%d\" height=\"%d\">\n",
            w,
            h,
            w,
            h));
    out.append("<title>").append(Html.escape(title)).append("</title>").append(STYLE).append('\n');
    text(out, LEFT, 18, "start", title);
    out.append(
        String.format(
            Locale.ROOT, "<path class=\"a\" d=\"M%d %dv%dh%d\"/>\n", LEFT, TOP, height, width));
    return out;
  }

  private static void text(StringBuilder out, int x, int y, String anchor, String text) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%d\" y=\"%d\" text-anchor=\"%s\">%s</text>\n",
            x,
            y,
            anchor,
            Html.escape(text)));
  }

  private static String end(StringBuilder out, String axis, int width, int height) {
    text(out, LEFT + width / 2, TOP + height + 34, "middle", axis);
    return out.append("</svg>\n").toString();
  }
}
