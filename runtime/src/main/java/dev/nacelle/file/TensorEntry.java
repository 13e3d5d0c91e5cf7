package dev.nacelle.file;

import dev.nacelle.nativeaccess.DType;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * One tensor of a file.
 *
 * @param name its name in the file
 * @param fileDtype its element type as the file spells it: F32, BF16, Q4_1 …
 * @param dtype our element type; null where we have none (blocks, eight-bit floats …)
 * @param shape sizes, slowest first; empty for a scalar
 * @param offset where its bytes begin in the file
 * @param bytes how many there are
 */
@SuppressWarnings("ArrayRecordComponent") // the shape is copied neither in nor out, never written
public record TensorEntry(
    String name, String fileDtype, @Nullable DType dtype, long[] shape, long offset, long bytes) {

  /** Number of elements; one for a scalar. */
  public long elements() {
    long n = 1;
    for (long size : shape) {
      n = Math.multiplyExact(n, size);
    }
    return n;
  }

  /** Elements of a row of a matrix; one for a vector and for a scalar. */
  public long columns() {
    return shape.length < 2 ? 1 : shape[shape.length - 1];
  }

  /** Rows, whatever the number of dimensions. */
  public long rows() {
    return columns() == 0 ? 0 : elements() / columns();
  }

  /** {@code F32[576, 64]}, for messages. */
  public String describe() {
    return fileDtype + Arrays.toString(shape);
  }
}
