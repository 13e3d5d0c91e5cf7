/*
 * A linear layer on spikes that lie as bits: a silent neuron costs nothing, a spike one addition of a row
 * of the transposed weight.
 *
 *   y[r,m] = bias[m] + Σ_{n: bit n of row r} weight[m,n]         r counts the rows (T·B)
 *   grad_weight[m,n] = Σ_{r: bit n of row r} grad_y[r,m]         grad_bias[m] = Σ_r grad_y[r,m]
 *
 * The gradient of the bits is a dense product and is left to the products' library. bits (R, ⌈N/32⌉)
 * words, lowest bit first; words that are 0 are skipped whole. turned (M'/NK_PART, N, NK_PART) is the
 * weight transposed to fp32, M' = M rounded up to NK_PART: what a thread works on at a time lies
 * together, since rows a power of two apart would fall into a few sets of the caches. Sums are fp32 in
 * the order of n, and of r. Each thread owns columns m, so the bits of a result do not depend on the
 * number of threads.
 */
#include "nk_simd.h"
#include "nk_view.h"

/* Columns of y that are summed in registers at a time. */
#define NK_PART (8 * NK_W)

/* The spiking neurons of one row, in order; how many. */
NK_INLINE int64_t nk_active(int32_t *to, const uint32_t *words, int64_t columns) {
  int64_t count = 0;
  for (int64_t w = 0; w < (columns + 31) / 32; w++) {
    uint32_t word = words[w];
    if (w == columns / 32) word &= (1u << (columns % 32)) - 1u;
    while (word != 0) {
      to[count++] = (int32_t)(w * 32 + __builtin_ctz(word));
      word &= word - 1;
    }
  }
  return count;
}

/* Floats between rows of the transposed weight. */
NK_EXPORT int64_t NK_FN(nk_spike_linear_stride)(int64_t outputs) {
  return (outputs + NK_PART - 1) / NK_PART * NK_PART;
}

/* turned[m/NK_PART, n, m%NK_PART] = weight[m, n], zeros behind M. */
NK_EXPORT void NK_FN(nk_spike_linear_turn)(float *turned, const void *weight, int64_t outputs,
                                           int64_t columns, int64_t stride, int type, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (outputs * columns > NK_SERIAL_WORK)
  for (int64_t part = 0; part < stride; part += NK_PART) {
    for (int64_t from = 0; from < columns; from += 64) {
      int64_t n = nk_min(64, columns - from);
      for (int64_t m = part; m < part + NK_PART; m++) {
        float row[64] = {0.0f};
        if (m < outputs) nk_load(row, weight, type, m * columns + from, n);
        for (int64_t i = 0; i < n; i++)
          turned[part * columns + (from + i) * NK_PART + m - part] = row[i];
      }
    }
  }
}

/* The lists of spiking neurons: active (R, N) and how many of each row, counts (R). */
NK_EXPORT void NK_FN(nk_spike_linear_list)(int32_t *active, int32_t *counts, const void *bits,
                                           int64_t rows, int64_t columns, int threads) {
  int64_t words = (columns + 31) / 32;
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * words > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++)
    counts[row] = (int32_t)nk_active(active + row * columns, (const uint32_t *)bits + row * words,
                                     columns);
}

/* Rows r of y in columns part … part + NK_PART. */
NK_INLINE void nk_spike_sum(float *out, const float *panel, const float *bias,
                            const int32_t *active, int64_t count) {
  nk_v sum[8];
#pragma GCC unroll 8
  for (int v = 0; v < 8; v++) sum[v] = nk_v_load(bias + v * NK_W);
  for (int64_t i = 0; i < count; i++) {
    const float *row = panel + (int64_t)active[i] * NK_PART;
#pragma GCC unroll 8
    for (int v = 0; v < 8; v++) sum[v] = nk_v_add(sum[v], nk_v_load(row + v * NK_W));
  }
#pragma GCC unroll 8
  for (int v = 0; v < 8; v++) nk_v_store(out + v * NK_W, sum[v]);
}

NK_EXPORT void NK_FN(nk_spike_linear_forward)(void *y, const float *turned, const void *bias,
                                              const int32_t *active, const int32_t *counts,
                                              int64_t rows, int64_t columns, int64_t outputs,
                                              int64_t stride, int type, int bias_type,
                                              int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * outputs > NK_SERIAL_WORK / 8)
  for (int64_t part = 0; part < stride; part += NK_PART) {
    int64_t n = nk_min(NK_PART, outputs - part);
    float add[NK_PART] = {0.0f}, out[NK_PART];
    if (bias != NULL) nk_load(add, bias, bias_type, part, n);
    for (int64_t row = 0; row < rows; row++) {
      nk_spike_sum(out, turned + part * columns, add, active + row * columns, counts[row]);
      nk_store(y, type, row * outputs + part, out, n);
    }
  }
}

/* grad_weight (M, N) and grad_bias (M) are written where not null; turned (N·stride) is scratch. */
NK_EXPORT void NK_FN(nk_spike_linear_backward)(float *grad_weight, float *grad_bias, float *turned,
                                               const void *grad_y, const int32_t *active,
                                               const int32_t *counts, int64_t rows,
                                               int64_t columns, int64_t outputs, int64_t stride,
                                               int type, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * outputs > NK_SERIAL_WORK / 8)
  for (int64_t part = 0; part < stride; part += NK_PART) {
    int64_t n = nk_min(NK_PART, outputs - part);
    double total[NK_PART] = {0.0};
    float *panel = turned + part * columns;
    if (grad_weight != NULL) memset(panel, 0, (size_t)(columns * NK_PART) * sizeof(float));
    for (int64_t row = 0; row < rows; row++) {
      float g[NK_PART] = {0.0f};
      nk_load(g, grad_y, type, row * outputs + part, n);
      for (int64_t i = 0; i < n; i++) total[i] += (double)g[i];
      if (grad_weight == NULL) continue;
      for (int64_t i = 0; i < counts[row]; i++) {
        float *to = panel + (int64_t)active[row * columns + i] * NK_PART;
#pragma GCC unroll 8
        for (int v = 0; v < 8; v++)
          nk_v_store(to + v * NK_W, nk_v_add(nk_v_load(to + v * NK_W), nk_v_load(g + v * NK_W)));
      }
    }
    for (int64_t i = 0; i < n && grad_bias != NULL; i++) grad_bias[part + i] = (float)total[i];
    for (int64_t i = 0; i < n && grad_weight != NULL; i++)
      for (int64_t c = 0; c < columns; c++)
        grad_weight[(part + i) * columns + c] = panel[c * NK_PART + i];
  }
}
