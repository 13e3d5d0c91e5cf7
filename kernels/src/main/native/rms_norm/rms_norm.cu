/*
 * Root-mean-square norm over rows of C elements on a GPU. Equations and rounding: rms_norm.c.
 *
 *   rstd = 1/√(mean(x²) + eps)      y = x·rstd·(offset + weight)
 *   g = grad_y·(offset + weight)    n = x·rstd
 *   grad_x = rstd·(g − n·(Σ g·n + grad_rstd·rstd)/C)      grad_weight = Σ_rows grad_y·n
 *
 * x (rows, C), weight (C), y (rows, C), rstd (rows). `lanes` threads work on a row, a warp's or the
 * block's; each takes vectors of V, so that a row is read from memory once and the second pass finds it
 * in the first cache. Squares are summed in fp32, and where that sum left the safe range once more in
 * double: fp32 squares overflow from 1.8e19 on, and vanish below 1e-19.
 *
 * Backward: a block takes chunk_rows rows one after the other and adds the weight's gradient up in
 * shared memory (in `partials` itself where C is too wide for it), each thread in columns of its own;
 * nk_rms_norm_sum adds the blocks' partials in order. Which thread has which element does not depend on
 * alignment, so neither do the sums.
 */
#include "nk_cuda.h"
#include "rms_norm_math.h"

#define NK_V 4

/* Σ over the threads of a row: a warp, or the whole block. */
template <class S>
NK_DEVICE S nk_row_sum(S x, S *room, int lanes) {
  return lanes == 32 ? nk_warp_sum(x) : nk_block_sum(x, room);
}

/* Σ x² of a row; every thread of the block comes here, `mine` says whether there is a row for it. */
template <class T>
NK_DEVICE double nk_row_squares(const T *x, int64_t columns, int lane, int lanes, int wide, bool mine,
                                float *room, double *room64) {
  float sum = 0.0f;
  for (int64_t at = lane * NK_V; mine && at < columns; at += lanes * NK_V) {
    nk_floats<NK_V> v = nk_read<NK_V>(x + at, wide, columns - at);
    NK_UNROLL
    for (int i = 0; i < NK_V; i++) sum = nk_fma(v.at[i], v.at[i], sum);
  }
  sum = nk_row_sum(sum, room, lanes);
  bool safe = !mine || (sum > 1e-24f && sum < 1e36f);
  /* One answer for all threads that sum together. */
  if (lanes == 32 ? __all_sync(0xffffffffu, safe) : safe) return (double)sum;
  double exact = 0.0;
  for (int64_t at = lane * NK_V; mine && at < columns; at += lanes * NK_V) {
    nk_floats<NK_V> v = nk_read<NK_V>(x + at, wide, columns - at);
    NK_UNROLL
    for (int i = 0; i < NK_V; i++) exact += (double)v.at[i] * (double)v.at[i];
  }
  return nk_row_sum(exact, room64, lanes);
}

template <class T, class TW>
NK_DEVICE void nk_rms_forward(T *y, float *rstd, const T *x, const TW *weight, int64_t rows,
                              int64_t columns, int64_t y_stride, int64_t x_stride, float eps,
                              int offset, int lanes, int wide) {
  NK_SHARED(float, room, 8);
  NK_SHARED(double, room64, 8);
  int lane = (int)threadIdx.x % lanes, many = (int)blockDim.x / lanes;
  int64_t row = (int64_t)blockIdx.x * many + threadIdx.x / (uint32_t)lanes;
  bool mine = row < rows;
  const T *from = x + row * x_stride;
  double squares = nk_row_squares(from, columns, lane, lanes, wide, mine, room, room64);
  if (!mine) return;
  float r = nk_rms_norm_rstd(squares, (double)columns, eps), o = (float)offset;
  if (lane == 0) rstd[row] = r;
  T *to = y + row * y_stride;
  for (int64_t at = lane * NK_V; at < columns; at += lanes * NK_V) {
    nk_floats<NK_V> v = nk_read<NK_V>(from + at, wide, columns - at), out;
    nk_floats<NK_V> w = nk_read<NK_V>(weight + at, wide, columns - at);
    NK_UNROLL
    for (int i = 0; i < NK_V; i++) {
      float n = v.at[i] * r;
      out.at[i] = nk_rms_norm_y(offset == 0 ? nk_rounded<T>(n) : n, w.at[i], o);
    }
    nk_write<NK_V>(to + at, out, wide, columns - at);
  }
}

/*
 * grad_x may be null; partials (blocks, C) is null where grad_weight is not asked for, and `sums_shared`
 * says that C floats of shared memory are there for it. Blocks are rows' chunks; grad_y and grad_rstd
 * may be null.
 */
