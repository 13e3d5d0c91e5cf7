/*
 * A linear layer on spikes that lie as bits, on a GPU: a silent neuron costs nothing, a spike one
 * addition of a row of the transposed weight. Equations: spike_linear.c.
 *
 *   y[r,m] = bias[m] + Σ_{n: bit n of row r} weight[m,n]
 *   grad_weight[m,n] = Σ_{r: bit n of row r} grad_y[r,m]         grad_bias[m] = Σ_r grad_y[r,m]
 *
 * bits (R, ⌈N/32⌉), weight (M, N). Forward: nk_spike_linear_turn transposes the weight through a tile
 * of shared memory, nk_spike_linear_list writes down each row's spiking neurons, a warp a row, and then
 * each thread sums NK_OUT adjacent columns of y over them, neighbours reading neighbours. Backward: a
 * block owns a word's 32 neurons and as many columns m as it has threads; it walks the rows in order
 * and skips those whose word is 0, which all its threads see alike. Sums are fp32 in the order of n,
 * and of r; grad_bias in double.
 */
#include "nk_cuda.h"

/* Columns of y of a thread; rows of the transposed weight are padded to NK_PART columns. */
#define NK_OUT 4
#define NK_PART 128
#define NK_TILE 32

/* turned (N, stride) = weight (M, N) transposed, fp32, zeros behind M. A block of 32 × 8 threads. */
template <class T>
NK_DEVICE void nk_turn(float *turned, const T *weight, int64_t outputs, int64_t columns,
                       int64_t stride) {
  NK_SHARED(float, tile, NK_TILE * (NK_TILE + 1));
  int x = (int)threadIdx.x % NK_TILE, y = (int)threadIdx.x / NK_TILE;
  int64_t m0 = (int64_t)blockIdx.x * NK_TILE;
  NK_ROLLED
  for (int64_t n0 = (int64_t)blockIdx.y * NK_TILE; n0 < columns; n0 += (int64_t)gridDim.y * NK_TILE) {
    for (int i = y; i < NK_TILE; i += 8) {
      int64_t m = m0 + i, n = n0 + x;
      tile[i * (NK_TILE + 1) + x] =
          m < outputs && n < columns ? nk_get(weight[m * columns + n]) : 0.0f;
    }
    __syncthreads();
    for (int i = y; i < NK_TILE; i += 8)
      if (n0 + i < columns) turned[(n0 + i) * stride + m0 + x] = tile[x * (NK_TILE + 1) + i];
    __syncthreads();
  }
}

/* The spiking neurons of each row in order, active (R, N), and how many, counts (R). */
NK_KERNEL(nk_spike_linear_list, 256, int *active, int *counts, const uint32_t *bits, int64_t rows,
          int64_t columns) {
  int64_t row = nk_thread() / 32, words = (columns + 31) / 32;
  int lane = (int)threadIdx.x % 32;
  if (row >= rows) return;
  int *to = active + row * columns;
  int before = 0;
  for (int64_t from = 0; from < words; from += 32) {
    int64_t w = from + lane;
    uint32_t word = w < words ? bits[row * words + w] : 0u;
    if (w == columns / 32) word &= (1u << (columns % 32)) - 1u;
    int mine = __popc(word), sum = mine;
    NK_UNROLL
    for (int step = 1; step < 32; step *= 2) {
      int other = __shfl_up_sync(0xffffffffu, sum, step);
      if (lane >= step) sum += other;
    }
    int place = before + sum - mine;
    while (word != 0) {
      to[place++] = (int)(w * 32) + __ffs((int)word) - 1;
      word &= word - 1;
    }
    before += __shfl_sync(0xffffffffu, sum, 31);
  }
  if (lane == 0) counts[row] = before;
}

template <class T, class TB>
NK_DEVICE void nk_spike_forward(T *y, const float *turned, const TB *bias, const int *active,
                                const int *counts, int64_t rows, int64_t columns, int64_t outputs,
                                int64_t stride) {
  int64_t m = ((int64_t)blockIdx.x * blockDim.x + threadIdx.x) * NK_OUT;
  if (m >= outputs) return;
  float first[NK_OUT];
  NK_UNROLL
  for (int k = 0; k < NK_OUT; k++)
    first[k] = bias && m + k < outputs ? nk_get(bias[m + k]) : 0.0f;
  NK_ROLLED
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    const int *list = active + row * columns;
    float sum[NK_OUT];
    NK_UNROLL
    for (int k = 0; k < NK_OUT; k++) sum[k] = first[k];
    int count = counts[row];
    for (int i = 0; i < count; i++) {
      nk_floats<NK_OUT> w = nk_load<NK_OUT>(turned + list[i] * stride + m);
      NK_UNROLL
      for (int k = 0; k < NK_OUT; k++) sum[k] += w.at[k];
    }
    NK_UNROLL
    for (int k = 0; k < NK_OUT; k++)
      if (m + k < outputs) nk_set(y + row * outputs + m + k, sum[k]);
  }
}

