/*
 * Root-mean-square norm over rows of C elements (Zhang and Sennrich 2019, arXiv 1910.07467).
 *
 *   rstd = 1/√(mean(x²) + eps)      y = x·rstd·(offset + weight)
 *   g = grad_y·(offset + weight)    n = x·rstd
 *   grad_x = rstd·(g − n·(Σ g·n + grad_rstd·rstd)/C)      grad_weight = Σ_rows grad_y·n
 *
 * x (rows, C), weight (C), y (rows, C), rstd (rows). Backward needs x, weight and rstd. Squares are
 * summed in double: fp32 squares would overflow from 1.8e19 on. Rounding: offset 0 rounds n to the
 * storage type before the weight (Llama), offset 1 rounds once at the end (Gemma).
 */
#include "nk_view.h"
#include "rms_norm_math.h"

NK_INLINE double nk_rms_norm_squares(const void *x, int type, int64_t index, int64_t columns) {
  double sum = 0.0;
  for (int64_t from = 0; from < columns; from += NK_RUN) {
    int64_t n = nk_min(NK_RUN, columns - from);
    float buffer[NK_RUN];
    const float *v = nk_fetch(buffer, x, type, index + from, n);
    sum += nk_dot(v, v, n);
  }
  return sum;
}

/* n = x·rstd as the storage type keeps it. */
NK_INLINE void nk_rms_norm_stored(float *restrict to, const float *restrict x, float rstd, int type,
                                  int64_t n) {
  if (type == NK_BF16) {
#pragma omp simd
    for (int64_t i = 0; i < n; i++) to[i] = nk_round_bf16(x[i] * rstd);
    return;
  }
#pragma omp simd
  for (int64_t i = 0; i < n; i++) to[i] = x[i] * rstd;
  if (type == NK_FP16) {
    uint16_t half[NK_RUN];
    nk_store(half, NK_FP16, 0, to, n);
    nk_load(to, half, NK_FP16, 0, n);
  }
}

NK_EXPORT void NK_FN(nk_rms_norm_forward)(void *y, float *rstd, const void *x, const void *weight,
                                          int64_t rows, int64_t columns, int64_t y_stride,
                                          int64_t x_stride, int type, int weight_type, float eps,
                                          int offset, int threads) {
  int stream = rows * columns * nk_bytes(type) >= NK_STREAM_BYTES;
#pragma omp parallel num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  {
#pragma omp for schedule(static) nowait
    for (int64_t row = 0; row < rows; row++) {
      float r = nk_rms_norm_rstd(nk_rms_norm_squares(x, type, row * x_stride, columns),
                                 (double)columns, eps);
      rstd[row] = r;
      for (int64_t from = 0; from < columns; from += NK_RUN) {
        int64_t n = nk_min(NK_RUN, columns - from);
        float x_buffer[NK_RUN], w_buffer[NK_RUN], y_buffer[NK_RUN];
        const float *v = nk_view(x_buffer, x, type, row * x_stride + from, n);
        const float *w = nk_view(w_buffer, weight, weight_type, from, n);
        float *to = stream ? y_buffer : nk_target(y_buffer, y, type, row * y_stride + from);
        float o = (float)offset;
        if (type == NK_FP16 && offset == 0) {
          nk_rms_norm_stored(y_buffer, v, r, type, n);
#pragma omp simd
          for (int64_t i = 0; i < n; i++) y_buffer[i] = nk_rms_norm_y(y_buffer[i], w[i], o);
        } else if (type == NK_BF16 && offset == 0) {
#pragma omp simd
          for (int64_t i = 0; i < n; i++)
            y_buffer[i] = nk_rms_norm_y(nk_round_bf16(v[i] * r), w[i], o);
        } else {
#pragma omp simd
          for (int64_t i = 0; i < n; i++) to[i] = nk_rms_norm_y(v[i] * r, w[i], o);
        }
        if (to == y_buffer) nk_put(y, type, row * y_stride + from, y_buffer, n, stream);
      }
    }
    nk_stream_end(stream);
  }
}

