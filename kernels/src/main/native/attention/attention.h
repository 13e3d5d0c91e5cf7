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

/* Rows from…from+n of head h as a tile of fp32, padded with zeros to `width` columns. */
NK_INLINE void nk_tile_load(float *to, int64_t width, nk_rows x, int64_t from, int64_t n,
                            int64_t h, int64_t d) {
  for (int64_t i = 0; i < n; i++) {
    nk_load(to + i * width, x.data, x.dtype, (from + i) * x.stride + h * d, d);
    for (int64_t j = d; j < width; j++) to[i * width + j] = 0.0f;
  }
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

/* An (n, width) tile becomes its transpose, rows NK_TILE apart; columns padded to a vector. */
NK_INLINE void nk_tile_turn(float *to, const float *from, int64_t width, int64_t n, int64_t d) {
  for (int64_t i = 0; i < n; i += NK_W)
    NK_FN(nk_turn)(to + i, NK_TILE, from + i * width, width, nk_min(NK_W, n - i), d);
}

/* c (m, n) (+)= alpha · A·b over depth k: A in any layout, b and c plain rows of floats; n is rounded
 * up to whole vectors. */
NK_INLINE void nk_tile_multiply(float *c, int64_t c_stride, int layout, const float *a,
                                int64_t a_stride, const float *b, int64_t b_stride, int64_t m,
                                int64_t n, int64_t k, float alpha, int add) {
  int64_t panels = (m + NK_MR - 1) / NK_MR;
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t i = m * panel / panels, height = m * (panel + 1) / panels - i;
    const float *rows = layout == NK_A_COLUMNS ? a + i : a + i * a_stride;
    for (int64_t j = 0; j < n; j += NK_NR) {
      int width = n - j > NK_W ? NK_NV : 1;
      NK_FN(nk_micro_for)(layout, (int)height, width)(k, rows, a_stride, b + j, b_stride,
                                                      c + i * c_stride + j, c_stride, alpha, add);
    }
  }
}

/* Fills s[valid…width) with what exp makes 0. */
NK_INLINE void nk_mask(float *s, int64_t valid, int64_t width) {
  for (int64_t j = valid; j < width; j++) s[j] = -INFINITY;
}

#endif
