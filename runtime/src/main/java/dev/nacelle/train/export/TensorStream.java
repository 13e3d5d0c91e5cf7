package dev.nacelle.train.export;

import dev.nacelle.NacelleException;
import dev.nacelle.file.ElementEncoder;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Quoted;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.file.TensorSource;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.concurrent.ForkJoinPool;
import java.util.function.LongConsumer;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Streams tensors out of a base, a few rows at a time: widened to fp32, the update added, narrowed
 * to the type of the target. What is held at once does not depend on the size of a tensor.
 */
final class TensorStream implements AutoCloseable {
  /**
   * How a tensor differs in the target from the base.
   *
   * @param headDim where above 0, the rows of each head of so many are written interleaved, as GGUF
   *     has queries and keys: row t·(D/2) + j goes to 2j + t
   * @param shift added to every element
   */
  record Change(int headDim, int shift) {
    static final Change NONE = new Change(0, 0);
  }

  /** Elements at a time: 4 MiB in fp32. */
  private static final int BLOCK = 1 << 20;

  /** What a stream holds of native memory. */
  static final long BUFFER_BYTES = 2L * Float.BYTES * BLOCK;

  private final TensorSource source;
  private final Rounding rounding;
  private final ForkJoinPool pool;
  private final LongConsumer progress;
  // Kept from tensor to tensor: what is dropped and made anew stays resident until a collection.
  private NativeBuffer wide = NativeBuffer.allocate(4L * BLOCK);
  private NativeBuffer narrow = NativeBuffer.allocate(4L * BLOCK);
  private float[] values = new float[BLOCK];

  /**
   * @param progress hears of elements as they are written
   */
  TensorStream(TensorSource source, Rounding rounding, int threads, LongConsumer progress) {
    this.source = source;
    this.rounding = rounding;
    this.pool = new ForkJoinPool(threads);
    this.progress = progress;
  }

  /**
   * Writes one tensor.
   *
   * @param piece which of the merged model
   * @param change to the base's order and numbers
   * @param updates what is added to the piece's module
   */
  void write(
      MergeBase.Piece piece,
      Change change,
      Updates updates,
      ElementEncoder encoder,
      NamedTensor.Sink sink)
      throws IOException {
    TensorEntry entry = source.entry(piece.source());
    int headDim = change.headDim;
    Updates.Rows update = piece.module() == null ? null : updates.rows(piece.module());
    int columns = Math.toIntExact(entry.columns());
    // Elements of vectors may lie in one block: they are never cut.
    long rows = entry.rows();
    boolean vector = entry.shape().length < 2;
    // Heads neither, where their rows change places.
    int unit = Math.max(1, headDim);
    long fitting = Math.max(1L, BLOCK / Math.max(1, columns) / unit) * unit;
    int atOnce = Math.toIntExact(vector ? rows : Math.min(fitting, rows));
    makeRoom(Math.multiplyExact(atOnce, columns));
    Block block = new Block(piece.name(), columns, atOnce, headDim, encoder, vector);
    double lost = 0;
    double added = 0;
    for (long first = 0; first < rows; first += atOnce) {
      int n = (int) Math.min(atOnce, rows - first);
      source.readRows(piece.source(), first, n, wide);
      wide.read(0, values, 0, n * columns);
      if (update != null) {
        update.read(first, n);
      }
      for (int i = 0; change.shift != 0 && i < n * columns; i++) {
        values[i] += change.shift;
      }
      block.run(update, n);
      for (int row = 0; row < n; row++) {
        lost += block.lost[row];
        added += block.added[row];
      }
      sink.accept(block.bytes.clear().limit(Math.toIntExact(block.byteSize(n))));
      progress.accept((long) n * columns);
    }
    if (update != null) {
      rounding.add(piece.name(), lost, added);
    }
  }

  private void makeRoom(int elements) {
    if (elements > values.length) {
      wide.close();
      narrow.close();
      wide = NativeBuffer.allocate(4L * elements);
      narrow = NativeBuffer.allocate(4L * elements);
      values = new float[elements];
    }
  }

  /** Some rows on their way. */
  private final class Block {
    private final String name;
    private final int columns;
    private final int headDim;
    private final ElementEncoder encoder;
    private final boolean vector;
    private final ByteBuffer bytes;
    private final double[] lost;
    private final double[] added;

