/*
 * sum = Σ x² over n elements      grad_x = 2·grad_sum·x
 *
 * Squares are exact in double. They are summed block by block, each block in an order of its own, and
 * the blocks' sums are added in order by one thread: the same bits for every thread count. Nothing
 * is saved but x.
 */
#include "nk_view.h"
#include "sum_of_squares_math.h"

/* SumOfSquaresArguments.BLOCK in Java counts the blocks. */
#define NK_SQUARES_BLOCK 8192

/* partials (blocks) is scratch. */
NK_EXPORT void NK_FN(nk_sum_of_squares_forward)(double *sum, double *partials, const void *x,
                                                int64_t n, int type, int threads) {
  int64_t blocks = (n + NK_SQUARES_BLOCK - 1) / NK_SQUARES_BLOCK;
#pragma omp parallel for schedule(static) num_threads(threads) if (n > NK_SERIAL_WORK)
  for (int64_t block = 0; block < blocks; block++) {
    int64_t end = nk_min(n, (block + 1) * NK_SQUARES_BLOCK);
    double total = 0.0;
    for (int64_t at = block * NK_SQUARES_BLOCK; at < end; at += NK_RUN) {
      int64_t count = nk_min(NK_RUN, end - at);
      float buffer[NK_RUN];
      const float *run = nk_fetch(buffer, x, type, at, count);
      double part = 0.0;
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < count; i++) part += nk_square(run[i]);
      total += part;
    }
    partials[block] = total;
  }
  double total = 0.0;
  for (int64_t block = 0; block < blocks; block++) total += partials[block];
  *sum = total;
}

NK_EXPORT void NK_FN(nk_sum_of_squares_backward)(void *grad_x, const void *x, int64_t n, int type,
                                                 float grad_sum, int threads) {
  int64_t runs = (n + NK_RUN - 1) / NK_RUN;
  int stream = n * nk_bytes(type) >= NK_STREAM_BYTES;
#pragma omp parallel num_threads(threads) if (n > NK_SERIAL_WORK)
  {
#pragma omp for schedule(static)
    for (int64_t run = 0; run < runs; run++) {
      int64_t from = run * NK_RUN, count = nk_min(NK_RUN, n - from);
      float buffer[NK_RUN], out[NK_RUN];
      const float *values = nk_fetch(buffer, x, type, from, count);
#pragma omp simd
      for (int64_t i = 0; i < count; i++) out[i] = nk_square_gradient(values[i], grad_sum);
      nk_put(grad_x, type, from, out, count, stream);
    }
    nk_stream_end(stream);
  }
}
