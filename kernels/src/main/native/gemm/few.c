/*
 * One to four rows (a token being generated) against weights stored (n, k): each weight is read once
 * and in order, and nothing is packed. Four stored rows at a time keep several streams in flight.
 */
#include "gemm.h"

#define NK_STREAMS 4

/* Sums of `rows` rows of x (k apart) against `streams` stored rows of b from row j on. */
NK_INLINE void nk_dots(const int rows, const int streams, const int dtype, float *sums,
                       const float *x, const nk_matrix *b, int64_t j, int64_t k) {
  nk_v acc[4][NK_STREAMS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 4
    for (int s = 0; s < streams; s++) acc[r][s] = nk_v_zero();
  int64_t at = 0, start = j * b->stride;
  for (; at + NK_W <= k; at += NK_W) {
    nk_v w[NK_STREAMS];
#pragma GCC unroll 4
    for (int s = 0; s < streams; s++) {
      int64_t index = start + s * b->stride + at;
      w[s] = nk_v_load_any(b->data, dtype, index);
      /* The next group's rows: hardware prefetchers stop at the end of these. */
      __builtin_prefetch(nk_at(b->data, dtype, index + NK_STREAMS * b->stride));
    }
#pragma GCC unroll 4
    for (int r = 0; r < rows; r++) {
      nk_v value = nk_v_load(x + r * k + at);
#pragma GCC unroll 4
      for (int s = 0; s < streams; s++) acc[r][s] = nk_v_fma(value, w[s], acc[r][s]);
    }
  }
  for (int r = 0; r < rows; r++)
    for (int s = 0; s < streams; s++) {
      float sum = nk_v_sum(acc[r][s]);
      for (int64_t t = at; t < k; t++)
        sum = nk_fma(x[r * k + t], nk_load1(b->data, dtype, start + s * b->stride + t), sum);
      sums[r * NK_STREAMS + s] = sum;
    }
}

NK_INLINE void nk_dots_typed(const int dtype, int64_t rows, int64_t streams, float *sums,
                             const float *x, const nk_matrix *b, int64_t j, int64_t k) {
  if (streams < NK_STREAMS) {
    for (int64_t r = 0; r < rows; r++)
      for (int64_t s = 0; s < streams; s++)
        nk_dots(1, 1, dtype, sums + r * NK_STREAMS + s, x + r * k, b, j + s, k);
  } else if (rows == 1) {
    nk_dots(1, NK_STREAMS, dtype, sums, x, b, j, k);
  } else if (rows == 2) {
    nk_dots(2, NK_STREAMS, dtype, sums, x, b, j, k);
  } else if (rows == 3) {
    nk_dots(3, NK_STREAMS, dtype, sums, x, b, j, k);
  } else {
    nk_dots(4, NK_STREAMS, dtype, sums, x, b, j, k);
  }
}

void NK_FN(nk_few_rows)(void *c, int c_type, int64_t c_stride, const nk_matrix *a,
                        const nk_matrix *b, int64_t m, int64_t n, int64_t k, float alpha,
                        float beta, float *scratch, int threads) {
  for (int64_t i = 0; i < m; i++) {
    if (a->transposed) {
      for (int64_t t = 0; t < k; t++)
        scratch[i * k + t] = nk_load1(a->data, a->dtype, t * a->stride + i);
    } else {
      a->read(scratch + i * k, a, i, 0, k);
    }
  }
  int64_t groups = (n + NK_STREAMS - 1) / NK_STREAMS;
#pragma omp parallel for schedule(static) num_threads(threads) if (m * n * k > NK_SERIAL_WORK * 4)
  for (int64_t group = 0; group < groups; group++) {
    int64_t j = group * NK_STREAMS, streams = nk_min(NK_STREAMS, n - j);
    float sums[4 * NK_STREAMS];
    if (b->dtype == NK_FP32) {
      nk_dots_typed(NK_FP32, m, streams, sums, scratch, b, j, k);
    } else if (b->dtype == NK_BF16) {
      nk_dots_typed(NK_BF16, m, streams, sums, scratch, b, j, k);
    } else {
      nk_dots_typed(NK_FP16, m, streams, sums, scratch, b, j, k);
    }
    for (int64_t i = 0; i < m; i++)
      for (int64_t s = 0; s < streams; s++) {
        int64_t at = i * c_stride + j + s;
        nk_store1(c, c_type, at,
                  nk_blend(alpha * sums[i * NK_STREAMS + s], beta, c, c_type, at));
      }
  }
}
