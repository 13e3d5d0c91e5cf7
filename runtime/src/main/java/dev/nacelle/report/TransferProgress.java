package dev.nacelle.report;

import dev.nacelle.file.pull.PullListener;
import java.io.PrintStream;
import java.util.Locale;

/**
 * What a person sees of files that are brought: on a terminal one line redrawn with a bar,
 * elsewhere a plain line every few seconds. Both end with a line for each file.
 */
public final class TransferProgress implements PullListener, AutoCloseable {
  private static final long REDRAW_NANOS = 100_000_000L;
  private static final long PLAIN_NANOS = 5_000_000_000L;
  private static final int BAR = 20;

  private final PrintStream err;
  private final Terminal terminal;
  private final boolean quiet;
  private String file = "";
  private long startNanos;
  private long startBytes;
  private long shownNanos;
  private boolean lineOpen;

  public TransferProgress(PrintStream err, Terminal terminal, boolean quiet) {
    this.err = err;
    this.terminal = terminal;
    this.quiet = quiet;
  }

  @Override
  public void note(String text) {
    if (!quiet) {
      endLine();
      err.println("nacelle: " + text);
    }
  }

  @Override
  public void progress(String name, long done, long total) {
    if (quiet) {
      return;
    }
    long now = System.nanoTime();
    boolean next = !name.equals(file);
    if (next || done < startBytes) {
      if (next) {
        endLine();
      }
      file = name;
      startNanos = now;
      shownNanos = now;
      startBytes = done;
    }
    boolean whole = done == total;
    if (!whole && now - shownNanos < (terminal.interactive() ? REDRAW_NANOS : PLAIN_NANOS)) {
      return;
    }
    shownNanos = now;
    String text = text(done, total, Math.max(1, now - startNanos) / 1e9);
    if (terminal.interactive()) {
      int width = Math.max(10, terminal.columns() - 1);
      err.print("\r" + (text.length() > width ? text.substring(0, width) : pad(text, width)));
      err.flush();
      lineOpen = true;
      if (whole) {
        endLine();
      }
    } else {
      err.println(text);
    }
  }

  private String text(long done, long total, double seconds) {
    double rate = (done - startBytes) / seconds;
    String amount = Sizes.bytes(done) + (total > done ? " of " + Sizes.bytes(total) : "");
    String speed = done > startBytes ? "  " + Sizes.bytes(Math.round(rate)) + "/s" : "";
    if (total <= 0) {
      return file + "  " + amount + speed;
    }
    String left =
        total > done && rate > 0 ? "  " + Sizes.duration((total - done) / rate) + " left" : "";
    int filled = (int) (BAR * done / total);
    String bar =
        terminal.interactive() ? "[" + "#".repeat(filled) + ".".repeat(BAR - filled) + "] " : "";
    return bar
        + String.format(Locale.ROOT, "%s %3d %%  %s", file, 100 * done / total, amount)
        + speed
        + left;
  }

  private static String pad(String text, int width) {
    return text + " ".repeat(width - text.length());
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
