/*
 * What DoRA adds to a low-rank linear layer, on a GPU. Equations: dora_linear.c.
 *
 *   V = W + scale·B·A    y = u·m/‖V‖ + bias    grad_m = Σ_n grad_y·u / ‖V‖
 *
 * norms (M): a block takes NK_SIDE rows of W and walks along them by NK_SIDE columns. A tile of B·A is
 * multiplied in registers, 4 × 4 elements a thread, the tile of W is added from shared memory, where
 * blocks are widened 32 elements a thread, and the squares go into the thread's sums in double: no
 * more than a tile of V exists, and nothing cancels as it would in ‖W‖² + 2·W·BA + ‖BA‖². Elementwise
 * passes take NK_V adjacent elements a thread. Sums run in an order that the shapes alone decide.
 */
#include "blocks/blocks.cuh"
#include "typed.cuh"
#include "dora_linear_math.h"

#define NK_SIDE 64
/* Ranks in shared memory at a time. */
#define NK_RANKS 16
/* Floats between rows in shared memory: a gap that spreads a column over the banks. */
#define NK_ROW (NK_SIDE + 1)
#define NK_V 4

/* A plain matrix as its tiles are read: element (row, column), type known at launch. */
struct nk_read_plain {
  const void *data;
  int64_t stride, rows, columns;
  int type;

  __device__ __forceinline__ void fill(float *to, int64_t row0, int64_t column0) const {
    NK_ROLLED
    for (int at = (int)threadIdx.x; at < NK_SIDE * NK_SIDE; at += 256) {
      int64_t row = row0 + at / NK_SIDE, column = column0 + at % NK_SIDE;
      bool there = row < rows && column < columns;
      to[at / NK_SIDE * NK_ROW + at % NK_SIDE] =
          there ? nk_element(data, type, row * stride + column) : 0.0f;
    }
  }
};

/* The same of blocks: a group of 32 a thread. */
template <class R>
struct nk_read_blocks {
  nk_block_rows m;
  int64_t rows;

  __device__ __forceinline__ void fill(float *to, int64_t row0, int64_t column0) const {
    NK_ROLLED
    for (int job = (int)threadIdx.x; job < NK_SIDE * NK_SIDE / NK_GROUP; job += 256) {
      int of_row = job / (NK_SIDE / NK_GROUP), first = job % (NK_SIDE / NK_GROUP) * NK_GROUP;
      int64_t row = row0 + of_row, column = column0 + first;
      float group[NK_GROUP] = {0.0f};
      if (row < rows && column < m.columns) R::read(group, m, row, column / NK_GROUP);
      NK_UNROLL
      for (int e = 0; e < NK_GROUP; e++) to[of_row * NK_ROW + first + e] = group[e];
    }
  }
};

/* a (R, K), rows a_stride apart, and b (M, R), contiguous, are fp32. */
template <class W>
NK_DEVICE void nk_dora_norm(float *norms, const W &w, const float *a, const float *b, int64_t rows,
                            int64_t columns, int64_t rank, int64_t a_stride, float scale) {
  NK_SHARED(float, of_w, NK_SIDE *NK_ROW);
  NK_SHARED(float, of_a, NK_RANKS *NK_ROW);
  NK_SHARED(float, of_b, NK_RANKS *NK_ROW);
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  int64_t row0 = (int64_t)blockIdx.x * NK_SIDE;
  double squares[4] = {0.0, 0.0, 0.0, 0.0};
  NK_ROLLED
  for (int64_t column0 = 0; column0 < columns; column0 += NK_SIDE) {
    float sum[4][4];
    NK_UNROLL
    for (int i = 0; i < 16; i++) sum[i / 4][i % 4] = 0.0f;
    w.fill(of_w, row0, column0);
    NK_ROLLED
    for (int64_t rank0 = 0; rank0 < rank; rank0 += NK_RANKS) {
      int deep = rank - rank0 < NK_RANKS ? (int)(rank - rank0) : NK_RANKS;
      NK_ROLLED
      for (int at = (int)threadIdx.x; at < NK_SIDE * NK_RANKS; at += 256) {
        int64_t column = column0 + at % NK_SIDE, row = row0 + at / NK_RANKS;
        int of_rank = at / NK_SIDE, along = at % NK_RANKS;
        of_a[of_rank * NK_ROW + at % NK_SIDE] =
            of_rank < deep && column < columns ? a[(rank0 + of_rank) * a_stride + column] : 0.0f;
        of_b[along * NK_ROW + at / NK_RANKS] =
            along < deep && row < rows ? b[row * rank + rank0 + along] : 0.0f;
      }
      __syncthreads();
      NK_ROLLED
      for (int r = 0; r < deep; r++) {
        NK_UNROLL
        for (int i = 0; i < 16; i++)
          sum[i / 4][i % 4] = nk_fma(of_b[r * NK_ROW + ty + i / 4 * 16],
                                     of_a[r * NK_ROW + tx + i % 4 * 16], sum[i / 4][i % 4]);
      }
      __syncthreads();
    }
    if (rank == 0) __syncthreads();
    NK_UNROLL
    for (int i = 0; i < 16; i++) {
      /* Outside of W all three are zeros. */
      float of = of_w[(ty + i / 4 * 16) * NK_ROW + tx + i % 4 * 16];
      double v = (double)nk_fma(scale, sum[i / 4][i % 4], of);
      squares[i / 4] += v * v;
    }
    __syncthreads();
  }
  NK_UNROLL
  for (int i = 0; i < 4; i++) {
    /* The sixteen threads of a row are half a warp. */
    NK_UNROLL
    for (int step = 8; step > 0; step /= 2)
      squares[i] += __shfl_xor_sync(0xffffffffu, squares[i], step);
    int64_t row = row0 + ty + i * 16;
    if (tx == 0 && row < rows) norms[row] = (float)sqrt(squares[i]);
  }
}

