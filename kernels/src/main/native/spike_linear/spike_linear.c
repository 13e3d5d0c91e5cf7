/*
 * A linear layer on spikes that lie as bits: a silent neuron costs nothing, a spike one addition of a row
 * of the transposed weight.
 *
 *   y[r,m] = bias[m] + Σ_{n: bit n of row r} weight[m,n]         r counts the rows (T·B)
 *   grad_weight[m,n] = Σ_{r: bit n of row r} grad_y[r,m]         grad_bias[m] = Σ_r grad_y[r,m]
 *
 * The gradient of the bits is a dense product and is left to the products' library. bits (R, ⌈N/32⌉)
 * words, lowest bit first; words that are 0 are skipped whole. A thread takes NK_PART columns m at a time
 * and has a panel (N, NK_PART) of the weight transposed to fp32, or of its gradient: what it works on lies
 * together and stays in its cache, while rows a power of two apart would fall into a few sets of it. Sums
 * are fp32 in the order of n, and of r; columns are independent: the same bits for any number of threads.
 */
#include "../gemm/gemm.h"
#include "nk_view.h"

#include <omp.h>

/* Columns of y that are summed in registers at a time. */
#define NK_PART (8 * NK_W)

/* Columns of a weight that is not fp32 which are widened at a time. */
#define NK_WIDENED 256

/* A row's word, without what lies behind the last column. */
NK_INLINE uint32_t nk_spike_word(const uint32_t *words, int64_t w, int64_t columns) {
  return w == columns / 32 ? words[w] & ((1u << (columns % 32)) - 1u) : words[w];
}

/* first (R + 1): where each row's list begins and the last one ends; returns how many spikes there are. */
NK_EXPORT int64_t NK_FN(nk_spike_linear_count)(int64_t *first, const uint32_t *bits, int64_t rows,
                                               int64_t columns) {
  int64_t words = (columns + 31) / 32, total = 0;
  for (int64_t row = 0; row < rows; row++) {
    first[row] = total;
    for (int64_t w = 0; w < words; w++)
      total += __builtin_popcount(nk_spike_word(bits + row * words, w, columns));
  }
  first[rows] = total;
  return total;
}

/* The spiking neurons of all rows, in order, one row's after the other's: active (first[R]). */
NK_EXPORT void NK_FN(nk_spike_linear_list)(int32_t *active, const int64_t *first,
                                           const uint32_t *bits, int64_t rows, int64_t columns,
                                           int threads) {
  int64_t words = (columns + 31) / 32;
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * words > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    int32_t *to = active + first[row];
    for (int64_t w = 0; w < words; w++) {
      uint32_t word = nk_spike_word(bits + row * words, w, columns);
      while (word != 0) {
        *to++ = (int32_t)(w * 32 + __builtin_ctz(word));
        word &= word - 1;
      }
    }
  }
}

/* Floats of scratch that each thread needs. */
NK_EXPORT int64_t NK_FN(nk_spike_linear_panel)(int64_t columns) { return columns * NK_PART; }

/* panel[n, m − part] = weight[m, n] for NK_PART columns of y from `part` on, zeros behind M. */
static void nk_spike_panel(float *panel, const void *weight, int type, int64_t part,
                           int64_t outputs, int64_t columns) {
  float wide[NK_W * NK_WIDENED];
  for (int64_t m = 0; m < NK_PART; m += NK_W) {
    int64_t rows = nk_max(0, nk_min(NK_W, outputs - part - m));
    if (type == NK_FP32 && rows > 0) {
      const float *from = (const float *)weight + (part + m) * columns;
      NK_FN(nk_turn)(panel + m, NK_PART, from, columns, rows, columns);
      continue;
    }
    for (int64_t from = 0; from < columns; from += NK_WIDENED) {
      int64_t n = nk_min(NK_WIDENED, columns - from);
      for (int64_t i = 0; i < rows; i++)
        nk_load(wide + i * NK_WIDENED, weight, type, (part + m + i) * columns + from, n);
      NK_FN(nk_turn)(panel + from * NK_PART + m, NK_PART, wide, NK_WIDENED, rows, n);
    }
  }
}

