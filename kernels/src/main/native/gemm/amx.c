/* The loops around the tile unit, and its micro-kernel. What it computes, and how exactly: amx.h. */
#include "amx.h"

#if defined(__AMX_BF16__)

/* One product of two halves, and four of the sixteen lines of a later tile of B on their way to L1. */
#define NK_MULTIPLY_TILE(c, a, b, ahead)                                                           \
  do {                                                                                             \
    __builtin_prefetch(ahead);                                                                     \
    __builtin_prefetch((ahead) + 64);                                                              \
    __builtin_prefetch((ahead) + 128);                                                             \
    __builtin_prefetch((ahead) + 192);                                                             \
    _tile_dpbf16ps(c, a, b);                                                                       \
  } while (0)

/* One product of parts: A in tiles 4, 5 (upper and lower half), B in 6, 7, C in 0 to 3. */
#define NK_MULTIPLY_TILES(ahead)                                                                   \
  do {                                                                                             \
    NK_MULTIPLY_TILE(0, 4, 6, ahead);                                                              \
    NK_MULTIPLY_TILE(1, 4, 7, (ahead) + 256);                                                      \
    NK_MULTIPLY_TILE(2, 5, 6, (ahead) + 512);                                                      \
    NK_MULTIPLY_TILE(3, 5, 7, (ahead) + 768);                                                      \
  } while (0)

/*
 * c (32 × 32, `c_stride` floats a row) (+)= the sum over `steps` blocks of 32 along K. Products of
 * parts go back and forth, so that of B's tiles each second change of A's keeps the last.
 */
NK_INLINE void nk_amx_body(const int a_parts, const int b_parts, int64_t steps, const char *a,
                           const char *b, float *c, int64_t c_stride, int add) {
  const int64_t tile = NK_TILE_BYTES;
  size_t row = (size_t)c_stride * 4;
  if (add) {
    _tile_loadd(0, c, row);
    _tile_loadd(1, c + 16, row);
    _tile_loadd(2, c + 16 * c_stride, row);
    _tile_loadd(3, c + 16 * c_stride + 16, row);
  } else {
    _tile_zero(0);
    _tile_zero(1);
    _tile_zero(2);
    _tile_zero(3);
  }
  for (int64_t step = 0; step < steps; step++) {
    int held = -1;
    const char *ahead = b + b_parts * 2 * tile; /* one step: 3 to 7 % faster than none or two */
#pragma GCC unroll 3
    for (int i = 0; i < a_parts; i++) {
      _tile_loadd(4, a + i * 2 * tile, 64);
      _tile_loadd(5, a + (i * 2 + 1) * tile, 64);
      const int last = b_parts - 1 < 2 - i ? b_parts - 1 : 2 - i;
#pragma GCC unroll 3
      for (int at = 0; at <= last; at++) {
        /* A's first part meets B's 0, 2, 1, its second 1, 0, its third 0. */
        const int j = i == 0 ? (at == 0 ? 0 : last + 1 - at) : last - at;
        if (j != held) {
          _tile_loadd(6, b + j * 2 * tile, 64);
          _tile_loadd(7, b + (j * 2 + 1) * tile, 64);
          held = j;
        }
        NK_MULTIPLY_TILES(ahead);
        ahead += tile;
      }
    }
    a += a_parts * 2 * tile;
    b += b_parts * 2 * tile;
  }
  _tile_stored(0, c, row);
  _tile_stored(1, c + 16, row);
  _tile_stored(2, c + 16 * c_stride, row);
  _tile_stored(3, c + 16 * c_stride + 16, row);
}

typedef void (*nk_amx_micro)(int64_t steps, const char *a, const char *b, float *c,
                             int64_t c_stride, int add);

#define NK_AMX_ONE(a_parts, b_parts)                                                               \
  static void amx_##a_parts##_##b_parts(int64_t steps, const char *a, const char *b, float *c,     \
                                        int64_t c_stride, int add) {                               \
    nk_amx_body(a_parts, b_parts, steps, a, b, c, c_stride, add);                                  \
  }
NK_AMX_ONE(1, 1)
NK_AMX_ONE(1, 2)
NK_AMX_ONE(1, 3)
NK_AMX_ONE(2, 1)
NK_AMX_ONE(2, 2)
NK_AMX_ONE(2, 3)
NK_AMX_ONE(3, 1)
NK_AMX_ONE(3, 2)
NK_AMX_ONE(3, 3)

static nk_amx_micro nk_amx_micro_for(int a_parts, int b_parts) {
  static const nk_amx_micro table[3][3] = {
      {amx_1_1, amx_1_2, amx_1_3}, {amx_2_1, amx_2_2, amx_2_3}, {amx_3_1, amx_3_2, amx_3_3}};
  return table[a_parts - 1][b_parts - 1];
}

