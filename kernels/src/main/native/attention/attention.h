/*
 * Softmax attention in tiles (FlashAttention, Dao et al. 2022, arXiv:2205.14135), on the micro-kernels
 * of the products. For each sample of a packed batch, with p the position in it:
 *
 *   S = scale · Q·Kᵀ    P = softmax(S)    O = P·V    logSumExp = log Σ exp(S)
 *   dV = Pᵀ·dO    dS = P ⊙ (dO·Vᵀ − rowsum(dO ⊙ O))    dQ = scale · dS·K    dK = scale · dSᵀ·Q
 *
 * over the keys that p sees: 0…p where causal, fewer from the front with a window, else all of its
 * sample. With a cap, S becomes cap·tanh(S/cap) before the softmax, and dS takes its slope.
 *
 * The (T, T) matrix exists only a tile at a time; backward recomputes P from logSumExp. Query heads
 * that share a key/value head are done together, so that its tiles are converted and turned once.
 * All tiles are fp32 whatever the storage. Hazard: S may be large; the running maximum keeps
 * exponents at or below 0 in forward, logSumExp does in backward.
 */
#ifndef NK_ATTENTION_H
#define NK_ATTENTION_H

#include "../gemm/gemm.h"
#include "nk_tanh.h"

#include <float.h>

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

/* Asks for rows from…from+n of head h, which will be read soon: a tensor's rows of one head lie too
 * far apart for the processor to foresee them. */
NK_INLINE void nk_tile_ask(nk_rows x, int64_t from, int64_t n, int64_t h, int64_t d) {
  for (int64_t i = from; i < from + n; i++) nk_ask(x.data, x.dtype, i * x.stride + h * d, d);
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
 * What a tile of queries sees of the tile of keys that begins at `key` of the sample: row i the keys
 * nk_seen_from…nk_seen_to, counted from `key`. Both rise with i.
 */
typedef struct {
  const int32_t *lows; /* first key that each row sees, counted from the sample's start; or null: 0 */
  int64_t key, keys;
  int64_t first; /* the first query's position less `key` */
  int causal;
} nk_seen;

NK_INLINE int64_t nk_seen_from(const nk_seen *seen, int64_t i) {
  return seen->lows ? nk_max(0, nk_min(seen->keys, seen->lows[i] - seen->key)) : 0;
}

NK_INLINE int64_t nk_seen_to(const nk_seen *seen, int64_t i) {
  return seen->causal ? nk_max(0, nk_min(seen->keys, seen->first + i + 1)) : seen->keys;
}

/* Asks for the rows of a product's next panel, which begins at row `from`. Rows of scratch follow each
 * other and need no asking. */
NK_INLINE void nk_panel_ask(const float *rows, int64_t stride, int64_t from, int64_t n, int64_t d) {
  if (stride == nk_padded(d)) return;
  for (int64_t i = from; i < nk_min(n, from + NK_MR); i++) nk_ask(rows, NK_FP32, i * stride, d);
}

/*
 * The three products of a pair of tiles. Each leaves out what the mask hides, panel by panel of its
 * rows.
 */

/* scores (n, keys) = alpha · x · turned, x (n, d), turned (d, keys); from a whole vector of columns
 * on, to one. */
NK_INLINE void nk_tile_scores(float *scores, nk_view x, const float *turned, int64_t n, int64_t d,
                              const nk_seen *seen, float alpha) {
  int64_t panels = (n + NK_MR - 1) / NK_MR;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t i = n * panel / panels, end = n * (panel + 1) / panels;
    int64_t from = nk_seen_from(seen, i) / NK_W * NK_W, to = nk_seen_to(seen, end - 1);
    nk_panel_ask(x.data, x.stride, end, n, d);
    if (from < to)
      nk_tile_panel(scores + i * NK_TILE + from, NK_TILE, NK_A_ROWS, x.data + i * x.stride,
                    x.stride, turned + from, NK_TILE, end - i, to - from, d, alpha, 0);
  }
}

/* sums (n, d), rows `stride` apart, += p · y, p (n, keys) 0 where nothing is seen, y (keys, d). */
NK_INLINE void nk_tile_rows(float *sums, int64_t stride, const float *p, nk_view y, int64_t n,
                            int64_t d, const nk_seen *seen) {
  int64_t panels = (n + NK_MR - 1) / NK_MR;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t i = n * panel / panels, end = n * (panel + 1) / panels;
    int64_t from = nk_seen_from(seen, i), depth = nk_seen_to(seen, end - 1) - from;
    nk_panel_ask(sums, stride, end, n, d);
    if (depth > 0)
      nk_tile_panel(sums + i * stride, stride, NK_A_ROWS, p + i * NK_TILE + from, NK_TILE,
                    y.data + from * y.stride, y.stride, end - i, d, depth, 1.0f, 1);
  }
}

/* sums (keys, d) += pᵀ · y, p (n, keys) 0 where nothing is seen, y (n, d). */
NK_INLINE void nk_tile_columns(float *sums, const float *p, nk_view y, int64_t n, int64_t d,
                               const nk_seen *seen) {
  int64_t panels = (seen->keys + NK_MR - 1) / NK_MR, width = nk_padded(d), to = n;
  for (int64_t panel = panels - 1; panel >= 0; panel--) {
    int64_t j = seen->keys * panel / panels, end = seen->keys * (panel + 1) / panels;
    int64_t from = seen->causal ? nk_max(0, j - seen->first) : 0;
    while (to > 0 && nk_seen_from(seen, to - 1) >= end) to--;
    if (from < to)
      nk_tile_panel(sums + j * width, width, NK_A_COLUMNS, p + from * NK_TILE + j, NK_TILE,
                    y.data + from * y.stride, y.stride, end - j, d, to - from, 1.0f, 1);
  }
}

/*
 * A row of scores, capped where there is a cap; what is not seen of its first and last vector becomes
 * what exp makes 0. The vectors from *begin to *end hold all that is seen.
 */
NK_INLINE void nk_seen_row(float *s, const nk_seen *seen, int64_t i, float softcap, int64_t *begin,
                           int64_t *end) {
  int64_t from = nk_seen_from(seen, i), to = nk_seen_to(seen, i);
  *begin = from / NK_W * NK_W;
  *end = from < to ? (to + NK_W - 1) / NK_W * NK_W : *begin;
  if (softcap != 0.0f) {
#pragma omp simd
    for (int64_t j = *begin; j < *end; j++) s[j] = softcap * nk_tanh(s[j] / softcap);
  }
  for (int64_t j = *begin; j < from && j < *end; j++) s[j] = -INFINITY;
  for (int64_t j = to; j < *end; j++) s[j] = -INFINITY;
}

/* Zeros outside begin…end, whole vectors both. */
NK_INLINE void nk_zero_outside(float *s, int64_t begin, int64_t end) {
  for (int64_t j = 0; j < begin; j += NK_W) nk_v_store(s + j, nk_v_zero());
  for (int64_t j = end; j < NK_TILE; j += NK_W) nk_v_store(s + j, nk_v_zero());
}

#endif
