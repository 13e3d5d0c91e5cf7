package dev.nacelle.train;

import dev.nacelle.NacelleException;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A run that stopped because its {@link Cancellation} asked it to. */
public final class CancelledException extends NacelleException {
  private static final long serialVersionUID = 1L;

  private final long step;
  private final transient @Nullable Path checkpoint;

  /** Where nothing was trained, or where the loop has yet to save. */
  CancelledException(Kind kind) {
    this(kind, 0, null, "stopped before the first step: there is nothing to save yet", null);
  }

  private CancelledException(
      Kind kind, long step, @Nullable Path checkpoint, String message, @Nullable String hint) {
    super(kind, message, hint);
    this.step = step;
    this.checkpoint = checkpoint;
  }

  /**
   * The same, once the state is on disk.
   *
   * @param step the last step that is in it
   */
  CancelledException saved(long step, Path checkpoint) {
    return new CancelledException(
        kind(),
        step,
        checkpoint,
        "stopped after step " + step + "; the checkpoint " + checkpoint + " is saved",
        "--resume goes on from there");
  }

  /** The same with what to do next, in the words of whoever started the run. */
  public CancelledException withHint(String hint) {
    return new CancelledException(kind(), step, checkpoint, String.valueOf(getMessage()), hint);
  }

  /** The last step that was completed. */
  public long step() {
    return step;
  }

  /** The checkpoint that holds the state; null where nothing was trained yet. */
  public @Nullable Path checkpoint() {
    return checkpoint;
  }
}
