/*
 * y (N, K) = rows of a matrix stored as quantised blocks, all of them or those that ids name (a token
 * table is looked up this way), rounded to y's type. Nothing is summed and nothing is saved; an
 * infinite or NaN scale gives what its products give. Source of the formats: blocks/blocks_math.h.
 */
#include "../blocks/blocks.h"
#include "nk_view.h"

NK_INLINE int64_t nk_id(const void *ids, int type, int64_t i) {
  return type == NK_I64 ? ((const int64_t *)ids)[i] : ((const int32_t *)ids)[i];
}

/*
 * ids null: row i of y is row i of the blocks. Gives the number of the first id outside 0…vocabulary-1
 * with nothing written, or -1.
 */
NK_EXPORT int64_t NK_FN(nk_dequantize_forward)(void *y, const void *blocks, const void *absmax,
                                               const void *ids, int64_t n, int64_t vocabulary,
                                               int64_t columns, int64_t y_stride, int64_t row_bytes,
                                               int64_t head_rows, int y_type, int id_type,
                                               int format, int threads) {
  for (int64_t i = 0; ids && i < n; i++) {
    int64_t id = nk_id(ids, id_type, i);
    if (id < 0 || id >= vocabulary) return i;
  }
  nk_blocks source = {blocks, absmax, row_bytes, columns, head_rows,
                      NK_FN(nk_block_reader_for)(format)};
  int64_t rows = n;
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t i = 0; i < rows; i++) {
    int64_t row = ids ? nk_id(ids, id_type, i) : i;
    for (int64_t from = 0; from < columns; from += NK_RUN) {
      int64_t count = nk_min(NK_RUN, columns - from), at = i * y_stride + from;
      float buffer[NK_RUN];
      source.read(nk_target(buffer, y, y_type, at), &source, row, from, count);
      nk_finish(y, y_type, at, buffer, count);
    }
  }
  return -1;
}
