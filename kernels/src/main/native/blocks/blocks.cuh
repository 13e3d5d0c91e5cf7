/*
 * Quantised blocks on a GPU: 32 adjacent elements of a row as fp32, by one thread, with the mathematics
 * of blocks_math.h. A reader is a type, so that a kernel is compiled once for each format; `group`
 * counts the 32s of a row.
 */
#ifndef NK_BLOCKS_CUH
#define NK_BLOCKS_CUH

#include "nk_cuda.h"
#include "blocks_math.h"

#define NK_GROUP 32

/* A matrix of blocks, as blocks.h has it. */
struct nk_block_rows {
  const unsigned char *data;
  const float *absmax; /* NF4: one for each 64 elements of the whole matrix */
  int64_t row_bytes, columns, head_rows;
};

/* Where used row `row` is stored. */
NK_DEVICE int64_t nk_stored_row(const nk_block_rows &m, int64_t row) {
  int64_t d = m.head_rows;
  if (d == 0) return row;
  int64_t within = row % d, half = d / 2;
  return row - within + within % half * 2 + within / half;
}

#define NK_BLOCK_READER(name, groups, bytes)                                                       \
  struct nk_read_##name {                                                                          \
    NK_STATIC_DEVICE void read(float *to, const nk_block_rows &m, int64_t row, int64_t group) {    \
      const unsigned char *data = m.data + nk_stored_row(m, row) * m.row_bytes;                    \
      nk_##name##_group(to, data + group / groups * bytes, (int)(group % groups));                 \
    }                                                                                              \
  };

NK_BLOCK_READER(q4_0, 1, 18)
NK_BLOCK_READER(q4_1, 1, 20)
NK_BLOCK_READER(q5_0, 1, 22)
NK_BLOCK_READER(q5_1, 1, 24)
NK_BLOCK_READER(q8_0, 1, 34)
NK_BLOCK_READER(q4_k, 8, 144)
NK_BLOCK_READER(q5_k, 8, 176)
NK_BLOCK_READER(q6_k, 8, 210)

/* Blocks of NF4 run on from row to row; a row may end within a group of 32, and is even. */
struct nk_read_nf4 {
  NK_STATIC_DEVICE void read(float *to, const nk_block_rows &m, int64_t row, int64_t group) {
    int64_t stored = nk_stored_row(m, row), first = stored * m.columns + group * NK_GROUP;
    const unsigned char *codes = m.data + stored * m.row_bytes + group * (NK_GROUP / 2);
    int64_t left = m.columns - group * NK_GROUP;
    int n = left < NK_GROUP ? (int)left : NK_GROUP;
    NK_UNROLL
    for (int i = 0; i < NK_GROUP; i++) {
      if (i >= n) break;
      int code = i % 2 ? codes[i / 2] & 15 : codes[i / 2] >> 4;
      to[i] = nk_nf4_level(code) * m.absmax[(first + i) / 64];
    }
  }
};

/* X(format) for every one, in the order of their numbers (blocks.h). */
#define NK_EACH_FORMAT(X)                                                                          \
  X(q4_0) X(q4_1) X(q5_0) X(q5_1) X(q8_0) X(q4_k) X(q5_k) X(q6_k) X(nf4)

#endif
