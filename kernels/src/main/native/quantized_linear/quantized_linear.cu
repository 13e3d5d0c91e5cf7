/*
 * Products with a frozen matrix that stays quantised, on a GPU.
 *
 *   forward   y (M, N) = x (M, K) · Wᵀ
 *   backward  grad_x (M, K) = grad_y (M, N) · W + beta · grad_x
 *
 * W (N, K) is stored as blocks (blocks/blocks_math.h). A tile of W is widened as it goes to shared
 * memory (gemm/tile.cuh), 32 elements a thread, so that what is read from memory is the blocks; it
 * stays fp32, as the values of blocks have more digits than bf16 and fp16, and sums of products with
 * rounded ones miss the tolerance of a plain product. One to
 * NK_FEW rows, a token being generated, do not repay tiles: there a warp takes a row of W, a lane its
 * every 32nd group, and multiplies it with all rows of x.
 *
 * Nothing is saved for backward. Sums are fp32, in an order that the shapes alone decide.
 */
#include "blocks/blocks.cuh"
#include "gemm/tile.cuh"

#define NK_FEW 4
/* Columns of x in shared memory at a time: a group for each lane. */
#define NK_SPAN (32 * NK_GROUP)

/* Blocks as an operand: i counts the rows of W and k its columns, or, `across`, the other way. */
template <class R>
struct nk_quantized {
  nk_block_rows m;
  int64_t rows; /* of W */
  int across;

  template <int SIDE>
  __device__ __forceinline__ void fill(float *to, int64_t i0, int64_t k0) const {
    /* Groups of 32 columns: one a row of the tile, or SIDE/32 of each of NK_DEPTH rows. */
    const int ROW = SIDE + NK_PAD;
    NK_ROLLED
    for (int job = (int)threadIdx.x; job < SIDE; job += NK_TILE_THREADS) {
      int i = across ? job / NK_DEPTH * NK_GROUP : job, k = across ? job % NK_DEPTH : 0;
      int64_t row = across ? k0 + k : i0 + i, column = across ? i0 + i : k0;
      float group[NK_GROUP] = {0.0f};
      if (row < rows && column < m.columns) R::read(group, m, row, column / NK_GROUP);
      NK_UNROLL
      for (int e = 0; e < NK_GROUP; e++) to[across ? k * ROW + i + e : e * ROW + i] = group[e];
    }
  }
};

template <int SIDE, class R>
NK_DEVICE void nk_quantized_tile(void *c, const void *a, const nk_block_rows &w, int64_t m, int64_t n,
                                 int64_t k, int64_t c_stride, int64_t a_stride, int c_type,
                                 int a_type, int a_wide, int across, float beta) {
  nk_plain left = {a, a_stride, m, k, a_type, 0, a_wide};
  nk_quantized<R> right = {w, across ? k : n, across};
  nk_tile<SIDE>(c, left, right, m, n, k, c_stride, c_type, 1.0f, beta);
}

/*
 * y (m ≤ NK_FEW, N): a warp a row of W. Rows of x come by NK_SPAN columns into shared memory, one float
 * of room behind each group, so that lanes on different groups read different banks.
 */
template <class R>
NK_DEVICE void nk_quantized_few(void *y, const void *x, const nk_block_rows &w, int64_t m, int64_t n,
                                int64_t y_stride, int64_t x_stride, int y_type, int x_type) {
  NK_SHARED(float, rows, NK_FEW * 32 * (NK_GROUP + 1));
  const int APART = 32 * (NK_GROUP + 1);
  int64_t row = nk_thread() / 32;
  int lane = (int)threadIdx.x % 32;
  float sums[NK_FEW] = {0.0f};
  NK_ROLLED
  for (int64_t from = 0; from < w.columns; from += NK_SPAN) {
    __syncthreads();
    NK_ROLLED
    for (int r = 0; r < (int)m; r++) {
      NK_ROLLED
      for (int i = (int)threadIdx.x; i < NK_SPAN; i += (int)blockDim.x)
        rows[r * APART + i + i / NK_GROUP] =
            from + i < w.columns ? nk_element(x, x_type, r * x_stride + from + i) : 0.0f;
    }
    __syncthreads();
    int64_t column = from + lane * NK_GROUP;
    if (row >= n || column >= w.columns) continue;
    float group[NK_GROUP] = {0.0f};
    R::read(group, w, row, column / NK_GROUP);
    NK_UNROLL
    for (int r = 0; r < NK_FEW; r++) {
      if (r >= m) break;
      const float *of_x = rows + r * APART + lane * (NK_GROUP + 1);
      NK_UNROLL
      for (int e = 0; e < NK_GROUP; e++) sums[r] = nk_fma(of_x[e], group[e], sums[r]);
    }
  }
  NK_UNROLL
  for (int r = 0; r < NK_FEW; r++) {
    float sum = nk_warp_sum(sums[r]);
    if (lane == 0 && row < n && r < m) nk_put(y, y_type, r * y_stride + row, sum);
  }
}

#define NK_QUANTIZED(format)                                                                       \
  NK_KERNEL(nk_quantized_linear_tile_##format, NK_TILE_THREADS, void *c, const void *a,             \
            const unsigned char *blocks, const float *absmax, int64_t m, int64_t n, int64_t k,     \
            int64_t c_stride, int64_t a_stride, int64_t row_bytes, int64_t columns,                \
            int64_t head_rows, int c_type, int a_type, int a_wide, int across, float beta) {       \
    nk_block_rows w = {blocks, absmax, row_bytes, columns, head_rows};                             \
    nk_quantized_tile<NK_QUANTIZED_SIDE, nk_read_##format>(c, a, w, m, n, k, c_stride, a_stride,   \
                                                           c_type, a_type, a_wide, across, beta);  \
  }                                                                                                \
  NK_KERNEL(nk_quantized_linear_few_##format, 256, void *y, const void *x,                          \
            const unsigned char *blocks, const float *absmax, int64_t m, int64_t n, int64_t k,     \
            int64_t y_stride, int64_t x_stride, int64_t row_bytes, int64_t head_rows, int y_type,  \
            int x_type) {                                                                          \
    nk_block_rows w = {blocks, absmax, row_bytes, k, head_rows};                                   \
    nk_quantized_few<nk_read_##format>(y, x, w, m, n, y_stride, x_stride, y_type, x_type);         \
  }

/* A tile of 64: its 64 groups of W keep registers few enough for two blocks on a multiprocessor. */
#define NK_QUANTIZED_SIDE 64

NK_EACH_FORMAT(NK_QUANTIZED)
