package dev.nacelle.report;

import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TrainEvent;
import java.io.PrintStream;
import java.util.Locale;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What a person sees of a run: on a terminal one line redrawn with a bar, which follows the
 * window's width; elsewhere a plain line every few seconds.
 */
public final class TrainProgress implements AutoCloseable {
  private static final long REDRAW_NANOS = 100_000_000L;
  private static final long PLAIN_NANOS = 5_000_000_000L;
  private static final long LOOK_MILLIS = 150;
  private static final String ERASE_REST = "\u001b[K";

  private final PrintStream err;
  private final Terminal terminal;
  private final boolean quiet;
  private @Nullable Thread watcher;
  private long lastShown;
  private boolean lineOpen;
  private IntFunction<String> shown = columns -> "";
  private int shownColumns;
  private long totalSteps;
  private double trainSeconds;
  private long tokens;
  private long stepsSeen;

  TrainProgress(PrintStream err, Terminal terminal, boolean quiet) {
    this.err = err;
    this.terminal = terminal;
    this.quiet = quiet;
  }

  /** Progress on a stream that is standard error. */
  public static TrainProgress onStandardError(PrintStream err, boolean quiet) {
    return new TrainProgress(err, Terminal.standardError(), quiet);
  }

  /** Shows an event where it is worth it. */
  public synchronized void accept(TrainEvent event) {
    if (quiet) {
      return;
    }
    switch (event) {
      case TrainEvent.Note note -> line(note.text());
      case TrainEvent.Preparing p -> {
        String text =
            String.format(
                Locale.ROOT, "%s %3d %%", what(p), 100 * p.done() / Math.max(1, p.total()));
        show(columns -> text.substring(0, Math.min(columns, text.length())), text, false);
      }
      case TrainEvent.HeadsChosen h ->
          HeadsText.lines(h.curve(), h.remembered()).forEach(this::line);
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
      case TrainEvent.Sampled s ->
          line("sample prompt " + (s.index() + 1) + " answered after step " + s.step());
      case TrainEvent.Resumed r ->
          line("going on after step " + r.step() + " from " + r.checkpoint());
      case TrainEvent.Saving saving -> {}
      case TrainEvent.Checkpointed checkpointed -> {}
      case TrainEvent.Saved s -> line("adapter saved in " + s.folder());
      case TrainEvent.Ended ended -> endLine();
    }
  }

  private static String what(TrainEvent.Preparing at) {
    return switch (at.what()) {
      case "reading", "tokenizing" -> at.what() + " data";
      default -> at.what();
    };
  }

  private void step(StepRecord s) {
    trainSeconds += s.seconds();
    tokens += s.tokens();
    stepsSeen++;
    ProgressLine line =
        new ProgressLine(
            s.step(),
            totalSteps,
            s.loss(),
            tokens / Math.max(1e-9, trainSeconds),
            trainSeconds / stepsSeen * (totalSteps - s.step()),
            s.peakBytes());
    show(line::fitting, line.plain(), s.step() == totalSteps || stepsSeen == 1);
  }

  private void show(IntFunction<String> fitting, String plain, boolean always) {
    long now = System.nanoTime();
    long pause = terminal.interactive() ? REDRAW_NANOS : PLAIN_NANOS;
    shown = fitting;
    if (!always && lastShown != 0 && now - lastShown < pause) {
      return;
    }
    lastShown = now;
    if (terminal.interactive()) {
      lineOpen = true;
      draw(terminal.columns());
      watch();
    } else {
      err.println(plain);
    }
  }

  /** The last column stays free: some terminals break the line once it is written. */
  private void draw(int columns) {
    int width = Math.max(1, columns - 1);
    String text = shown.apply(width);
    String rest = terminal.erases() ? ERASE_REST : " ".repeat(width - text.length());
    err.print("\r" + text + rest);
    err.flush();
    shownColumns = columns;
  }

  /** Steps may be far apart; a window that became narrower is served before the next one. */
  private void watch() {
    if (watcher == null) {
      watcher =
          Thread.ofPlatform().daemon().name("nacelle-progress").start(this::redrawWhenResized);
    }
  }

  private void redrawWhenResized() {
    try {
      while (true) {
        Thread.sleep(LOOK_MILLIS);
        synchronized (this) {
          int columns = lineOpen ? terminal.columns() : shownColumns;
          if (columns != shownColumns) {
            draw(columns);
          }
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void line(String text) {
    endLine();
    // A file's name may hold anything; it must not move the cursor.
    err.println(text.replaceAll("\\p{Cntrl}", "?"));
  }

  private void endLine() {
    if (lineOpen) {
      err.println();
      lineOpen = false;
    }
  }

  @Override
  public synchronized void close() {
    endLine();
    err.flush();
    if (watcher != null) {
      watcher.interrupt();
    }
  }
}
