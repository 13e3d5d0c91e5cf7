package dev.nacelle.kernels.cuda;

/**
 * Rows of elements that an elementwise kernel walks: what lies in one piece becomes one row, and
 * threads move vectors where every row of every tensor begins at one.
 *
 * @param rows how many
 * @param columns elements of a row
 * @param type code of the storage type
 * @param width elements that a thread moves at once
 */
record RowGrid(long rows, long columns, int type, int width) {
  /** Vectors that a thread takes in a large row, one after the other. */
  private static final long VECTORS = 4;

  /** Arguments: tensors, rows, columns, a stride for each tensor. */
  static RowGrid of(EntryCall c, int tensors, int type) {
    long rows = c.at(tensors);
    long columns = c.at(tensors + 1);
    boolean whole = true;
    for (int i = 0; i < tensors; i++) {
      whole &= rows <= 1 || c.at(tensors + 2 + i) == columns;
    }
    if (whole) {
      columns *= rows;
      rows = Math.min(rows, 1);
    }
    int width = EntryCall.VECTOR_BYTES / EntryCall.bytes(type);
    for (int i = 0; i < tensors; i++) {
      if (c.at(i) % EntryCall.VECTOR_BYTES != 0
          || (rows > 1 && c.at(tensors + 2 + i) % width != 0)) {
        width = 1;
        break;
      }
    }
    return new RowGrid(rows, columns, type, width);
  }

  /** The end of the kernel's name. */
  String suffix() {
    return EntryCall.type(type) + "_x" + width;
  }

  LaunchShape shape(int threads) {
    long vectors = Math.max(1, columns / width);
    long each = rows == 1 && vectors > VECTORS * threads * 1024 ? VECTORS : 1;
    return LaunchShape.of((vectors + each - 1) / each, threads).rows(rows);
  }
}