template <class T, class TW>
NK_DEVICE void nk_rms_backward(T *grad_x, float *partials, const T *grad_y, const float *grad_rstd,
                               const T *x, const TW *weight, const float *rstd, int64_t rows,
                               int64_t columns, int64_t chunk_rows, int64_t gx_stride,
                               int64_t gy_stride, int64_t x_stride, int offset, int accumulate,
                               int wide, int sums_shared) {
  NK_DYNAMIC_SHARED(float, shared);
  NK_SHARED(float, room, 8);
  float *own = partials ? partials + (int64_t)blockIdx.x * columns : nullptr;
  float *sums = sums_shared ? shared : own;
  int step = (int)blockDim.x * NK_V, first = (int)threadIdx.x * NK_V;
  float o = (float)offset;
  for (int64_t at = first; partials && at < columns; at += step)
    for (int i = 0; i < NK_V && at + i < columns; i++) sums[at + i] = 0.0f;
  int64_t end = (blockIdx.x + (int64_t)1) * chunk_rows;
  end = end < rows ? end : rows;
  NK_ROLLED
  for (int64_t row = blockIdx.x * chunk_rows; row < end; row++) {
    const T *from = x + row * x_stride, *gy = grad_y ? grad_y + row * gy_stride : nullptr;
    float r = rstd[row], dot = 0.0f;
    for (int64_t at = first; grad_x && gy && at < columns; at += step) {
      nk_floats<NK_V> v = nk_read<NK_V>(from + at, wide, columns - at);
      nk_floats<NK_V> w = nk_read<NK_V>(weight + at, wide, columns - at);
      nk_floats<NK_V> g = nk_read<NK_V>(gy + at, wide, columns - at);
      NK_UNROLL
      for (int i = 0; i < NK_V; i++)
        if (at + i < columns) dot = nk_fma(nk_rms_norm_g(g.at[i], w.at[i], o), v.at[i] * r, dot);
    }
    if (grad_x) dot = nk_block_sum(dot, room);
    double above = grad_rstd ? (double)grad_rstd[row] * (double)r : 0.0;
    float pull = (float)(((double)dot + above) / (double)columns);
    for (int64_t at = first; at < columns; at += step) {
      int64_t left = columns - at;
      nk_floats<NK_V> v = nk_read<NK_V>(from + at, wide, left);
      nk_floats<NK_V> g = nk_read<NK_V>(gy ? gy + at : from + at, wide, gy ? left : 0);
      if (partials) {
        for (int i = 0; i < NK_V && i < left; i++) {
          float n = v.at[i] * r;
          sums[at + i] = nk_fma(g.at[i], offset == 0 ? nk_rounded<T>(n) : n, sums[at + i]);
        }
      }
      if (!grad_x) continue;
      nk_floats<NK_V> w = nk_read<NK_V>(weight + at, wide, left), out;
      T *to = grad_x + row * gx_stride + at;
      nk_floats<NK_V> old = nk_read<NK_V>(accumulate ? to : (T *)from, wide, accumulate ? left : 0);
      NK_UNROLL
      for (int i = 0; i < NK_V; i++)
        out.at[i] = nk_rms_norm_grad_x(nk_rms_norm_g(g.at[i], w.at[i], o), v.at[i] * r, pull, r) +
                    old.at[i];
      nk_write<NK_V>(to, out, wide, left);
    }
  }
  for (int64_t at = first; partials && sums_shared && at < columns; at += step)
    for (int i = 0; i < NK_V && at + i < columns; i++) own[at + i] = sums[at + i];
}

/* grad_weight (C) = Σ of partials (chunks, C): blocks of 32 columns, 8 threads a column, in order. */
NK_KERNEL(nk_rms_norm_sum, 256, float *grad_weight, const float *partials, int64_t chunks,
          int64_t columns) {
  NK_SHARED(double, parts, 256);
  int x = (int)threadIdx.x % 32, y = (int)threadIdx.x / 32;
  int64_t at = (int64_t)blockIdx.x * 32 + x;
  double sum = 0.0;
  for (int64_t chunk = y; chunk < chunks && at < columns; chunk += 8)
    sum += (double)partials[chunk * columns + at];
  parts[threadIdx.x] = sum;
  __syncthreads();
  if (y != 0 || at >= columns) return;
  for (int i = 1; i < 8; i++) sum += parts[i * 32 + x];
  grad_weight[at] = (float)sum;
}

#define NK_RMS(type, T, weight_type, TW)                                                           \
  NK_KERNEL(nk_rms_norm_forward_##type##_##weight_type, 256, T *y, float *rstd, const T *x,         \
            const TW *weight, int64_t rows, int64_t columns, int64_t y_stride, int64_t x_stride,   \
            float eps, int offset, int lanes, int wide) {                                          \
    nk_rms_forward(y, rstd, x, weight, rows, columns, y_stride, x_stride, eps, offset, lanes,      \
                   wide);                                                                          \
  }                                                                                                \
  NK_KERNEL(nk_rms_norm_backward_##type##_##weight_type, 256, T *grad_x, float *partials,           \
            const T *grad_y, const float *grad_rstd, const T *x, const TW *weight,                 \
            const float *rstd, int64_t rows, int64_t columns, int64_t chunk_rows,                  \
            int64_t gx_stride, int64_t gy_stride, int64_t x_stride, int offset, int accumulate,    \
            int wide, int sums_shared) {                                                           \
    nk_rms_backward(grad_x, partials, grad_y, grad_rstd, x, weight, rstd, rows, columns,           \
                    chunk_rows, gx_stride, gy_stride, x_stride, offset, accumulate, wide,          \
                    sums_shared);                                                                  \
  }

#define NK_RMS_WEIGHTS(type, T)                                                                    \
  NK_RMS(type, T, fp32, float)                                                                     \
  NK_RMS(type, T, bf16, nk_bf16)                                                                   \
  NK_RMS(type, T, fp16, nk_fp16)

NK_RMS_WEIGHTS(fp32, float)
NK_RMS_WEIGHTS(bf16, nk_bf16)
NK_RMS_WEIGHTS(fp16, nk_fp16)
