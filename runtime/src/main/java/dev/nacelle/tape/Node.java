package dev.nacelle.tape;

import dev.nacelle.tensor.Tensor;
import org.jspecify.annotations.Nullable;

/** One applied function of a recording. */
final class Node {
  final Function function;
  final Context context;
  final Tensor[] inputs;
  private final Tensor output;
  private @Nullable Tensor recomputed;
  private int readers;

  /**
   * @param inputs known by identity and shape alone; their memory may be gone before backward
   */
  Node(Function function, Context context, Tensor[] inputs, Tensor output) {
    this.function = function;
    this.context = context;
    this.inputs = inputs;
    this.output = output;
  }

  /** The output's identity; its memory may be long gone. */
  Tensor output() {
    return output;
  }

  boolean isRead() {
    return readers > 0;
  }

  /** Whether the output was made again and nobody but its one remaining reader holds it. */
  boolean isReadOnce() {
    return readers == 1 && recomputed != null && !recomputed.storage().isShared();
  }

  void addReader() {
    readers++;
  }

  /** The output, made again by the first of its readers. */
  Tensor recompute() {
    if (recomputed == null) {
      try {
        recomputed = function.recompute(context);
      } catch (RuntimeException | Error e) {
        context.abandon();
        throw e;
      } finally {
        context.releaseScratch();
      }
      context.finished();
    }
    return recomputed;
  }

  /** The last reader gives the memory back. */
  void dropReader() {
    readers--;
    if (readers == 0 && recomputed != null) {
      recomputed.release();
      recomputed = null;
    }
  }
}
