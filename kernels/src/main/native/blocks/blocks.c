/* The readers of blocks.h: one loop, compiled once for each format. */
#include "blocks.h"

#include "blocks_simd.h"

#define NK_GROUP 32

typedef void (*nk_group_reader)(float *to, const unsigned char *block, int group);

/* Whole groups go where they belong; one that is asked for in part goes through the stack. */
NK_INLINE void nk_read_run(const nk_group_reader group, const int groups, const int bytes, float *to,
                           const nk_blocks *blocks, int64_t row, int64_t from, int64_t n) {
  const unsigned char *data = blocks->data + nk_stored_row(blocks, row) * blocks->row_bytes;
  float whole[NK_GROUP];
  int64_t g = from / NK_GROUP, skipped = from % NK_GROUP;
  if (skipped) {
    int64_t part = nk_min(NK_GROUP - skipped, n);
    group(whole, data + g / groups * bytes, (int)(g % groups));
    memcpy(to, whole + skipped, (size_t)part * 4);
    to += part;
    n -= part;
    g++;
  }
  for (; n >= NK_GROUP; n -= NK_GROUP, to += NK_GROUP, g++)
    group(to, data + g / groups * bytes, (int)(g % groups));
  if (n > 0) {
    group(whole, data + g / groups * bytes, (int)(g % groups));
    memcpy(to, whole, (size_t)n * 4);
  }
}

#define NK_READER(format, groups, bytes)                                                            \
  static void nk_read_##format(float *to, const nk_blocks *blocks, int64_t row, int64_t from,      \
                               int64_t n) {                                                        \
    nk_read_run(NK_GROUP_OF(format), groups, bytes, to, blocks, row, from, n);                     \
  }

NK_READER(q4_0, 1, 18)
NK_READER(q4_1, 1, 20)
NK_READER(q5_0, 1, 22)
NK_READER(q5_1, 1, 24)
NK_READER(q8_0, 1, 34)
NK_READER(q4_k, 8, 144)
NK_READER(q5_k, 8, 176)
NK_READER(q6_k, 8, 210)

/* Blocks of NF4 run on from row to row: 64 elements of the whole matrix share an absmax. */
static void nk_read_nf4(float *to, const nk_blocks *blocks, int64_t row, int64_t from, int64_t n) {
  int64_t stored = nk_stored_row(blocks, row);
  const unsigned char *codes = blocks->data + stored * blocks->row_bytes;
  int64_t first = stored * blocks->columns;
  int64_t i = from, end = from + n;
  while (i < end) {
    float absmax = blocks->absmax[(first + i) / 64];
    int64_t stop = nk_min(end, ((first + i) / 64 + 1) * 64 - first);
    if (i % 2) {
      *to++ = nk_nf4_level(codes[i / 2] & 15) * absmax;
      i++;
    }
    for (; i + NK_GROUP <= stop; i += NK_GROUP, to += NK_GROUP)
      NK_GROUP_OF(nf4)(to, codes + i / 2, absmax);
    for (; i < stop; i++)
      *to++ = nk_nf4_level(i % 2 ? codes[i / 2] & 15 : codes[i / 2] >> 4) * absmax;
  }
}

nk_block_reader NK_FN(nk_block_reader_for)(int format) {
  static const nk_block_reader readers[NK_FORMATS] = {
      nk_read_q4_0, nk_read_q4_1, nk_read_q5_0, nk_read_q5_1, nk_read_q8_0,
      nk_read_q4_k, nk_read_q5_k, nk_read_q6_k, nk_read_nf4,
  };
  return readers[format];
}
