package dev.nacelle.kernels;

import dev.nacelle.nativeaccess.DType;
import org.jspecify.annotations.Nullable;

/**
 * A matrix (M, K) in quantised blocks, as kernels see it; it owns nothing.
 *
 * @param blocks (M, row bytes) U8, bytes of a row adjacent
 * @param absmax (M·K/64) fp32 for {@link BlockFormat#NF4}, else null
 * @param headRows 0 where rows are used as they are stored. Else d rows belong to a head, and its
 *     stored row 2j + t is used as row t·d/2 + j: how GGUF stores a Llama's queries and keys
 */
public record BlockMatrix(
    Operand blocks, BlockFormat format, @Nullable Operand absmax, long headRows) implements Matrix {

  /**
   * @throws IllegalArgumentException if the parts do not fit each other
   */
  public BlockMatrix {
    Checks.dtype("blocks", blocks, DType.U8);
    Checks.rank("blocks", blocks, 2, "(M, row bytes)");
    Checks.adjacent("blocks", blocks);
    long columns;
    try {
      columns = format.columns(blocks.size(1));
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("blocks: " + e.getMessage() + ", given " + blocks, e);
    }
    if (format.hasAbsmax() != (absmax != null)) {
      throw new IllegalArgumentException(
          format.hasAbsmax()
              ? "absmax is missing: " + format.label() + " needs one fp32 for each 64 elements"
              : "absmax: blocks of " + format.label() + " hold their own scales");
    }
    if (absmax != null) {
      int shared = BlockFormat.ABSMAX_ELEMENTS;
      Checks.dtype("absmax", absmax, DType.FP32);
      long elements = Math.multiplyExact(blocks.size(0), columns);
      Checks.shape("absmax", absmax, (elements + shared - 1) / shared);
      Checks.contiguous("absmax", absmax);
    }
    if (headRows < 0 || headRows % 2 != 0 || (headRows > 0 && blocks.size(0) % headRows != 0)) {
      throw new IllegalArgumentException(
          "headRows must be even and divide the "
              + blocks.size(0)
              + " rows of the blocks, given "
              + headRows);
    }
  }

  /** Blocks that hold their own scales, rows in the order in which they are stored. */
  public static BlockMatrix of(Operand blocks, BlockFormat format) {
    return new BlockMatrix(blocks, format, null, 0);
  }

  @Override
  public long size(int d) {
    return d == 0 ? blocks.size(0) : format.columns(blocks.size(1));
  }

  /**
   * @throws IllegalArgumentException if the run cuts a head, or elements that share an absmax
   */
  @Override
  public BlockMatrix rows(long from, long to) {
    long first = from * size(1);
    long last = to * size(1);
    long shared = BlockFormat.ABSMAX_ELEMENTS;
    boolean cut = headRows > 0 && (from % headRows != 0 || to % headRows != 0);
    if (cut || (absmax != null && first % shared != 0)) {
      throw new IllegalArgumentException(
          "rows " + from + " to " + to + " of " + this + " cannot be seen alone");
    }
    return new BlockMatrix(
        blocks.rows(from, to),
        format,
        absmax == null ? null : absmax.rows(first / shared, (last + shared - 1) / shared),
        headRows);
  }

  /** Where used row {@code row} is stored. */
  public long storedRow(long row) {
    return storedRow(row, headRows);
  }

  /**
   * Where a row is stored whose heads of {@code headRows} rows are interleaved; 0 for not at all.
   */
  public static long storedRow(long row, long headRows) {
    if (headRows == 0) {
      return row;
    }
    long within = row % headRows;
    long half = headRows / 2;
    return row - within + within % half * 2 + within / half;
  }

  /** For error messages: {@code q4_1[576, 1536]}. */
  @Override
  public String toString() {
    return format.label() + "[" + size(0) + ", " + size(1) + "]";
  }
}