/* All eight tiles 16 rows of 64 bytes. */
static void nk_amx_configure(void) {
  struct {
    uint8_t palette, start, reserved[14];
    uint16_t bytes[16];
    uint8_t rows[16];
  } shape = {.palette = 1};
  for (int i = 0; i < 8; i++) {
    shape.bytes[i] = 64;
    shape.rows[i] = 16;
  }
  _tile_loadconfig(&shape);
}

/* A part of C as a tile; what lies beyond it stays whatever it was, and nobody reads it. */
static void nk_fetch_tile(float *tile, const nk_product *p, int64_t i0, int64_t m, int64_t j0,
                          int64_t n) {
  for (int64_t i = 0; i < m; i++)
    nk_load(tile + i * NK_AMX_EDGE, p->c, p->c_type, (i0 + i) * p->c_stride + j0, n);
}

/* Columns j0…j1 are at most NK_AMX_NC. */
static void nk_amx_columns(const nk_product *p, int64_t i0, int64_t i1, int64_t j0, int64_t j1,
                           float *scratch) {
  float *stage = scratch + NK_AMX_B_FLOATS + NK_AMX_A_FLOATS;
  uint32_t *b_block = (uint32_t *)scratch, *a_panel = b_block + NK_AMX_B_FLOATS;
  float *tile = stage + NK_AMX_STAGE_FLOATS, *sums = tile + NK_AMX_TILE_FLOATS;
  int64_t m = i1 - i0, n = j1 - j0;
  /* Scaling fills the low bits of a narrow A. */
  int a_parts = p->alpha == 1.0f ? nk_amx_parts(p->a.dtype) : 3, b_parts = nk_amx_parts(p->b.dtype);
  int64_t deepest = NK_AMX_KC * 3 / nk_max(a_parts, b_parts);
  int64_t depths = (p->k + deepest - 1) / deepest;
  int64_t depth = ((p->k + depths - 1) / depths + 31) / 32 * 32;
  int narrow = p->c_type != NK_FP32 && depths > 1;
  nk_amx_micro micro = nk_amx_micro_for(a_parts, b_parts);
  for (int64_t k0 = 0; k0 < p->k; k0 += depth) {
    int64_t k = nk_min(depth, p->k - k0), steps = (k + 31) / 32;
    float beta = k0 == 0 ? p->beta : 1.0f;
    NK_FN(nk_amx_pack_b)(b_block, &p->b, k0, k, j0, n, stage);
    for (int64_t i = 0; i < m; i += NK_AMX_EDGE) {
      int64_t rows = nk_min(NK_AMX_EDGE, m - i);
      NK_FN(nk_amx_pack_a)(a_panel, &p->a, i0 + i, rows, k0, k, p->alpha, stage);
      const char *b = (const char *)b_block;
      for (int64_t j = 0; j < n; j += NK_AMX_EDGE, b += steps * b_parts * 2 * NK_TILE_BYTES) {
        int64_t columns = nk_min(NK_AMX_EDGE, n - j);
        int whole = rows == NK_AMX_EDGE && columns == NK_AMX_EDGE;
        if (narrow) {
          micro(steps, (const char *)a_panel, b, sums + i * NK_NC + j, NK_NC, k0 != 0);
        } else if (whole && p->c_type == NK_FP32 && (beta == 0.0f || beta == 1.0f)) {
          float *c = (float *)p->c + (i0 + i) * p->c_stride + j0 + j;
          micro(steps, (const char *)a_panel, b, c, p->c_stride, beta != 0.0f);
        } else {
          /* C goes into the sum first, as in whole tiles: which tiles are whole depends on threads. */
          int add = beta == 1.0f;
          if (add) nk_fetch_tile(tile, p, i0 + i, rows, j0 + j, columns);
          micro(steps, (const char *)a_panel, b, tile, NK_AMX_EDGE, add);
          NK_FN(nk_merge)(p, tile, NK_AMX_EDGE, i0 + i, rows, j0 + j, columns, add ? 0.0f : beta);
        }
      }
    }
  }
  if (narrow) NK_FN(nk_merge)(p, sums, NK_NC, i0, m, j0, n, p->beta);
}

void NK_FN(nk_amx_block)(const nk_product *p, int64_t i0, int64_t i1, int64_t j0, int64_t j1,
                         float *scratch) {
  nk_amx_configure();
  for (int64_t j = j0; j < j1; j += NK_AMX_NC)
    nk_amx_columns(p, i0, i1, j, nk_min(j1, j + NK_AMX_NC), scratch);
  /* An unused unit costs nothing when threads are switched. */
  _tile_release();
}

#endif
