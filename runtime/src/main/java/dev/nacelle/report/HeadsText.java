package dev.nacelle.report;

import dev.nacelle.data.topics.TopicCurve;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** The choice of {@code --heads auto} for a person: the curve as bars, the elbow marked. */
public final class HeadsText {
  private static final int BAR = 40;

  private HeadsText() {}

  /**
   * Lines of text.
   *
   * @param remembered whether the run chose when it began, and goes on now
   */
  public static List<String> lines(TopicCurve curve, boolean remembered) {
    List<String> lines = new ArrayList<>();
    String heads = curve.chosen() == 1 ? "1 head" : curve.chosen() + " heads";
    if (remembered || curve.sse().isEmpty()) {
      lines.add("--heads auto: " + heads + ", as chosen when the run began");
      return lines;
    }
    lines.add(
        String.format(
            Locale.ROOT,
            "--heads auto: %s, the elbow of k-means' squared distances (%,d texts, %,d terms)",
            heads,
            curve.texts(),
            curve.terms()));
    double highest = curve.sse().getFirst();
    for (int i = 0; i < curve.sse().size(); i++) {
      double sse = curve.sse().get(i);
      int bar = highest > 0 ? (int) Math.ceil(BAR * sse / highest) : 0;
      lines.add(
          String.format(
              Locale.ROOT,
              "%4d %12.4f %s%s",
              i + 1,
              sse,
              "#".repeat(bar),
              i + 1 == curve.chosen() ? " <- elbow" : ""));
    }
    return lines;
  }
}
