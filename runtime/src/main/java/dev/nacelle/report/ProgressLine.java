package dev.nacelle.report;

import java.util.List;
import java.util.Locale;

/**
 * What there is to say of a run's progress, in as many columns as there are. Where they are few the
 * least important goes first: the bar gets shorter, then units, memory, speed and the bar itself
 * go.
 */
record ProgressLine(
    long step,
    long steps,
    double loss,
    double tokensPerSecond,
    double secondsLeft,
    long peakBytes) {

  /** All of it, without a bar: a line of a log. */
  String plain() {
    return String.format(
        Locale.ROOT,
        "step %d/%d  loss %.4f  %.0f tokens/s  %s left  peak %s",
        step,
        steps,
        loss,
        tokensPerSecond,
        Sizes.duration(secondsLeft),
        Sizes.bytes(peakBytes));
  }

  /** At most {@code columns} characters, each one column wide. */
  String fitting(int columns) {
    String count = step + "/" + steps;
    String left = Sizes.duration(secondsLeft);
    String speed = String.format(Locale.ROOT, "%.0f", tokensPerSecond);
    String exact = String.format(Locale.ROOT, "%.4f", loss);
    String rough = String.format(Locale.ROOT, "%.3g", loss);
    for (String candidate :
        List.of(
            bar(20) + plain(),
            bar(10) + plain(),
            bar(10)
                + "step %s  loss %s  %s tok/s  %s left  %s"
                    .formatted(count, exact, speed, left, Sizes.bytes(peakBytes)),
            bar(10) + "%s  loss %s  %s tok/s  %s left".formatted(count, exact, speed, left),
            bar(6) + "%s  loss %s  %s left".formatted(count, exact, left),
            "%s  loss %s  %s left".formatted(count, exact, left),
            "%s  %s  %s".formatted(count, exact, left),
            "%s %s %s".formatted(count, rough, left),
            "%s %s".formatted(count, rough))) {
      if (candidate.length() <= columns) {
        return candidate;
      }
    }
    return count.substring(0, Math.min(columns, count.length()));
  }

  private String bar(int cells) {
    int filled = (int) (cells * step / Math.max(1, steps));
    return "[" + "#".repeat(filled) + ".".repeat(cells - filled) + "] ";
  }
}
