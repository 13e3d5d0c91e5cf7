/*
 * Matrices stored as quantised blocks, read row by row as fp32. dequantize.c writes what it reads;
 * quantized_linear.c hands the reader to the packing of a product, so that no more than a tile of the
 * matrix is ever wide.
 */
#ifndef NK_BLOCKS_H
#define NK_BLOCKS_H

#include "nk.h"

/* Formats; Java's BlockFormat.code() has the same numbers. */
enum { NK_Q4_0, NK_Q4_1, NK_Q5_0, NK_Q5_1, NK_Q8_0, NK_Q4_K, NK_Q5_K, NK_Q6_K, NK_NF4, NK_FORMATS };

typedef struct nk_blocks {
  const unsigned char *data;
  const float *absmax; /* NF4: one for each 64 elements of the whole matrix; else null */
  int64_t row_bytes;
  int64_t columns;
  /*
   * 0: rows are used as they are stored. d: each d rows belong to a head, and stored row 2j + t of it
   * is used as row t·d/2 + j. That is how GGUF stores a Llama's queries and keys, and undoing it here
   * costs neither a copy nor a pass.
   */
  int64_t head_rows;
  void (*read)(float *to, const struct nk_blocks *blocks, int64_t row, int64_t from, int64_t n);
} nk_blocks;

/* n adjacent elements of used row `row` from column `from` on. */
typedef void (*nk_block_reader)(float *to, const nk_blocks *blocks, int64_t row, int64_t from,
                                int64_t n);

nk_block_reader NK_FN(nk_block_reader_for)(int format);

/* Where used row `row` is stored. */
NK_INLINE int64_t nk_stored_row(const nk_blocks *blocks, int64_t row) {
  int64_t d = blocks->head_rows;
  if (d == 0) return row;
  int64_t within = row % d, half = d / 2;
  return row - within + within % half * 2 + within / half;
}

#endif
