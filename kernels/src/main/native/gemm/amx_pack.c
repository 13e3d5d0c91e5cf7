/* Operands of the tile unit: fp32 numbers cut into bf16 parts, in the order that tiles want. */
#include "amx.h"

#if defined(__AMX_BF16__)

/*
 * The parts of two vectors, x of the pairs' first numbers and y of their second: each lane of
 * to[part·step] holds one pair. Cutting, not rounding: then no part overflows, and three hold
 * every bit.
 */
NK_INLINE void nk_cut(uint32_t *to, int64_t step, __m512 x, __m512 y, const int parts) {
  const __m512i high = _mm512_set1_epi32((int)0xffff0000u);
  __mmask16 x_finite = _knot_mask16(_mm512_fpclass_ps_mask(x, 0x99));
  __mmask16 y_finite = _knot_mask16(_mm512_fpclass_ps_mask(y, 0x99));
#pragma GCC unroll 3
  for (int part = 0; part < parts; part++) {
    __m512i a = _mm512_castps_si512(x), b = _mm512_castps_si512(y);
    if (part == 0) { /* A NaN whose payload is cut off would become an infinity. */
      __m512i quiet = _mm512_set1_epi32(0x400000);
      a = _mm512_mask_or_epi32(a, _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q), a, quiet);
      b = _mm512_mask_or_epi32(b, _mm512_cmp_ps_mask(y, y, _CMP_UNORD_Q), b, quiet);
    }
    /* (b & high) | (a >> 16) */
    __m512i pair = _mm512_ternarylogic_epi32(b, high, _mm512_srli_epi32(a, 16), 0xea);
    _mm512_storeu_si512(to + part * step, pair);
    if (part + 1 < parts) {
      x = _mm512_maskz_sub_ps(x_finite, x, _mm512_castsi512_ps(_mm512_and_si512(a, high)));
      y = _mm512_maskz_sub_ps(y_finite, y, _mm512_castsi512_ps(_mm512_and_si512(b, high)));
    }
  }
}

/* Lanes from `from` on of a vector that has `n` left in all. */
NK_INLINE __mmask16 nk_lanes(int64_t n, int64_t from) {
  int64_t left = n - from;
  return left >= 16 ? 0xffff : left <= 0 ? 0 : (__mmask16)((1u << left) - 1);
}

/* One row of A, as fp32, into row `row` of its tiles. */
NK_INLINE void nk_cut_row(uint32_t *to, const float *from, int64_t row, int64_t k, float alpha,
                          const int parts) {
  const int64_t tile = NK_TILE_BYTES / 4;
  const __m512 factor = _mm512_set1_ps(alpha);
  uint32_t *at = to + row / 16 * tile + row % 16 * 16;
  int64_t done = 0;
  for (; done + 32 <= k; done += 32, at += parts * 2 * tile) {
    __m512 x = _mm512_loadu_ps(from + done), y = _mm512_loadu_ps(from + done + 16);
    if (alpha != 1.0f) {
      x = _mm512_mul_ps(x, factor);
      y = _mm512_mul_ps(y, factor);
    }
    nk_cut(at, 2 * tile, x, y, parts);
  }
  if (done < k) {
    __m512 x = _mm512_maskz_loadu_ps(nk_lanes(k, done), from + done);
    __m512 y = _mm512_maskz_loadu_ps(nk_lanes(k, done + 16), from + done + 16);
    nk_cut(at, 2 * tile, _mm512_mul_ps(x, factor), _mm512_mul_ps(y, factor), parts);
  }
}

NK_INLINE void nk_cut_rows(uint32_t *to, const float *from, int64_t stride, int64_t rows, int64_t k,
                           float alpha, const int parts) {
  for (int64_t row = 0; row < rows; row++)
    nk_cut_row(to, from + row * stride, row, k, alpha, parts);
}

/* Zeros for the rows that a panel lacks: what an earlier panel left must not be multiplied. */
static void nk_no_rows(uint32_t *to, int64_t rows, int64_t k, int parts) {
  const int64_t tile = NK_TILE_BYTES / 4;
  for (int64_t block = 0; block < (k + 31) / 32 * parts; block++)
    for (int64_t row = rows; row < NK_AMX_EDGE; row++)
      memset(to + (block * 2 + row / 16) * tile + row % 16 * 16, 0, 64);
}

void NK_FN(nk_amx_pack_a)(uint32_t *to, const nk_matrix *a, int64_t i0, int64_t m, int64_t k0,
                          int64_t k, float alpha, float *stage) {
  const int parts = alpha == 1.0f ? nk_amx_parts(a->dtype) : 3;
  const float *from = stage;
  int64_t stride = NK_AMX_STAGE_STRIDE;
  if (a->transposed) {
    float rows[16 * NK_AMX_EDGE];
    for (int64_t at = 0; at < k; at += 16) {
      int64_t n = nk_min(16, k - at);
      for (int64_t i = 0; i < n; i++) a->read(rows + i * NK_AMX_EDGE, a, k0 + at + i, i0, m);
      NK_FN(nk_turn)(stage + at, stride, rows, NK_AMX_EDGE, n, m);
    }
  } else if (a->dtype == NK_FP32) {
    from = (const float *)a->data + i0 * a->stride + k0;
    stride = a->stride;
  } else {
    for (int64_t i = 0; i < m; i++) a->read(stage + i * stride, a, i0 + i, k0, k);
  }
  if (m < NK_AMX_EDGE) nk_no_rows(to, m, k, parts);
  if (parts == 1)
    nk_cut_rows(to, from, stride, m, k, alpha, 1);
  else if (parts == 2)
    nk_cut_rows(to, from, stride, m, k, alpha, 2);
  else
    nk_cut_rows(to, from, stride, m, k, alpha, 3);
}

