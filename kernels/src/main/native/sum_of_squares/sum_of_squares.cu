/*
 * sum = Σ x² over n elements, and grad_x = 2·grad_sum·x, on a GPU. Squares are exact in double.
 *
 * A block sums the squares of NK_SQUARES_BLOCK elements, each thread its own vectors and the threads by
 * a fixed tree; one block then adds these partials in order: the same bits on every GPU, for every
 * alignment. Nothing is saved but x.
 */
#include "nk_cuda.h"
#include "sum_of_squares_math.h"

/* SumOfSquaresArguments.BLOCK in Java counts the blocks. */
#define NK_SQUARES_BLOCK 8192
#define NK_V 4

template <class T>
NK_DEVICE void nk_squares(double *partials, const T *x, int64_t n, int wide) {
  NK_SHARED(double, room, 8);
  int64_t begin = (int64_t)blockIdx.x * NK_SQUARES_BLOCK, left = n - begin;
  int count = left < NK_SQUARES_BLOCK ? (int)left : NK_SQUARES_BLOCK;
  double sum = 0.0;
  for (int i = (int)threadIdx.x * NK_V; i < count; i += (int)blockDim.x * NK_V) {
    nk_floats<NK_V> v = nk_read<NK_V>(x + begin + i, wide, count - i);
    NK_UNROLL
    for (int k = 0; k < NK_V; k++) sum += nk_square(v.at[k]);
  }
  sum = nk_block_sum(sum, room);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

/* One block. */
NK_KERNEL(nk_sum_of_squares_add, 256, double *sum, const double *partials, int64_t blocks) {
  NK_SHARED(double, room, 8);
  double total = 0.0;
  for (int64_t i = threadIdx.x; i < blocks; i += blockDim.x) total += partials[i];
  total = nk_block_sum(total, room);
  if (threadIdx.x == 0) *sum = total;
}

template <class T>
NK_DEVICE void nk_squares_back(T *grad_x, const T *x, int64_t n, int wide, float grad_sum) {
  for (int64_t i = nk_thread() * NK_V; i < n; i += nk_threads() * NK_V) {
    nk_floats<NK_V> v = nk_read<NK_V>(x + i, wide, n - i);
    NK_UNROLL
    for (int k = 0; k < NK_V; k++) v.at[k] = nk_square_gradient(v.at[k], grad_sum);
    nk_write<NK_V>(grad_x + i, v, wide, n - i);
  }
}

#define NK_SQUARES(type, T)                                                                        \
  NK_KERNEL(nk_sum_of_squares_forward_##type, 256, double *partials, const T *x, int64_t n,         \
            int wide) {                                                                            \
    nk_squares(partials, x, n, wide);                                                              \
  }                                                                                                \
  NK_KERNEL(nk_sum_of_squares_backward_##type, 256, T *grad_x, const T *x, int64_t n, int wide,     \
            float grad_sum) {                                                                      \
    nk_squares_back(grad_x, x, n, wide, grad_sum);                                                 \
  }

NK_SQUARES(fp32, float)
NK_SQUARES(bf16, nk_bf16)
NK_SQUARES(fp16, nk_fp16)
