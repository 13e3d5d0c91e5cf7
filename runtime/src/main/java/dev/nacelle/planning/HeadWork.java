package dev.nacelle.planning;

import dev.nacelle.kernels.CrossEntropy;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;

/**
 * The model's head and its loss with narrow rows and with wide ones, to be measured: what does not
 * grow with the width is the loss's own, for each logit an exponential and its way through a chunk.
 */
final class HeadWork implements AutoCloseable {
  private static final int ROWS = 128;
  private static final int VOCABULARY = 8192;
  private static final int NARROW = 64;
  private static final int WIDE = 512;

  private final NativeBuffer hidden = ByteRates.filled(4L * ROWS * WIDE);
  private final NativeBuffer gradient = ByteRates.filled(4L * ROWS * WIDE);
  private final NativeBuffer weight = ByteRates.filled(4L * VOCABULARY * WIDE);
  private final NativeBuffer losses = ByteRates.filled(4L * ROWS);
  private final NativeBuffer targets = NativeBuffer.allocate(4L * ROWS);
  private final NativeBuffer workspace;
  private final Stopwatch.Reading narrow;
  private final Stopwatch.Reading wide;

  HeadWork(KernelSet kernels, Stopwatch stopwatch) {
    targets.zero();
    CrossEntropy head = kernels.crossEntropy();
    workspace = NativeBuffer.allocate(head.workspaceBytes(ROWS, VOCABULARY, WIDE, DType.FP32));
    narrow = stopwatch.add(work(head, NARROW));
    wide = stopwatch.add(work(head, WIDE));
  }

  private Runnable work(CrossEntropy head, int channels) {
    Operand out = Operand.of(losses, DType.FP32, ROWS);
    Operand in = rows(hidden, ROWS, channels);
    Operand back = rows(gradient, ROWS, channels);
    Operand table = rows(weight, VOCABULARY, channels);
    Operand wanted = Operand.of(targets, DType.I32, ROWS);
    return () ->
        head.forward(out, back, null, null, in, table, wanted, 1f / ROWS, 0, null, workspace);
  }

  private static Operand rows(NativeBuffer memory, int rows, int columns) {
    return Operand.of(memory.slice(0, 4L * rows * columns), DType.FP32, rows, columns);
  }

  /** Seconds a logit beside both products, once the watch has run. */
  double logitSeconds() {
    double width = (double) WIDE / NARROW;
    double own = (narrow.median() * width - wide.median()) / (width - 1);
    return Math.clamp(own, 0, narrow.median()) / ROWS / VOCABULARY;
  }

  @Override
  public void close() {
    hidden.close();
    gradient.close();
    weight.close();
    losses.close();
    targets.close();
    workspace.close();
  }
}
