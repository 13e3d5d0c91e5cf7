/*
 * What DoRA (Liu et al. 2024, arXiv 2402.09353) adds to a low-rank linear layer: a learned magnitude
 * for each output, in place of the norm of its row of the adapted weight.
 *
 *   V = W + scale·B·A        u = x·Wᵀ + scale·(drop(x)·Aᵀ)·Bᵀ        y = u·m/‖V‖ + bias
 *   grad_m = Σ_n grad_y·u / ‖V‖        grad_u = grad_y·m/‖V‖         ‖V‖ a constant for the gradient
 *
 * ‖V‖ (M) is summed from tiles of V that live on the stack: MR rows by NK_DORA_RUN columns of W, plain
 * or quantised, to which the products' micro-kernel adds scale·B·A. Nothing as large as W exists, and
 * nothing cancels as it would in ‖W‖² + 2·W·BA + ‖BA‖². Squares are summed in double, columns in
 * order; rows and columns are independent: any number of threads gives the same bits.
 */
#include "../blocks/blocks.h"
#include "../gemm/gemm.h"
#include "nk_view.h"
#include "dora_linear_math.h"

/* Columns of a tile; a multiple of every level's NK_NR. */
#define NK_DORA_RUN 256

/* Rows that share a run's factors: divisions would take longer than memory. */
#define NK_DORA_ROWS 16

/* Elements of W, blocks, as fp32. */
static void nk_dora_read(float *to, const nk_matrix *matrix, int64_t row, int64_t from, int64_t n) {
  const nk_blocks *blocks = matrix->blocks;
  blocks->read(to, blocks, row, from, n);
}

/* W as it is stored: plain, or blocks where format is not negative. */
NK_INLINE nk_matrix nk_dora_weight(nk_blocks *blocks, const void *w, int64_t w_stride, int w_type,
                                   int format) {
  if (format < 0) return nk_plain_matrix(w, w_stride, w_type, 0);
  blocks->read = NK_FN(nk_block_reader_for)(format);
  return (nk_matrix){NULL, 0, NK_BLOCKS, 0, nk_dora_read, blocks};
}

/* W with each row times magnitude/norm, as a matrix of a product: it is never stored. */
typedef struct nk_dora_scaled {
  nk_matrix weight;
  const float *norms, *magnitude;
} nk_dora_scaled;

static void nk_dora_read_scaled(float *to, const nk_matrix *matrix, int64_t row, int64_t from,
                                int64_t n) {
  const nk_dora_scaled *own = matrix->blocks;
  float factor = nk_dora_factor(own->magnitude[row], own->norms[row]);
  own->weight.read(to, &own->weight, row, from, n);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) to[i] *= factor;
}

/* Floats between rows of `a` as nk_dora_linear_norm wants them: whole runs. */
NK_EXPORT int64_t NK_FN(nk_dora_linear_stride)(int64_t columns) {
  return (columns + NK_DORA_RUN - 1) / NK_DORA_RUN * NK_DORA_RUN;
}

/*
 * norms (M) = row norms of W + scale·b·a. W (M, K) is plain, or blocks where format is not negative;
 * a (R, K) fp32, rows `a_stride` apart, zeros behind K; b (M, R) fp32, contiguous.
 */
NK_EXPORT void NK_FN(nk_dora_linear_norm)(float *norms, const void *w, const float *absmax,
                                          const float *a, const float *b, int64_t outputs,
                                          int64_t columns, int64_t rank, int64_t w_stride,
                                          int64_t a_stride, int64_t head_rows, int w_type,
                                          int format, float scale, int threads) {
  nk_blocks blocks = {w, absmax, w_stride, columns, head_rows, NULL};
  nk_matrix weight = nk_dora_weight(&blocks, w, w_stride, w_type, format);
  int64_t panels = (outputs + NK_MR - 1) / NK_MR;
#pragma omp parallel for schedule(static) num_threads(threads) \
    if (outputs * columns > NK_SERIAL_WORK)
  for (int64_t panel = 0; panel < panels; panel++) {
    int64_t row = panel * NK_MR, height = nk_min(NK_MR, outputs - row);
    double squares[NK_MR] = {0.0};
    for (int64_t from = 0; from < columns; from += NK_DORA_RUN) {
      int64_t n = nk_min(NK_DORA_RUN, columns - from);
      float tile[NK_MR * NK_DORA_RUN];
      for (int64_t i = 0; i < height; i++) {
        weight.read(tile + i * NK_DORA_RUN, &weight, row + i, from, n);
        for (int64_t j = n; j < NK_DORA_RUN; j++) tile[i * NK_DORA_RUN + j] = 0.0f;
      }
      for (int64_t j = 0; j < n && rank > 0; j += NK_NR)
        NK_FN(nk_micro_for)(NK_A_ROWS, (int)height, NK_NV)(rank, b + row * rank, rank, a + from + j,
                                                           a_stride, tile + j, NK_DORA_RUN, scale,
                                                           1);
      for (int64_t i = 0; i < height; i++)
        squares[i] += nk_dot(tile + i * NK_DORA_RUN, tile + i * NK_DORA_RUN, n);
    }
    for (int64_t i = 0; i < height; i++) norms[row + i] = (float)sqrt(squares[i]);
  }
}