/* grad_weight (M, N): blocks of NK_PART threads over (m, words). */
template <class T>
NK_DEVICE void nk_spike_backward(float *grad_weight, const T *grad_y, const uint32_t *bits,
                                 int64_t rows, int64_t columns, int64_t outputs) {
  NK_SHARED(float, sums, 32 * NK_PART);
  int64_t words = (columns + 31) / 32, m = (int64_t)blockIdx.x * NK_PART + threadIdx.x;
  NK_ROLLED
  for (int64_t w = blockIdx.y; w < words; w += gridDim.y) {
    for (int i = 0; i < 32; i++) sums[i * NK_PART + threadIdx.x] = 0.0f;
    NK_ROLLED
    for (int64_t row = 0; row < rows; row++) {
      uint32_t word = bits[row * words + w];
      if (word == 0) continue;
      float g = m < outputs ? nk_get(grad_y[row * outputs + m]) : 0.0f;
      while (word != 0) {
        sums[(__ffs((int)word) - 1) * NK_PART + threadIdx.x] += g;
        word &= word - 1;
      }
    }
    __syncthreads();
    /* Rows of the result are neurons: threads turn from columns m to neurons n. */
    for (int i = (int)threadIdx.x; i < 32 * NK_PART; i += NK_PART) {
      int64_t n = w * 32 + i % 32, to = (int64_t)blockIdx.x * NK_PART + i / 32;
      if (n < columns && to < outputs) grad_weight[to * columns + n] = sums[i % 32 * NK_PART + i / 32];
    }
    __syncthreads();
  }
}

/* grad_bias (M): blocks of 32 columns, 8 threads a column, their sums added in order. */
template <class T>
NK_DEVICE void nk_spike_bias(float *grad_bias, const T *grad_y, int64_t rows, int64_t outputs) {
  NK_SHARED(double, parts, 256);
  int x = (int)threadIdx.x % 32, y = (int)threadIdx.x / 32;
  int64_t m = (int64_t)blockIdx.x * 32 + x;
  double sum = 0.0;
  for (int64_t row = y; row < rows && m < outputs; row += 8)
    sum += (double)nk_get(grad_y[row * outputs + m]);
  parts[threadIdx.x] = sum;
  __syncthreads();
  if (y != 0 || m >= outputs) return;
  for (int i = 1; i < 8; i++) sum += parts[i * 32 + x];
  grad_bias[m] = (float)sum;
}

#define NK_SPIKE_FORWARD(type, T, bias_type, TB)                                                   \
  NK_KERNEL(nk_spike_linear_forward_##type##_##bias_type, 128, T *y, const float *turned,           \
            const TB *bias, const int *active, const int *counts, int64_t rows, int64_t columns,   \
            int64_t outputs, int64_t stride) {                                                     \
    nk_spike_forward(y, turned, bias, active, counts, rows, columns, outputs, stride);             \
  }

#define NK_SPIKE(type, T)                                                                          \
  NK_KERNEL(nk_spike_linear_turn_##type, 256, float *turned, const T *weight, int64_t outputs,      \
            int64_t columns, int64_t stride) {                                                     \
    nk_turn(turned, weight, outputs, columns, stride);                                             \
  }                                                                                                \
  NK_SPIKE_FORWARD(type, T, fp32, float)                                                           \
  NK_SPIKE_FORWARD(type, T, bf16, nk_bf16)                                                         \
  NK_SPIKE_FORWARD(type, T, fp16, nk_fp16)                                                         \
  NK_KERNEL(nk_spike_linear_weight_##type, 128, float *grad_weight, const T *grad_y,                \
            const uint32_t *bits, int64_t rows, int64_t columns, int64_t outputs) {                \
    nk_spike_backward(grad_weight, grad_y, bits, rows, columns, outputs);                          \
  }                                                                                                \
  NK_KERNEL(nk_spike_linear_bias_##type, 256, float *grad_bias, const T *grad_y, int64_t rows,      \
            int64_t outputs) {                                                                     \
    nk_spike_bias(grad_bias, grad_y, rows, outputs);                                               \
  }

NK_SPIKE(fp32, float)
NK_SPIKE(bf16, nk_bf16)
NK_SPIKE(fp16, nk_fp16)