/* 16 columns of B that are stored as rows: cut along K, then turned. `rows` of them are there. */
NK_INLINE void nk_cut_turned(uint32_t *to, const float *from, int64_t stride, int64_t rows,
                             int64_t k, const int parts) {
  const int64_t tile = NK_TILE_BYTES / 4;
  uint32_t cut[3 * 256] __attribute__((aligned(64)));
  for (int64_t done = 0; done < k; done += 32, to += parts * 2 * tile) {
    __mmask16 first = nk_lanes(k, done), second = nk_lanes(k, done + 16);
    for (int64_t i = 0; i < rows; i++) {
      const float *row = from + i * stride + done;
      nk_cut(cut + i * 16, 256, _mm512_maskz_loadu_ps(first, row),
             _mm512_maskz_loadu_ps(second, row + 16), parts);
    }
    if (rows < 16)
      for (int part = 0; part < parts; part++)
        memset(cut + part * 256 + rows * 16, 0, (size_t)(16 - rows) * 64);
#pragma GCC unroll 3
    for (int part = 0; part < parts; part++) {
      nk_v block[16];
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++) block[i] = nk_v_load((float *)(cut + part * 256 + i * 16));
      nk_v_transpose(block);
#pragma GCC unroll 16
      for (int i = 0; i < 16; i++)
        nk_v_store((float *)(to + part * 2 * tile + i * 16), block[i]);
    }
  }
}

/* 32 columns of B as it is stored, from fp32 rows `stride` apart; `columns` of them are there. */
NK_INLINE void nk_cut_plain(uint32_t *to, const float *from, int64_t stride, int64_t k,
                            int64_t columns, const int parts) {
  const int64_t tile = NK_TILE_BYTES / 4;
  __mmask16 mask[2] = {nk_lanes(columns, 0), nk_lanes(columns, 16)};
  for (int64_t done = 0; done < k; done += 32, to += parts * 2 * tile)
    for (int64_t i = 0; i < 16; i++)
#pragma GCC unroll 2
      for (int half = 0; half < 2; half++) {
        const float *row = from + (done + i) * stride + half * 16;
        __m512 x = _mm512_maskz_loadu_ps(done + i < k ? mask[half] : 0, row);
        __m512 y = _mm512_maskz_loadu_ps(done + i + 16 < k ? mask[half] : 0, row + 16 * stride);
        nk_cut(to + half * tile + i * 16, 2 * tile, x, y, parts);
      }
}

/* One strip of 32 columns. */
NK_INLINE void nk_strip(uint32_t *to, const nk_matrix *b, int64_t k0, int64_t k, int64_t j0,
                        int64_t n, float *stage, const int parts) {
  if (b->transposed) {
    for (int64_t half = 0; half < 2; half++) {
      int64_t rows = nk_max(0, nk_min(16, n - half * 16)), first = j0 + half * 16;
      const float *from = (const float *)b->data + first * b->stride + k0;
      int64_t stride = b->stride;
      if (b->dtype != NK_FP32) {
        from = stage;
        stride = NK_AMX_STAGE_STRIDE;
        for (int64_t i = 0; i < rows; i++) b->read(stage + i * stride, b, first + i, k0, k);
      }
      nk_cut_turned(to + half * (NK_TILE_BYTES / 4), from, stride, rows, k, parts);
    }
  } else if (b->dtype == NK_FP32) {
    nk_cut_plain(to, (const float *)b->data + k0 * b->stride + j0, b->stride, k, n, parts);
  } else {
    for (int64_t at = 0; at < k; at += NK_AMX_STAGE_ROWS) {
      int64_t rows = nk_min(NK_AMX_STAGE_ROWS, k - at);
      for (int64_t i = 0; i < rows; i++) b->read(stage + i * NK_AMX_EDGE, b, k0 + at + i, j0, n);
      nk_cut_plain(to + at / 32 * parts * 2 * (NK_TILE_BYTES / 4), stage, NK_AMX_EDGE, rows, n,
                   parts);
    }
  }
}

void NK_FN(nk_amx_pack_b)(uint32_t *to, const nk_matrix *b, int64_t k0, int64_t k, int64_t j0,
                          int64_t n, float *stage) {
  const int parts = nk_amx_parts(b->dtype);
  int64_t words = (k + 31) / 32 * parts * 2 * (NK_TILE_BYTES / 4);
  for (int64_t j = 0; j < n; j += NK_AMX_EDGE, to += words) {
    int64_t columns = nk_min(NK_AMX_EDGE, n - j);
    if (parts == 1)
      nk_strip(to, b, k0, k, j0 + j, columns, stage, 1);
    else if (parts == 2)
      nk_strip(to, b, k0, k, j0 + j, columns, stage, 2);
    else
      nk_strip(to, b, k0, k, j0 + j, columns, stage, 3);
  }
}

#endif
