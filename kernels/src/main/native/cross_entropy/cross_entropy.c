/*
 * The softmax over a vocabulary that comes in chunks of columns, and the moves of rows around the
 * products.
 *
 *   loss = log Σ_v e^(z_v) − z_target
 *   dL/dhidden = weight_row · (Σ_v e^(z_v) s_v W_v / Σ_v e^(z_v) − s_target W_target)
 *
 * with z = softcap·tanh(logits/softcap) where a cap is set and s = 1 − tanh² its slope, else 1. Both
 * sums run over the chunks as they come, below the largest logit so far; a larger one scales down
 * what was summed before (Milakov and Gimelshein 2018, arXiv:1805.02867; for sums of rows Dao et al.
 * 2022, arXiv:2205.14135). So the gradient of hidden costs no second look at the logits, and (N, V)
 * of them never exist. A gradient of W itself needs the finished sums: nk_cross_entropy_gradient
 * turns a chunk that was multiplied again into its gradient.
 *
 * logits (rows, columns) fp32, contiguous, of vocabulary rows first … first + columns. Exponentials
 * are summed in fp32 over short runs and in double over those. A row that holds no number gives
 * none. Hazard: before any finite logit the maximum is −infinity; the shift is 0 then.
 */
#include "nk_view.h"
#include "cross_entropy_math.h"

/* Caps the logits in place where there is a cap; the largest of them and of `largest`. */
NK_INLINE float nk_cross_entropy_max(float *z, int64_t columns, float softcap, float largest) {
  if (softcap != 0.0f) {
#pragma omp simd
    for (int64_t v = 0; v < columns; v++) z[v] = nk_cross_entropy_cap(z[v], softcap);
  }
#pragma omp simd reduction(max : largest)
  for (int64_t v = 0; v < columns; v++) largest = z[v] > largest ? z[v] : largest;
  return largest;
}

/* Σ e^(z − shift); where `keep` is set e^(z − shift)·slope takes each logit's place. */
NK_INLINE double nk_cross_entropy_sum(float *z, int64_t columns, float shift, float softcap,
                                      int keep) {
  double sum = 0.0;
  for (int64_t from = 0; from < columns; from += NK_RUN) {
    int64_t n = nk_min(NK_RUN, columns - from);
    float *run = z + from;
    float part = 0.0f;
    if (!keep) {
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < n; i++) part += nk_exp(run[i] - shift);
    } else if (softcap == 0.0f) {
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < n; i++) {
        run[i] = nk_exp(run[i] - shift);
        part += run[i];
      }
    } else {
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < n; i++) {
        float e = nk_exp(run[i] - shift);
        part += e;
        run[i] = e * nk_cross_entropy_slope(run[i], softcap);
      }
    }
    sum += (double)part;
  }
  return sum;
}

NK_INLINE void nk_cross_entropy_scale(float *row, int64_t n, float factor) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) row[i] *= factor;
}

/*
 * Takes a chunk in: max, sum and wanted (rows; the target's logit) go on from the chunk before, or
 * begin where first is 0. With `keep` the logits become e^(z − max)·slope, ready to be multiplied,
 * and the rows of `wide` (rows, channels) and `narrow` (rows, rank), sums of such products, are
 * brought to the new maximum; both may be null.
 */
NK_EXPORT void NK_FN(nk_cross_entropy_take)(float *max, double *sum, float *wanted, float *wide,
                                            float *narrow, float *logits, const int32_t *targets,
                                            int64_t rows, int64_t columns, int64_t first,
                                            int64_t channels, int64_t rank, int keep, float softcap,
                                            int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    float *z = logits + row * columns;
    float old = first == 0 ? -INFINITY : max[row];
    float largest = nk_cross_entropy_max(z, columns, softcap, old);
    float shift = largest == -INFINITY ? 0.0f : largest;
    float change = nk_exp(old - shift);
    int64_t target = targets[row] - first;
    if (target >= 0 && target < columns) wanted[row] = z[target];
    double part = nk_cross_entropy_sum(z, columns, shift, softcap, keep);
    sum[row] = first == 0 ? part : sum[row] * (double)change + part;
    max[row] = largest;
    if (first != 0 && largest != old) {
      if (wide) nk_cross_entropy_scale(wide + row * channels, channels, change);
      if (narrow) nk_cross_entropy_scale(narrow + row * rank, rank, change);
    }
  }
}