/*
 * grad_x (N, K) = (grad_y · magnitude/norms) · W: rows of W take the factors while they are packed, so
 * that no scaled copy of grad_y (N, M) is written and read. W as nk_dora_linear_norm has it; the
 * workspace is nk_gemm_workspace's.
 */
NK_EXPORT void NK_FN(nk_dora_linear_grad_x)(void *grad_x, void *workspace, const void *grad_y,
                                            const void *w, const float *absmax, const float *norms,
                                            const float *magnitude, int64_t rows, int64_t outputs,
                                            int64_t columns, int64_t grad_x_stride,
                                            int64_t grad_y_stride, int64_t w_stride,
                                            int64_t head_rows, int grad_x_type, int grad_y_type,
                                            int w_type, int format, int threads) {
  nk_blocks blocks = {w, absmax, w_stride, columns, head_rows, NULL};
  nk_dora_scaled scaled = {nk_dora_weight(&blocks, w, w_stride, w_type, format), norms, magnitude};
  nk_matrix left = nk_plain_matrix(grad_y, grad_y_stride, grad_y_type, 0);
  nk_matrix right = {NULL, 0, NK_BLOCKS, 0, nk_dora_read_scaled, &scaled};
  NK_FN(nk_matrix_product)(grad_x, grad_x_type, grad_x_stride, &left, &right, rows, columns, outputs,
                           1.0f, 0.0f, workspace, threads);
}

/* y (N, M) = product · magnitude/norms + bias; y may be the product itself, bias may be null. */
NK_EXPORT void NK_FN(nk_dora_linear_forward)(void *y, const void *product, const float *norms,
                                             const float *magnitude, const float *bias,
                                             int64_t rows, int64_t columns, int64_t y_stride,
                                             int64_t product_stride, int type, int product_type,
                                             int threads) {
  int64_t groups = (rows + NK_DORA_ROWS - 1) / NK_DORA_ROWS;
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t group = 0; group < groups; group++) {
    int64_t first = group * NK_DORA_ROWS, end = nk_min(rows, first + NK_DORA_ROWS);
    for (int64_t from = 0; from < columns; from += NK_RUN) {
      int64_t n = nk_min(NK_RUN, columns - from);
      float factor[NK_RUN], in[NK_RUN], out[NK_RUN], add[NK_RUN];
      const float *shift = nk_view(add, bias ? bias + from : NULL, NK_FP32, 0, n);
#pragma omp simd
      for (int64_t i = 0; i < n; i++)
        factor[i] = nk_dora_factor(magnitude[from + i], norms[from + i]);
      for (int64_t row = first; row < end; row++) {
        const float *u = nk_view(in, product, product_type, row * product_stride + from, n);
#pragma omp simd
        for (int64_t i = 0; i < n; i++) out[i] = nk_dora_y(u[i], factor[i], shift[i]);
        nk_store(y, type, row * y_stride + from, out, n);
      }
    }
  }
}

/* Row i of x (rows, columns) fp32 times magnitude[i]/norms[i]. */
NK_EXPORT void NK_FN(nk_dora_linear_rows)(float *x, const float *norms, const float *magnitude,
                                          int64_t rows, int64_t columns, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    float factor = nk_dora_factor(magnitude[row], norms[row]);
#pragma omp simd
    for (int64_t i = 0; i < columns; i++) x[row * columns + i] *= factor;
  }
}

/*
 * grad_magnitude (M) = Σ_n grad_y·product / norms. Tokens are taken in `chunks` parts of chunk_rows,
 * each with its row of partials (chunks, M), which are added in order.
 */
NK_EXPORT void NK_FN(nk_dora_linear_backward)(float *grad_magnitude, double *partials,
                                              const void *grad_y, const void *product,
                                              const float *norms, int64_t rows, int64_t columns,
                                              int64_t chunk_rows, int64_t grad_y_stride,
                                              int64_t product_stride, int type, int product_type,
                                              int threads) {
  int64_t chunks = (rows + chunk_rows - 1) / chunk_rows;
#pragma omp parallel num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  {
#pragma omp for schedule(static)
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      double *sums = partials + chunk * columns;
      memset(sums, 0, (size_t)columns * sizeof(double));
      int64_t end = nk_min(rows, (chunk + 1) * chunk_rows);
      for (int64_t row = chunk * chunk_rows; row < end; row++) {
        for (int64_t from = 0; from < columns; from += NK_RUN) {
          int64_t n = nk_min(NK_RUN, columns - from);
          float g_buffer[NK_RUN], u_buffer[NK_RUN];
          const float *g = nk_view(g_buffer, grad_y, type, row * grad_y_stride + from, n);
          const float *u = nk_view(u_buffer, product, product_type, row * product_stride + from, n);
#pragma omp simd
          for (int64_t i = 0; i < n; i++) sums[from + i] += nk_dora_share(g[i], u[i]);
        }
      }
    }
#pragma omp for schedule(static)
    for (int64_t column = 0; column < columns; column++) {
      double total = 0.0;
      for (int64_t chunk = 0; chunk < chunks; chunk++) total += partials[chunk * columns + column];
      grad_magnitude[column] = (float)(total / (double)norms[column]);
    }
  }
}