/* The gradient of one row's x, and its part of the weight's where `sums` is there. */
NK_INLINE void nk_rms_norm_row(void *grad_x, float *sums, const void *grad_y, const void *x,
                               const void *weight, int64_t columns, int64_t gx, int64_t gy,
                               int64_t at_x, int type, int weight_type, float r, float grad_rstd,
                               float o, int rounds, int accumulate, int stream) {
  float x_buffer[NK_RUN], w_buffer[NK_RUN], g_buffer[NK_RUN], y_buffer[NK_RUN];
  double dot = 0.0;
  for (int64_t from = 0; grad_x != NULL && from < columns; from += NK_RUN) {
    int64_t n = nk_min(NK_RUN, columns - from);
    const float *v = nk_fetch(x_buffer, x, type, at_x + from, n);
    const float *w = nk_view(w_buffer, weight, weight_type, from, n);
    const float *g = nk_fetch(g_buffer, grad_y, type, gy + from, n);
#pragma omp simd reduction(+ : dot)
    for (int64_t i = 0; i < n; i++) dot += (double)(nk_rms_norm_g(g[i], w[i], o) * (v[i] * r));
  }
  float pull = (float)((dot + (double)grad_rstd * (double)r) / (double)columns);
  for (int64_t from = 0; from < columns; from += NK_RUN) {
    int64_t n = nk_min(NK_RUN, columns - from);
    const float *v = nk_view(x_buffer, x, type, at_x + from, n);
    const float *g = nk_view(g_buffer, grad_y, type, gy + from, n);
    if (sums != NULL) {
      float *sum = sums + from;
      nk_rms_norm_stored(y_buffer, v, r, rounds ? type : NK_FP32, n);
#pragma omp simd
      for (int64_t i = 0; i < n; i++) sum[i] = nk_fma(g[i], y_buffer[i], sum[i]);
    }
    if (grad_x != NULL) {
      const float *w = nk_view(w_buffer, weight, weight_type, from, n);
#pragma omp simd
      for (int64_t i = 0; i < n; i++)
        y_buffer[i] = nk_rms_norm_grad_x(nk_rms_norm_g(g[i], w[i], o), v[i] * r, pull, r);
      if (accumulate) {
        const float *old = nk_view(w_buffer, grad_x, type, gx + from, n);
#pragma omp simd
        for (int64_t i = 0; i < n; i++) y_buffer[i] += old[i];
      }
      nk_put(grad_x, type, gx + from, y_buffer, n, stream);
    }
  }
}

/*
 * Rows are taken in `chunks` parts of `chunk_rows` (the last one shorter), each with its row of
 * `partials` (chunks, C): the weight's gradient is the parts' sum in order, for any thread count.
 * partials is null where grad_weight is.
 */
NK_EXPORT void NK_FN(nk_rms_norm_backward)(void *grad_x, float *grad_weight, float *partials,
                                           const void *grad_y, const float *grad_rstd, const void *x,
                                           const void *weight, const float *rstd, int64_t rows,
                                           int64_t columns, int64_t chunk_rows, int64_t grad_x_stride,
                                           int64_t grad_y_stride, int64_t x_stride, int type,
                                           int weight_type, int offset, int accumulate,
                                           int threads) {
  int stream = !accumulate && rows * columns * nk_bytes(type) >= NK_STREAM_BYTES;
  int64_t chunks = rows == 0 ? 0 : (rows + chunk_rows - 1) / chunk_rows;
#pragma omp parallel num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  {
#pragma omp for schedule(static)
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      float *sums = partials == NULL ? NULL : partials + chunk * columns;
      if (sums != NULL) memset(sums, 0, (size_t)columns * 4);
      int64_t end = nk_min(rows, (chunk + 1) * chunk_rows);
      for (int64_t row = chunk * chunk_rows; row < end; row++)
        nk_rms_norm_row(grad_x, sums, grad_y, x, weight, columns, row * grad_x_stride,
                        row * grad_y_stride, row * x_stride, type, weight_type, rstd[row],
                        grad_rstd == NULL ? 0.0f : grad_rstd[row], (float)offset, offset == 0,
                        accumulate, stream);
      nk_stream_end(stream);
    }
    if (grad_weight != NULL) {
#pragma omp for schedule(static)
      for (int64_t from = 0; from < columns; from += NK_RUN) {
        int64_t n = nk_min(NK_RUN, columns - from);
        double total[NK_RUN] = {0.0};
        for (int64_t chunk = 0; chunk < chunks; chunk++) {
          const float *part = partials + chunk * columns + from;
#pragma omp simd
          for (int64_t i = 0; i < n; i++) total[i] += (double)part[i];
        }
        for (int64_t i = 0; i < n; i++) grad_weight[from + i] = (float)total[i];
      }
    }
  }
}
