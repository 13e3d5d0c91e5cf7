/*
 * Softmax attention in tiles (FlashAttention, Dao et al. 2022, arXiv:2205.14135), on the micro-kernels
 * of the products. For each sample of a packed batch, with p the position in it:
 *
 *   S = scale · Q·Kᵀ (keys 0…p only)    P = softmax(S)    O = P·V    logSumExp = log Σ exp(S)
 *   dV = Pᵀ·dO    dS = P ⊙ (dO·Vᵀ − rowsum(dO ⊙ O))    dQ = scale · dS·K    dK = scale · dSᵀ·Q
 *
 * The (T, T) matrix exists only a tile at a time; backward recomputes P from logSumExp. Query heads
 * that share a key/value head are done together, so that its tiles are converted and turned once.
 * All tiles are fp32 whatever the storage. Hazard: S may be large; the running maximum keeps
 * exponents at or below 0 in forward, logSumExp does in backward.
 */
#ifndef NK_ATTENTION_H
#define NK_ATTENTION_H

#include "../gemm/gemm.h"

/* Rows of a tile of queries and of keys. 64 × 64 floats are 16 KiB: the five tiles in use stay in L2. */
#define NK_TILE 64

/* A (T, heads, D) tensor in its storage: rows `stride` elements apart, heads D apart. */
typedef struct {
  const void *data;
  int64_t stride;
  int dtype;
} nk_rows;

/* Floats between the rows of a tile that is D wide: whole vectors. */
NK_INLINE int64_t nk_padded(int64_t d) { return (d + NK_W - 1) / NK_W * NK_W; }

/* Rows of fp32 to be read: a tile in scratch, or the tensor itself. */
typedef struct {
  const float *data;
  int64_t stride;
} nk_view;

/* Whether rows of fp32 can be read in place: whole vectors, and not so many KiB apart that they share
 * a few sets of L1. */
NK_INLINE int nk_in_place(nk_rows x, int64_t d) {
  return x.dtype == NK_FP32 && nk_padded(d) == d && x.stride % 256 != 0;
}

/* What nk_tile_load gave for the same arguments. */
NK_INLINE nk_view nk_loaded(const float *tile, nk_rows x, int64_t from, int64_t h, int64_t d) {
  if (!nk_in_place(x, d)) return (nk_view){tile, nk_padded(d)};
  return (nk_view){(const float *)x.data + from * x.stride + h * d, x.stride};
}

/* Rows from…from+n of head h as fp32, padded with zeros to whole vectors, in `tile` if need be. */
NK_INLINE nk_view nk_tile_load(float *tile, nk_rows x, int64_t from, int64_t n, int64_t h,
                               int64_t d) {
  if (!nk_in_place(x, d)) {
    int64_t width = nk_padded(d);
    for (int64_t i = 0; i < n; i++) {
      nk_load(tile + i * width, x.data, x.dtype, (from + i) * x.stride + h * d, d);
      for (int64_t j = d; j < width; j++) tile[i * width + j] = 0.0f;
    }
  }
  return nk_loaded(tile, x, from, h, d);
}

/* A tile of n rows into rows from…from+n of head h, times a factor. */
NK_INLINE void nk_tile_store(nk_rows y, float *tile, int64_t width, int64_t from, int64_t n,
                             int64_t h, int64_t d, float factor) {
  for (int64_t i = 0; i < n; i++) {
    float *row = tile + i * width;
#pragma omp simd
    for (int64_t j = 0; j < d; j++) row[j] *= factor;
    nk_store((void *)(uintptr_t)y.data, y.dtype, (from + i) * y.stride + h * d, row, d);
  }
}

/* n rows, d wide, become their transpose, rows NK_TILE apart; columns padded to a vector. */
NK_INLINE void nk_tile_turn(float *to, nk_view from, int64_t n, int64_t d) {
  for (int64_t i = 0; i < n; i += NK_W)
    NK_FN(nk_turn)(to + i, NK_TILE, from.data + i * from.stride, from.stride, nk_min(NK_W, n - i),
                   d);
}

/* c (m, n) (+)= alpha · rows [i0, i0 + height) of A times b, n rounded up to whole vectors. */
NK_INLINE void nk_tile_panel(float *c, int64_t c_stride, int layout, const float *a,
                             int64_t a_stride, const float *b, int64_t b_stride, int64_t height,
                             int64_t n, int64_t k, float alpha, int add) {
  for (int64_t j = 0; j < n; j += NK_NR) {
    int width = n - j > NK_W ? NK_NV : 1;
    NK_FN(nk_micro_for)(layout, (int)height, width)(k, a, a_stride, b + j, b_stride, c + j,
                                                    c_stride, alpha, add);
  }
}

/*
 * The three products of a pair of tiles, where query i sees keys 0…first + i alone. Each leaves out
 * what the mask hides, panel by panel of its rows.
 */

/* scores (n, keys) = alpha · x · turned, x (n, d), turned (d, keys). */
NK_INLINE void nk_tile_scores(float *scores, nk_view x, const float *turned, int64_t n,
                              int64_t keys, int64_t d, int64_t first, float alpha) {
  int64_t panels = (n + NK_MR - 1) / NK_MR;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t i = n * panel / panels, end = n * (panel + 1) / panels;
    nk_tile_panel(scores + i * NK_TILE, NK_TILE, NK_A_ROWS, x.data + i * x.stride, x.stride, turned,
                  NK_TILE, end - i, nk_min(keys, first + end), d, alpha, 0);
  }
}

/* sums (n, d), rows `stride` apart, += p · y, p (n, keys) lower triangular, y (keys, d). */
NK_INLINE void nk_tile_rows(float *sums, int64_t stride, const float *p, nk_view y, int64_t n,
                            int64_t keys, int64_t d, int64_t first) {
  int64_t panels = (n + NK_MR - 1) / NK_MR;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t i = n * panel / panels, end = n * (panel + 1) / panels;
    int64_t depth = nk_min(keys, first + end);
    if (depth > 0)
      nk_tile_panel(sums + i * stride, stride, NK_A_ROWS, p + i * NK_TILE, NK_TILE, y.data,
                    y.stride, end - i, d, depth, 1.0f, 1);
  }
}

/* sums (keys, d) += pᵀ · y, p (n, keys) lower triangular, y (n, d). */
NK_INLINE void nk_tile_columns(float *sums, const float *p, nk_view y, int64_t n, int64_t keys,
                               int64_t d, int64_t first) {
  int64_t panels = (keys + NK_MR - 1) / NK_MR, width = nk_padded(d);
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t j = keys * panel / panels, end = keys * (panel + 1) / panels;
    int64_t from = nk_max(0, j - first);
    if (from < n)
      nk_tile_panel(sums + j * width, width, NK_A_COLUMNS, p + from * NK_TILE + j, NK_TILE,
                    y.data + from * y.stride, y.stride, end - j, d, n - from, 1.0f, 1);
  }
}

/* Fills s[valid…width) with what exp makes 0. */
NK_INLINE void nk_mask(float *s, int64_t valid, int64_t width) {
  for (int64_t j = valid; j < width; j++) s[j] = -INFINITY;
}

#endif