/* The same back again: rows of grad_weight (M, N) from the panel. */
static void nk_spike_unpanel(float *grad_weight, const float *panel, int64_t part, int64_t outputs,
                             int64_t columns) {
  int64_t n = nk_min(NK_PART, outputs - part), whole = columns / NK_W * NK_W;
  float *to = grad_weight + part * columns;
  for (int64_t c = 0; c < whole; c += NK_W)
    NK_FN(nk_turn)(to + c, columns, panel + c * NK_PART, NK_PART, NK_W, n);
  for (int64_t i = 0; i < n; i++)
    for (int64_t c = whole; c < columns; c++) to[i * columns + c] = panel[c * NK_PART + i];
}

/* Columns part … part + NK_PART of a row of y. */
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

/* y (R, M); panels has a panel for each thread. Which parts a thread takes changes no sum. */
NK_EXPORT void NK_FN(nk_spike_linear_forward)(void *y, float *panels, const void *weight,
                                              const void *bias, const int32_t *active,
                                              const int64_t *first, int64_t rows, int64_t columns,
                                              int64_t outputs, int type, int weight_type,
                                              int bias_type, int threads) {
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (rows * outputs > NK_SERIAL_WORK / 8)
  for (int64_t part = 0; part < outputs; part += NK_PART) {
    int64_t n = nk_min(NK_PART, outputs - part);
    float *panel = panels + omp_get_thread_num() * columns * NK_PART;
    float add[NK_PART] = {0.0f}, out[NK_PART];
    if (bias != NULL) nk_load(add, bias, bias_type, part, n);
    nk_spike_panel(panel, weight, weight_type, part, outputs, columns);
    for (int64_t row = 0; row < rows; row++) {
      nk_spike_sum(out, panel, add, active + first[row], first[row + 1] - first[row]);
      nk_store(y, type, row * outputs + part, out, n);
    }
  }
}

/* grad_weight (M, N) and grad_bias (M) are written where not null; panels has a panel for each thread. */
NK_EXPORT void NK_FN(nk_spike_linear_backward)(float *grad_weight, float *grad_bias, float *panels,
                                               const void *grad_y, const int32_t *active,
                                               const int64_t *first, int64_t rows, int64_t columns,
                                               int64_t outputs, int type, int threads) {
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (rows * outputs > NK_SERIAL_WORK / 8)
  for (int64_t part = 0; part < outputs; part += NK_PART) {
    int64_t n = nk_min(NK_PART, outputs - part);
    double total[NK_PART] = {0.0};
    float *panel = NULL;
    if (grad_weight != NULL) {
      panel = panels + omp_get_thread_num() * columns * NK_PART;
      memset(panel, 0, (size_t)(columns * NK_PART) * sizeof(float));
    }
    for (int64_t row = 0; row < rows; row++) {
      float g[NK_PART] = {0.0f};
      nk_load(g, grad_y, type, row * outputs + part, n);
      for (int64_t i = 0; i < n; i++) total[i] += (double)g[i];
      if (grad_weight == NULL) continue;
      for (int64_t i = first[row]; i < first[row + 1]; i++) {
        float *to = panel + (int64_t)active[i] * NK_PART;
#pragma GCC unroll 8
        for (int v = 0; v < 8; v++)
          nk_v_store(to + v * NK_W, nk_v_add(nk_v_load(to + v * NK_W), nk_v_load(g + v * NK_W)));
      }
    }
    for (int64_t i = 0; i < n && grad_bias != NULL; i++) grad_bias[part + i] = (float)total[i];
    if (grad_weight != NULL) nk_spike_unpanel(grad_weight, panel, part, outputs, columns);
  }
}
