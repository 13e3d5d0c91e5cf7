package dev.nacelle.report;

import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TrainEvent;
import java.io.PrintStream;
import java.util.Locale;

/**
 * What a person sees of a run: on a terminal one line redrawn with a bar, elsewhere a plain line
 * every few seconds.
 */
public final class TrainProgress implements AutoCloseable {
  private static final long REDRAW_NANOS = 100_000_000L;
  private static final long PLAIN_NANOS = 5_000_000_000L;
  private static final int BAR = 20;

  private final PrintStream err;
  private final Terminal terminal;
  private final boolean quiet;
  private long lastShown;
  private boolean lineOpen;
  private long totalSteps;
  private double trainSeconds;
  private long tokens;

  private TrainProgress(PrintStream err, Terminal terminal, boolean quiet) {
    this.err = err;
    this.terminal = terminal;
    this.quiet = quiet;
  }

  /** Progress on a stream that is standard error. */
  public static TrainProgress onStandardError(PrintStream err, boolean quiet) {
    return new TrainProgress(err, Terminal.standardError(), quiet);
  }

  /** Shows an event where it is worth it. */
  public void accept(TrainEvent event) {
    if (quiet) {
      return;
    }
    switch (event) {
      case TrainEvent.Note note -> line(note.text());
      case TrainEvent.Preparing p ->
          show(
              String.format(
                  Locale.ROOT, "%s data %3d %%", p.what(), 100 * p.done() / Math.max(1, p.total())),
              false);
      case TrainEvent.Started s -> {
        totalSteps = s.totalSteps();
        line(
            String.format(
                Locale.ROOT,
                "training %,d elements in %d modules for %d steps",
                s.trainable(),
                s.modules(),
                s.totalSteps()));
      }
      case TrainEvent.Stepped s -> step(s.step());
      case TrainEvent.Evaluated e ->
          line(
              String.format(
                  Locale.ROOT,
                  "held-out loss after step %d: %.4f (%,d tokens)",
                  e.step(),
                  e.loss(),
                  e.targetTokens()));
      case TrainEvent.Saved s -> line("adapter saved in " + s.folder());
    }
  }

  private void step(StepRecord s) {
    trainSeconds += s.seconds();
    tokens += s.tokens();
    double left = trainSeconds / s.step() * (totalSteps - s.step());
    String numbers =
        String.format(
            Locale.ROOT,
            "step %d/%d  loss %.4f  %.0f tokens/s  %s left  peak %s",
            s.step(),
            totalSteps,
            s.loss(),
            tokens / Math.max(1e-9, trainSeconds),
            Sizes.duration(left),
            Sizes.bytes(s.peakBytes()));
    int filled = (int) (BAR * s.step() / Math.max(1, totalSteps));
    String bar = "[" + "#".repeat(filled) + ".".repeat(BAR - filled) + "] ";
    show(terminal.interactive() ? bar + numbers : numbers, s.step() == totalSteps || s.step() == 1);
  }

  private void show(String text, boolean always) {
    long now = System.nanoTime();
    long pause = terminal.interactive() ? REDRAW_NANOS : PLAIN_NANOS;
    if (!always && lastShown != 0 && now - lastShown < pause) {
      return;
    }
    lastShown = now;
    if (terminal.interactive()) {
      int width = Math.max(10, terminal.columns() - 1);
      err.print("\r" + fit(text, width));
      err.flush();
      lineOpen = true;
    } else {
      err.println(text);
    }
  }

  private static String fit(String text, int width) {
    return text.length() > width
        ? text.substring(0, width)
        : text + " ".repeat(width - text.length());
  }

  private void line(String text) {
    endLine();
    err.println(text);
  }

  private void endLine() {
    if (lineOpen) {
      err.println();
      lineOpen = false;
    }
  }

  @Override
  public void close() {
    endLine();
    err.flush();
  }
}