    Block(String name, int columns, int rows, int headDim, ElementEncoder encoder, boolean vector) {
      this.name = name;
      this.columns = columns;
      this.headDim = headDim;
      this.encoder = encoder;
      this.vector = vector;
      this.lost = new double[rows];
      this.added = new double[rows];
      this.bytes = narrow.asByteBuffer(0, Math.toIntExact(byteSize(rows)));
    }

    long byteSize(int rows) {
      return vector ? encoder.bytes(rows) : rows * encoder.bytes(columns);
    }

    void run(Updates.@Nullable Rows update, int rows) {
      if (vector) {
        float[] ordered = new float[rows];
        for (int i = 0; i < rows; i++) {
          ordered[place(i)] = values[i];
        }
        encoder.encode(ordered, 0, rows, bytes.clear());
        return;
      }
      int parts = Math.min(rows, 4 * pool.getParallelism());
      pool.submit(
              () ->
                  IntStream.range(0, parts)
                      .parallel()
                      .forEach(
                          p ->
                              part(
                                  update,
                                  (int) ((long) rows * p / parts),
                                  (int) ((long) rows * (p + 1) / parts))))
          .join();
    }

    private void part(Updates.@Nullable Rows update, int from, int to) {
      int rowBytes = Math.toIntExact(encoder.bytes(columns));
      ByteBuffer target = bytes.duplicate().clear().order(ByteOrder.LITTLE_ENDIAN);
      float[] before = new float[columns];
      float[] delta = new float[columns];
      float[] scratch = new float[columns];
      for (int row = from; row < to; row++) {
        int at = row * columns;
        target.position(place(row) * rowBytes);
        if (update == null) {
          checked(at, () -> encoder.encode(values, at, columns, target));
          continue;
        }
        System.arraycopy(values, at, before, 0, columns);
        if (update.replaces()) {
          replace(update, row, before, delta, at);
        } else {
          update.change(row, before, delta, columns, scratch);
          for (int c = 0; c < columns; c++) {
            values[at + c] = before[c] + delta[c];
          }
        }
        refuseNonFinite(before, at);
        checked(at, () -> encoder.encode(values, at, columns, target));
        double lostHere = 0;
        double addedHere = 0;
        for (int c = 0; c < columns; c++) {
          double error = values[at + c] - ((double) before[c] + delta[c]);
          lostHere += error * error;
          addedHere += (double) delta[c] * delta[c];
        }
        lost[row] = lostHere;
        added[row] = addedHere;
      }
    }

    private void replace(Updates.Rows update, int row, float[] before, float[] delta, int at) {
      update.replace(row, values, at, columns);
      for (int c = 0; c < columns; c++) {
        delta[c] = values[at + c] - before[c];
      }
    }

    /** Where a row goes. */
    private int place(int row) {
      if (headDim == 0) {
        return row;
      }
      int half = headDim / 2;
      int within = row % headDim;
      return row - within + 2 * (within % half) + within / half;
    }

    /** An infinity that the narrower type made of a number is refused, with the number. */
    private void checked(int at, Runnable encode) {
      float largest = 0;
      for (int i = at; i < at + columns; i++) {
        largest = Math.max(largest, Math.abs(values[i]));
      }
      encode.run();
      if (largest < Float.POSITIVE_INFINITY) {
        for (int i = at; i < at + columns; i++) {
          if (Float.isInfinite(values[i])) {
            throw NacelleException.input(
                "tensor " + Quoted.name(name) + " holds " + largest + ", too large for fp16",
                "write it as bf16 or fp32");
          }
        }
      }
    }

    private void refuseNonFinite(float[] before, int at) {
      for (int c = 0; c < columns; c++) {
        if (!Float.isFinite(values[at + c]) && Float.isFinite(before[c])) {
          throw NacelleException.input(
              "the adapter makes "
                  + Quoted.name(name)
                  + " hold a number that is not finite ("
                  + values[at + c]
                  + ")",
              "its training went astray; use an earlier checkpoint");
        }
      }
    }
  }

  @Override
  public void close() {
    pool.close();
    wide.close();
    narrow.close();
  }
}
