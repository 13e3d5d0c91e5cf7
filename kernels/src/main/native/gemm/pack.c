/* Packing: the one place that knows how A and B are stored. */
#include "gemm.h"

void NK_FN(nk_turn)(float *to, int64_t step, const float *from, int64_t stride, int64_t rows,
                    int64_t k) {
  int64_t done = 0;
  if (rows == NK_W) {
    for (; done + NK_W <= k; done += NK_W) {
      nk_v block[NK_W];
#pragma GCC unroll 16
      for (int i = 0; i < NK_W; i++) block[i] = nk_v_load(from + i * stride + done);
      nk_v_transpose(block);
#pragma GCC unroll 16
      for (int i = 0; i < NK_W; i++) nk_v_store(to + (done + i) * step, block[i]);
    }
  }
  for (; done < k; done++) {
    for (int64_t i = 0; i < rows; i++) to[done * step + i] = from[i * stride + done];
    for (int64_t i = rows; i < NK_W; i++) to[done * step + i] = 0.0f;
  }
}

/* B stored transposed: a panel's columns are stored rows. */
static void nk_pack_b_turned(float *to, const nk_matrix *b, int64_t k0, int64_t k, int64_t j0,
                             int64_t n, float *stage) {
  for (int64_t j = 0; j < n; j += NK_NR) {
    int64_t left = nk_min(NK_NR, n - j);
    int64_t step = left > NK_W ? NK_NR : NK_W;
    for (int64_t part = 0; part < left; part += NK_W) {
      int64_t rows = nk_min(NK_W, left - part);
      if (b->dtype == NK_FP32) {
        const float *from = (const float *)b->data + (j0 + j + part) * b->stride + k0;
        NK_FN(nk_turn)(to + part, step, from, b->stride, rows, k);
      } else {
        for (int64_t i = 0; i < rows; i++)
          b->read(stage + i * NK_KC, b, j0 + j + part + i, k0, k);
        NK_FN(nk_turn)(to + part, step, stage, NK_KC, rows, k);
      }
    }
    to += k * step;
  }
}

void NK_FN(nk_pack_b)(float *to, const nk_matrix *b, int64_t k0, int64_t k, int64_t j0, int64_t n,
                      float *stage) {
  if (b->transposed) {
    nk_pack_b_turned(to, b, k0, k, j0, n, stage);
    return;
  }
  for (int64_t row = 0; row < k; row++) {
    const float *from;
    if (b->dtype == NK_FP32) {
      from = (const float *)b->data + (k0 + row) * b->stride + j0;
    } else {
      b->read(stage, b, k0 + row, j0, n);
      from = stage;
    }
    int64_t j = 0;
    for (; j + NK_NR <= n; j += NK_NR) {
      float *panel = to + j * k + row * NK_NR;
#pragma GCC unroll 4
      for (int v = 0; v < NK_NV; v++) nk_v_store(panel + v * NK_W, nk_v_load(from + j + v * NK_W));
    }
    if (j < n) {
      int64_t step = n - j > NK_W ? NK_NR : NK_W;
      float *panel = to + j * k + row * step;
      for (int64_t i = 0; i < step; i++) panel[i] = j + i < n ? from[j + i] : 0.0f;
    }
  }
}

void NK_FN(nk_pack_a)(float *to, const nk_matrix *a, int64_t i0, int64_t m, int64_t k0, int64_t k) {
  if (a->transposed) {
    for (int64_t row = 0; row < k; row++) a->read(to + row * NK_MR, a, k0 + row, i0, m);
  } else {
    for (int64_t i = 0; i < m; i++) a->read(to + i * NK_KC, a, i0 + i, k0, k);
  }
}
