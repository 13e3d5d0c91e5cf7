/*
 * The softmax over a vocabulary that comes in chunks of columns, and the moves of rows around the
 * products, on a GPU. Equations, and why the sums may run over chunks as they come: cross_entropy.c.
 *
 * A block takes a row of logits (rows, columns) fp32: once for the largest, once more, out of the
 * caches, for the exponentials, which are summed in fp32 by a thread and in double over the block.
 * Where the largest logit grew, the block scales its row of what was summed before. Elementwise moves
 * stride over rows · columns. Hazard: before any finite logit the maximum is −infinity; the shift is 0
 * then.
 */
#include "nk_cuda.h"
#include "cross_entropy_math.h"

#define NK_ROW_THREADS 256

NK_DEVICE void nk_head_scale(float *row, int64_t n, float factor) {
  for (int64_t i = threadIdx.x; i < n; i += blockDim.x) row[i] *= factor;
}

NK_KERNEL(nk_cross_entropy_take, NK_ROW_THREADS, float *max, double *sum, float *wanted, float *wide,
          float *narrow, float *logits, const int *targets, int64_t columns, int64_t first,
          int64_t channels, int64_t rank, int keep, float softcap) {
  NK_SHARED(float, room, 8);
  NK_SHARED(double, room64, 8);
  int64_t row = blockIdx.x;
  float *z = logits + row * columns;
  float old = first == 0 ? -NK_INFINITY : max[row], largest = old;
  double before = first == 0 ? 0.0 : sum[row];
  for (int64_t v = threadIdx.x; v < columns; v += blockDim.x) {
    float x = z[v];
    if (softcap != 0.0f) {
      x = nk_cross_entropy_cap(x, softcap);
      z[v] = x;
    }
    largest = x > largest ? x : largest;
  }
  largest = nk_block_max(largest, room);
  float shift = largest == -NK_INFINITY ? 0.0f : largest, change = nk_exp(old - shift);
  int64_t target = targets[row] - first;
  if (threadIdx.x == 0 && target >= 0 && target < columns) wanted[row] = z[target];
  __syncthreads();
  float part = 0.0f;
  for (int64_t v = threadIdx.x; v < columns; v += blockDim.x) {
    float x = z[v], e = nk_exp(x - shift);
    part += e;
    if (keep) z[v] = softcap == 0.0f ? e : e * nk_cross_entropy_slope(x, softcap);
  }
  double all = nk_block_sum((double)part, room64);
  if (threadIdx.x == 0) {
    sum[row] = first == 0 ? all : before * (double)change + all;
    max[row] = largest;
  }
  if (first == 0 || largest == old) return;
  if (wide) nk_head_scale(wide + row * channels, channels, change);
  if (narrow) nk_head_scale(narrow + row * rank, rank, change);
}

NK_KERNEL(nk_cross_entropy_losses, 256, float *losses, const float *max, const double *sum,
          const float *wanted, int64_t rows) {
  int64_t row = nk_thread();
  if (row < rows)
    losses[row] = (float)(log(sum[row]) + ((double)max[row] - (double)wanted[row]));
}

/* x (rows, columns) fp32 becomes factor times the gradient; a grid of (columns, rows) strides. */
template <class T>
NK_DEVICE void nk_head_finish(float *x, const double *sum, const float *wanted, const T *weight,
                              const int *targets, const float *weights, int64_t rows,
                              int64_t columns, int64_t weight_stride, float factor, float softcap) {
  NK_ROLLED
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    float all = factor * (weights ? weights[row] : 1.0f), share = (float)(1.0 / sum[row]);
    float slope = softcap == 0.0f ? 1.0f : nk_cross_entropy_slope(wanted[row], softcap);
    const T *w = weight + targets[row] * weight_stride;
    float *to = x + row * columns;
    for (int64_t i = nk_thread(); i < columns; i += nk_threads())
      to[i] = (to[i] * share - slope * nk_get(w[i])) * all;
  }
}

/* A chunk of logits, not capped yet, becomes its gradient times grad_scale and the row's weight. */
NK_KERNEL(nk_cross_entropy_gradient, 256, float *logits, const float *max, const double *sum,
          const int *targets, const float *weights, int64_t rows, int64_t columns, int64_t first,
          float grad_scale, float softcap) {
  NK_ROLLED
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    float *z = logits + row * columns;
    float factor = grad_scale * (weights ? weights[row] : 1.0f);
    float share = (float)((double)factor / sum[row]), largest = max[row];
    int64_t target = targets[row] - first;
    for (int64_t v = nk_thread(); v < columns; v += nk_threads()) {
      float x = z[v], slope = 1.0f;
      if (softcap != 0.0f) {
        x = nk_cross_entropy_cap(x, softcap);
        slope = nk_cross_entropy_slope(x, softcap);
      }
      float gradient = softcap == 0.0f ? nk_exp(x - largest) * share
                                       : nk_exp(x - largest) * share * slope;
      z[v] = v == target ? gradient - factor * slope : gradient;
    }
  }
}

/* Row i of y (n, C) = row numbers[i] of x, in the same type. */
template <class T>
NK_DEVICE void nk_head_gather(T *y, const T *x, const int *numbers, int64_t n, int64_t columns,
                              int64_t x_stride) {
  NK_ROLLED
  for (int64_t i = blockIdx.y; i < n; i += gridDim.y) {
    const T *from = x + numbers[i] * x_stride;
    for (int64_t c = nk_thread(); c < columns; c += nk_threads()) y[i * columns + c] = from[c];
  }
}

/* Row numbers[i] of y = row i of x (n, C) fp32, converted; x null writes zeros. */
template <class T>
NK_DEVICE void nk_head_scatter(T *y, const float *x, const int *numbers, int64_t n, int64_t columns,
                               int64_t y_stride) {
  NK_ROLLED
  for (int64_t i = blockIdx.y; i < n; i += gridDim.y) {
    T *to = y + numbers[i] * y_stride;
    for (int64_t c = nk_thread(); c < columns; c += nk_threads())
      nk_set(to + c, x ? x[i * columns + c] : 0.0f);
  }
}

#define NK_HEAD(type, T)                                                                           \
  NK_KERNEL(nk_cross_entropy_finish_##type, 256, float *x, const double *sum, const float *wanted,  \
            const T *weight, const int *targets, const float *weights, int64_t rows,               \
            int64_t columns, int64_t weight_stride, float factor, float softcap) {                 \
    nk_head_finish(x, sum, wanted, weight, targets, weights, rows, columns, weight_stride, factor, \
                   softcap);                                                                       \
  }                                                                                                \
  NK_KERNEL(nk_cross_entropy_gather_##type, 256, T *y, const T *x, const int *numbers, int64_t n,   \
            int64_t columns, int64_t x_stride) {                                                   \
    nk_head_gather(y, x, numbers, n, columns, x_stride);                                           \
  }                                                                                                \
  NK_KERNEL(nk_cross_entropy_scatter_##type, 256, T *y, const float *x, const int *numbers,         \
            int64_t n, int64_t columns, int64_t y_stride) {                                        \
    nk_head_scatter(y, x, numbers, n, columns, y_stride);                                          \
  }

NK_HEAD(fp32, float)
NK_HEAD(bf16, nk_bf16)
NK_HEAD(fp16, nk_fp16)
