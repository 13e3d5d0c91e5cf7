/*
 * Products with a frozen matrix that stays quantised.
 *
 *   forward   y (M, N) = x (M, K) · Wᵀ
 *   backward  grad_x (M, K) = grad_y (M, N) · W + beta · grad_x
 *
 * W (N, K) is stored as blocks (blocks/blocks_math.h) and is widened where a product packs its tiles
 * (gemm/gemm.h): each thread holds one tile in fp32, and packing it is all that it costs more than a
 * plain product. One to four rows, a token being generated, do not repay packing: there a run of W
 * is widened on the stack and multiplied at once, so that what is read from memory is the blocks.
 *
 * Nothing is saved for backward. Sums are fp32, in K's order: the same bits for every number of
 * threads.
 */
#include "../blocks/blocks.h"
#include "../gemm/gemm.h"

static void nk_read_matrix(float *to, const nk_matrix *matrix, int64_t row, int64_t from,
                           int64_t n) {
  const nk_blocks *blocks = matrix->blocks;
  blocks->read(to, blocks, row, from, n);
}

/* Vectors in flight for each row of x. */
#define NK_CHAINS 2

/* Adds the products of `rows` rows of x (k apart) with a run of n elements of one row of W. */
NK_INLINE void nk_dot_run(const int rows, float *sums, const float *x, int64_t k, const float *w,
                          int64_t n) {
  nk_v acc[4][NK_CHAINS];
#pragma GCC unroll 4
  for (int r = 0; r < rows; r++)
#pragma GCC unroll 2
    for (int c = 0; c < NK_CHAINS; c++) acc[r][c] = nk_v_zero();
  int64_t at = 0;
  for (; at + NK_CHAINS * NK_W <= n; at += NK_CHAINS * NK_W)
#pragma GCC unroll 2
    for (int c = 0; c < NK_CHAINS; c++) {
      nk_v value = nk_v_load(w + at + c * NK_W);
#pragma GCC unroll 4
      for (int r = 0; r < rows; r++)
        acc[r][c] = nk_v_fma(nk_v_load(x + r * k + at + c * NK_W), value, acc[r][c]);
    }
  for (int r = 0; r < rows; r++) {
    float sum = nk_v_sum(nk_v_add(acc[r][0], acc[r][1]));
    for (int64_t t = at; t < n; t++) sum = nk_fma(x[r * k + t], w[t], sum);
    sums[r] += sum;
  }
}

static void nk_few_rows_of_blocks(void *y, int y_type, int64_t y_stride, const float *x,
                                  const nk_blocks *w, int64_t m, int64_t n, int64_t k,
                                  int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (m * n * k > NK_SERIAL_WORK * 4)
  for (int64_t j = 0; j < n; j++) {
    float run[NK_RUN], sums[4] = {0};
    for (int64_t from = 0; from < k; from += NK_RUN) {
      int64_t count = nk_min(NK_RUN, k - from);
      w->read(run, w, j, from, count);
      if (m == 1) {
        nk_dot_run(1, sums, x + from, k, run, count);
      } else if (m == 2) {
        nk_dot_run(2, sums, x + from, k, run, count);
      } else if (m == 3) {
        nk_dot_run(3, sums, x + from, k, run, count);
      } else {
        nk_dot_run(4, sums, x + from, k, run, count);
      }
    }
    for (int64_t i = 0; i < m; i++) nk_store1(y, y_type, i * y_stride + j, sums[i]);
  }
}

/* The workspace is nk_gemm_workspace's, 64-byte aligned; absmax is null but for NF4. */
NK_EXPORT void NK_FN(nk_quantized_linear_forward)(void *y, void *workspace, const void *x,
                                                  const void *blocks, const void *absmax, int64_t m,
                                                  int64_t n, int64_t k, int64_t y_stride,
                                                  int64_t x_stride, int64_t row_bytes,
                                                  int64_t head_rows, int y_type, int x_type,
                                                  int format, int threads) {
  nk_blocks w = {blocks, absmax, row_bytes, k, head_rows, NK_FN(nk_block_reader_for)(format)};
  if (m > 0 && m <= 4 && m * k <= NK_SCRATCH_FLOATS) {
    float *wide = workspace;
    for (int64_t i = 0; i < m; i++) nk_load(wide + i * k, x, x_type, i * x_stride, k);
    nk_few_rows_of_blocks(y, y_type, y_stride, wide, &w, m, n, k, threads);
    return;
  }
  nk_matrix a = nk_plain_matrix(x, x_stride, x_type, 0);
  nk_matrix b = {NULL, 0, NK_BLOCKS, 1, nk_read_matrix, &w};
  NK_FN(nk_matrix_product)(y, y_type, y_stride, &a, &b, m, n, k, 1.0f, 0.0f, workspace, threads);
}

NK_EXPORT void NK_FN(nk_quantized_linear_backward)(void *grad_x, void *workspace,
                                                   const void *grad_y, const void *blocks,
                                                   const void *absmax, int64_t m, int64_t n,
                                                   int64_t k, int64_t grad_x_stride,
                                                   int64_t grad_y_stride, int64_t row_bytes,
                                                   int64_t head_rows, int grad_x_type,
                                                   int grad_y_type, int format, float beta,
                                                   int threads) {
  nk_blocks w = {blocks, absmax, row_bytes, k, head_rows, NK_FN(nk_block_reader_for)(format)};
  nk_matrix a = nk_plain_matrix(grad_y, grad_y_stride, grad_y_type, 0);
  nk_matrix b = {NULL, 0, NK_BLOCKS, 0, nk_read_matrix, &w};
  NK_FN(nk_matrix_product)(grad_x, grad_x_type, grad_x_stride, &a, &b, m, k, n, 1.0f, beta, workspace,
                           threads);
}
