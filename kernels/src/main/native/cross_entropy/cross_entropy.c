/*
 * The loss of rows of logits, in place their gradient, and the moves of rows around the products.
 *
 *   loss = log Σ_v e^(z_v) − z_target      dL/dz_v = (e^(z_v − max)/Σ − [v = target]) · row's weight
 *
 * with z = softcap·tanh(logits/softcap) where a cap is set; its slope 1 − tanh² multiplies the
 * gradient. logits (rows, V) fp32. The row's maximum is subtracted, the sum of exponentials runs in
 * fp32 over short runs and in double over those. A row that holds no number gives none.
 */
#include "nk_view.h"
#include "cross_entropy_math.h"

NK_INLINE float nk_cross_entropy_max(float *z, int64_t vocabulary, float softcap) {
  float largest = -INFINITY;
  if (softcap != 0.0f) {
#pragma omp simd reduction(max : largest)
    for (int64_t v = 0; v < vocabulary; v++) {
      z[v] = nk_cross_entropy_cap(z[v], softcap);
      largest = z[v] > largest ? z[v] : largest;
    }
  } else {
#pragma omp simd reduction(max : largest)
    for (int64_t v = 0; v < vocabulary; v++) largest = z[v] > largest ? z[v] : largest;
  }
  return largest;
}

/* Σ e^(z − largest); where keep is set the exponentials take the logits' place. */
NK_INLINE double nk_cross_entropy_sum(float *z, int64_t vocabulary, float largest, int keep) {
  double sum = 0.0;
  for (int64_t from = 0; from < vocabulary; from += NK_RUN) {
    int64_t n = nk_min(NK_RUN, vocabulary - from);
    float *run = z + from;
    float part = 0.0f;
    if (keep) {
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < n; i++) {
        run[i] = nk_exp(run[i] - largest);
        part += run[i];
      }
    } else {
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < n; i++) part += nk_exp(run[i] - largest);
    }
    sum += (double)part;
  }
  return sum;
}

/*
 * losses (rows) are written; logits become their gradient times grad_scale·weights[row] where
 * `gradient` is set. weights may be null for ones. targets lie in 0 … V − 1.
 */
NK_EXPORT void NK_FN(nk_cross_entropy_rows)(float *losses, float *logits, const int32_t *targets,
                                            const float *weights, int64_t rows, int64_t vocabulary,
                                            int gradient, float grad_scale, float softcap,
                                            int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * vocabulary > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    float *z = logits + row * vocabulary;
    int64_t target = targets[row];
    float largest = nk_cross_entropy_max(z, vocabulary, softcap);
    float wanted = z[target];
    int keep = gradient && softcap == 0.0f;
    double sum = nk_cross_entropy_sum(z, vocabulary, largest, keep);
    losses[row] = (float)(log(sum) + ((double)largest - (double)wanted));
    if (!gradient) continue;
    float factor = grad_scale * (weights == NULL ? 1.0f : weights[row]);
    float share = (float)((double)factor / sum);
    if (softcap == 0.0f) {
#pragma omp simd
      for (int64_t v = 0; v < vocabulary; v++) z[v] *= share;
      z[target] -= factor;
    } else {
      float slope = nk_cross_entropy_slope(wanted, softcap);
#pragma omp simd
      for (int64_t v = 0; v < vocabulary; v++)
        z[v] = nk_exp(z[v] - largest) * share * nk_cross_entropy_slope(z[v], softcap);
      z[target] -= factor * slope;
    }
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