/* losses (rows) once all chunks were taken in. */
NK_EXPORT void NK_FN(nk_cross_entropy_losses)(float *losses, const float *max, const double *sum,
                                              const float *wanted, int64_t rows) {
  for (int64_t row = 0; row < rows; row++)
    losses[row] = (float)(log(sum[row]) + ((double)max[row] - (double)wanted[row]));
}

/*
 * x (rows, columns), sums of e^(z − max)·slope times rows of `weight`, becomes factor times the
 * gradient: x/sum − slope·weight[target], times the row's weight (`weights` null for ones). Both
 * products are rounded alike, so that a target of probability one leaves exactly nothing.
 */
NK_EXPORT void NK_FN(nk_cross_entropy_finish)(float *x, const double *sum, const float *wanted,
                                              const void *weight, const int32_t *targets,
                                              const float *weights, int64_t rows, int64_t columns,
                                              int64_t weight_stride, int type, float factor,
                                              float softcap, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    float all = factor * (weights == NULL ? 1.0f : weights[row]);
    float share = (float)(1.0 / sum[row]);
    float slope = softcap == 0.0f ? 1.0f : nk_cross_entropy_slope(wanted[row], softcap);
    float *to = x + row * columns;
    for (int64_t at = 0; at < columns; at += NK_RUN) {
      int64_t n = nk_min(NK_RUN, columns - at);
      float buffer[NK_RUN];
      const float *w = nk_fetch(buffer, weight, type, targets[row] * weight_stride + at, n);
#pragma omp simd
      for (int64_t i = 0; i < n; i++) to[at + i] = (to[at + i] * share - slope * w[i]) * all;
    }
  }
}

/* A chunk of logits, not capped yet, becomes its gradient times grad_scale and the row's weight. */
NK_EXPORT void NK_FN(nk_cross_entropy_gradient)(float *logits, const float *max, const double *sum,
                                                const int32_t *targets, const float *weights,
                                                int64_t rows, int64_t columns, int64_t first,
                                                float grad_scale, float softcap, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    float *z = logits + row * columns;
    float factor = grad_scale * (weights == NULL ? 1.0f : weights[row]);
    float share = (float)((double)factor / sum[row]), largest = max[row];
    int64_t target = targets[row] - first;
    int here = target >= 0 && target < columns;
    float own = factor;
    if (softcap == 0.0f) {
#pragma omp simd
      for (int64_t v = 0; v < columns; v++) z[v] = nk_exp(z[v] - largest) * share;
    } else {
      if (here)
        own *= nk_cross_entropy_slope(nk_cross_entropy_cap(z[target], softcap), softcap);
#pragma omp simd
      for (int64_t v = 0; v < columns; v++) {
        float capped = nk_cross_entropy_cap(z[v], softcap);
        z[v] = nk_exp(capped - largest) * share * nk_cross_entropy_slope(capped, softcap);
      }
    }
    if (here) z[target] -= own;
  }
}

/* Row i of y (n, C) = row numbers[i] of x, in the same type. */
NK_EXPORT void NK_FN(nk_cross_entropy_gather)(void *y, const void *x, const int32_t *numbers,
                                              int64_t n, int64_t columns, int64_t x_stride, int type,
                                              int threads) {
  size_t bytes = (size_t)(columns * nk_bytes(type));
#pragma omp parallel for schedule(static) num_threads(threads) if (n * columns > NK_SERIAL_WORK)
  for (int64_t i = 0; i < n; i++)
    memcpy(nk_at(y, type, i * columns), nk_at(x, type, numbers[i] * x_stride), bytes);
}

/* Row numbers[i] of y = row i of x (n, C) fp32, converted; x null writes zeros. */
NK_EXPORT void NK_FN(nk_cross_entropy_scatter)(void *y, const float *x, const int32_t *numbers,
                                               int64_t n, int64_t columns, int64_t y_stride,
                                               int type, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (n * columns > NK_SERIAL_WORK)
  for (int64_t i = 0; i < n; i++) {
    int64_t to = numbers[i] * y_stride;
    if (x == NULL) {
      memset(nk_at(y, type, to), 0, (size_t)(columns * nk_bytes(type)));
    } else {
      nk_store(y, type, to, x + i * columns, columns);
    }
  }
}
