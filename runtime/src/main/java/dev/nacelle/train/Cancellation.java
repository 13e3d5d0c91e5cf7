package dev.nacelle.train;

import dev.nacelle.NacelleException;
import org.jspecify.annotations.Nullable;

/**
 * Asks a run to stop, from any thread. Whoever starts a run keeps this object; the run looks at it
 * between micro-batches, between the batches of an evaluation and while data are read, drops the
 * step it is in, saves a checkpoint of the steps before, and ends with a {@link
 * CancelledException}. Asked once, it stays so: a later run needs an object of its own.
 */
public final class Cancellation {
  private volatile NacelleException.@Nullable Kind kind;

  /** Asks the run to stop. */
  public void stop() {
    stop(NacelleException.Kind.INTERRUPTED);
  }

  /**
   * Asks the run to stop; the first to ask decides the kind.
   *
   * @param as how the run's {@link CancelledException} is to be reported: {@code INTERRUPTED} or
   *     {@code TERMINATED}
   */
  public synchronized void stop(NacelleException.Kind as) {
    if (kind == null) {
      kind = as;
    }
  }

  /** Whether somebody asked. */
  public boolean isAsked() {
    return kind != null;
  }

  /**
   * Returns at once where nobody asked.
   *
   * @throws CancelledException otherwise, without a checkpoint yet
   */
  void check() {
    NacelleException.Kind asked = kind;
    if (asked != null) {
      throw new CancelledException(asked);
    }
  }
}