NK_KERNEL(nk_dora_linear_norm_plain, 256, float *norms, const void *w, const float *a,
          const float *b, int64_t rows, int64_t columns, int64_t rank, int64_t w_stride,
          int64_t a_stride, int w_type, float scale) {
  nk_read_plain from = {w, w_stride, rows, columns, w_type};
  nk_dora_norm(norms, from, a, b, rows, columns, rank, a_stride, scale);
}

#define NK_DORA_NORM(format)                                                                       \
  NK_KERNEL(nk_dora_linear_norm_##format, 256, float *norms, const unsigned char *w,                \
            const float *absmax, const float *a, const float *b, int64_t rows, int64_t columns,    \
            int64_t rank, int64_t row_bytes, int64_t a_stride, int64_t head_rows, float scale) {   \
    nk_read_blocks<nk_read_##format> from = {{w, absmax, row_bytes, columns, head_rows}, rows};    \
    nk_dora_norm(norms, from, a, b, rows, columns, rank, a_stride, scale);                         \
  }
NK_EACH_FORMAT(NK_DORA_NORM)

/* y (N, M) = product · magnitude/norms + bias; y may be the product itself, bias may be null. */
NK_KERNEL(nk_dora_linear_forward, 256, void *y, const void *product, const float *norms,
          const float *magnitude, const float *bias, int64_t rows, int64_t columns,
          int64_t y_stride, int64_t product_stride, int type, int product_type, int wide) {
  NK_ROLLED
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    for (int64_t at = nk_thread() * NK_V; at < columns; at += nk_threads() * NK_V) {
      int64_t left = columns - at;
      nk_floats<NK_V> u = nk_read_as<NK_V>(product, product_type, row * product_stride + at, wide, left);
      nk_floats<NK_V> m = nk_read<NK_V>(magnitude + at, wide, left), out;
      nk_floats<NK_V> n = nk_read<NK_V>(norms + at, wide, left);
      nk_floats<NK_V> shift = nk_read<NK_V>((bias ? bias : norms) + at, wide, bias ? left : 0);
      NK_UNROLL
      for (int e = 0; e < NK_V; e++)
        out.at[e] = nk_dora_y(u.at[e], nk_dora_factor(m.at[e], n.at[e]), shift.at[e]);
      nk_write_as<NK_V>(y, type, row * y_stride + at, out, wide, left);
    }
  }
}

/* Row i of x (rows, columns) fp32 times magnitude[i]/norms[i]. */
NK_KERNEL(nk_dora_linear_rows, 256, float *x, const float *norms, const float *magnitude,
          int64_t rows, int64_t columns) {
  NK_ROLLED
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    float factor = nk_dora_factor(magnitude[row], norms[row]);
    for (int64_t at = nk_thread(); at < columns; at += nk_threads()) x[row * columns + at] *= factor;
  }
}

/* partials (chunks, M) of grad_magnitude: a thread a column of a chunk of tokens. */
NK_KERNEL(nk_dora_linear_partials, 256, double *partials, const void *grad_y, const void *product,
          int64_t rows, int64_t columns, int64_t chunk_rows, int64_t grad_y_stride,
          int64_t product_stride, int type, int product_type) {
  int64_t column = nk_thread();
  if (column >= columns) return;
  int64_t row = blockIdx.y * chunk_rows, end = row + chunk_rows;
  end = end < rows ? end : rows;
  double sum = 0.0;
  NK_ROLLED
  for (; row < end; row++)
    sum += nk_dora_share(nk_element(grad_y, type, row * grad_y_stride + column),
                         nk_element(product, product_type, row * product_stride + column));
  partials[blockIdx.y * columns + column] = sum;
}

/* grad_magnitude (M) = Σ of partials, in order, over the norms. */
NK_KERNEL(nk_dora_linear_sum, 256, float *grad_magnitude, const double *partials,
          const float *norms, int64_t chunks, int64_t columns) {
  int64_t column = nk_thread();
  if (column >= columns) return;
  double sum = 0.0;
  for (int64_t chunk = 0; chunk < chunks; chunk++) sum += partials[chunk * columns + column];
  grad_magnitude[column] = (float)(sum / (double)norms[column]);
}
