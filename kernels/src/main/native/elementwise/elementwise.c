/*
 * The small things around the operators: copies with conversion, sums, look-ups, dropout.
 * Element by element, so the number of threads never changes a bit.
 */
#include "nk_random.h"

/*
 * y[i,j,k,l] = x[i,j,k,l], converted. Sizes n0…n3, strides of y and of x in elements; Java merges
 * dimensions and pads with ones in front.
 */
NK_EXPORT void NK_FN(nk_convert_forward)(void *y, const void *x, int64_t n0, int64_t n1, int64_t n2,
                                         int64_t n3, int64_t y0, int64_t y1, int64_t y2, int64_t y3,
                                         int64_t x0, int64_t x1, int64_t x2, int64_t x3, int y_type,
                                         int x_type, int threads) {
  int64_t rows = n0 * n1 * n2;
  int64_t runs = (n3 + NK_RUN - 1) / NK_RUN;
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads) \
    if (rows * n3 > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t run = 0; run < runs; run++) {
      int64_t i = row / (n1 * n2), j = row / n2 % n1, k = row % n2;
      int64_t from = run * NK_RUN, n = nk_min(NK_RUN, n3 - from);
      int64_t to_y = i * y0 + j * y1 + k * y2 + from * y3;
      int64_t to_x = i * x0 + j * x1 + k * x2 + from * x3;
      if (y3 == 1 && x3 == 1 && y_type == x_type) {
        memcpy(nk_at(y, y_type, to_y), nk_at(x, x_type, to_x), (size_t)(n * nk_bytes(x_type)));
        continue;
      }
      float values[NK_RUN];
      if (x3 == 1) {
        nk_load(values, x, x_type, to_x, n);
      } else {
        for (int64_t l = 0; l < n; l++) values[l] = nk_load1(x, x_type, to_x + l * x3);
      }
      if (y3 == 1) {
        nk_store(y, y_type, to_y, values, n);
      } else {
        for (int64_t l = 0; l < n; l++) nk_store1(y, y_type, to_y + l * y3, values[l]);
      }
    }
  }
}

/* y[i] += factor · x[i]. */
NK_EXPORT void NK_FN(nk_add_forward)(void *y, const void *x, int64_t n, int y_type, int x_type,
                                     float factor, int threads) {
  int64_t runs = (n + NK_RUN - 1) / NK_RUN;
#pragma omp parallel for schedule(static) num_threads(threads) if (n > NK_SERIAL_WORK)
  for (int64_t run = 0; run < runs; run++) {
    int64_t from = run * NK_RUN, count = nk_min(NK_RUN, n - from);
    float a[NK_RUN], b[NK_RUN];
    nk_load(a, y, y_type, from, count);
    nk_load(b, x, x_type, from, count);
#pragma omp simd
    for (int64_t i = 0; i < count; i++) a[i] = nk_fma(factor, b[i], a[i]);
    nk_store(y, y_type, from, a, count);
  }
}

/* y[i] *= factor. */
NK_EXPORT void NK_FN(nk_scale_forward)(void *y, int64_t n, int y_type, float factor, int threads) {
  int64_t runs = (n + NK_RUN - 1) / NK_RUN;
#pragma omp parallel for schedule(static) num_threads(threads) if (n > NK_SERIAL_WORK)
  for (int64_t run = 0; run < runs; run++) {
    int64_t from = run * NK_RUN, count = nk_min(NK_RUN, n - from);
    float a[NK_RUN];
    nk_load(a, y, y_type, from, count);
#pragma omp simd
    for (int64_t i = 0; i < count; i++) a[i] *= factor;
    nk_store(y, y_type, from, a, count);
  }
}

/* y[i,j] += bias[j]; rows of y are `stride` apart. */
NK_EXPORT void NK_FN(nk_add_bias_forward)(void *y, const void *bias, int64_t rows, int64_t columns,
                                          int64_t stride, int y_type, int bias_type, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t from = 0; from < columns; from += NK_RUN) {
      int64_t count = nk_min(NK_RUN, columns - from);
      float a[NK_RUN], b[NK_RUN];
      nk_load(a, y, y_type, row * stride + from, count);
      nk_load(b, bias, bias_type, from, count);
#pragma omp simd
      for (int64_t i = 0; i < count; i++) a[i] += b[i];
      nk_store(y, y_type, row * stride + from, a, count);
    }
  }
}

NK_INLINE int64_t nk_index(const void *ids, int id_type, int64_t i) {
  return id_type == NK_I64 ? ((const int64_t *)ids)[i] : ((const int32_t *)ids)[i];
}

/*
 * Row i of y = row ids[i] of table (V rows). Returns -1, or the first i whose id is none of the
 * table's: then nothing is written.
 */
NK_EXPORT int64_t NK_FN(nk_gather_rows_forward)(void *y, const void *table, const void *ids,
                                                int64_t n, int64_t vocabulary, int64_t columns,
                                                int64_t y_stride, int64_t table_stride, int y_type,
                                                int table_type, int id_type, int threads) {
  for (int64_t i = 0; i < n; i++) {
    int64_t id = nk_index(ids, id_type, i);
    if (id < 0 || id >= vocabulary) return i;
  }
#pragma omp parallel for schedule(static) num_threads(threads) if (n * columns > NK_SERIAL_WORK)
  for (int64_t i = 0; i < n; i++) {
    int64_t row = nk_index(ids, id_type, i) * table_stride;
    for (int64_t from = 0; from < columns; from += NK_RUN) {
      int64_t count = nk_min(NK_RUN, columns - from);
      float values[NK_RUN];
      nk_load(values, table, table_type, row + from, count);
      nk_store(y, y_type, i * y_stride + from, values, count);
    }
  }
  return -1;
}

/*
 * y[i] (+)= keep ? x[i] / (1 - p) : 0. Element i is kept where its draw, number offset + i of
 * nk_random.h, reaches p·2^32.
 */
NK_EXPORT void NK_FN(nk_dropout_forward)(void *y, const void *x, int64_t n, int y_type, int x_type,
                                         float p, int64_t seed, int64_t offset, int accumulate,
                                         int threads) {
  double threshold = (double)p * 4294967296.0;
  uint32_t bound = threshold >= 4294967295.0 ? 0xffffffffu : (uint32_t)threshold;
  float keep = p >= 1.0f ? 0.0f : 1.0f / (1.0f - p);
  int64_t runs = (n + NK_RUN - 1) / NK_RUN;
#pragma omp parallel for schedule(static) num_threads(threads) if (n > NK_SERIAL_WORK)
  for (int64_t run = 0; run < runs; run++) {
    int64_t from = run * NK_RUN, count = nk_min(NK_RUN, n - from);
    float a[NK_RUN], b[NK_RUN];
    uint32_t draw[NK_RUN];
    nk_draw_run(draw, seed, (uint64_t)offset + (uint64_t)from, (int32_t)count);
    nk_load(b, x, x_type, from, count);
    if (accumulate) nk_load(a, y, y_type, from, count);
#pragma omp simd
    for (int64_t i = 0; i < count; i++) {
      float kept = draw[i] >= bound ? b[i] * keep : 0.0f;
      a[i] = accumulate ? a[i] + kept : kept;
    }
    nk_store(y, y_type, from, a, count);
  }
}
