/*
 * The 2-norm over many gradients, and their scaling: norm = √Σ g², then g·min(1, max/(norm + 1e-6)).
 *
 * Row i of `table` (slots, 4): address, number of elements, number of the first block, element type.
 * Squares are summed in double, block by block, and the blocks' sums are added in order by one
 * thread: the same bits for every thread count.
 */
#include "nk_view.h"
#include "clip_grad_norm_math.h"

/* ClipTable.BLOCK in Java counts the blocks. */
#define NK_CLIP_BLOCK 8192
#define NK_CLIP_COLUMNS 4

NK_INLINE const int64_t *nk_clip_slot(const int64_t *table, int64_t slots, int64_t block) {
  int64_t low = 0, high = slots - 1;
  while (low < high) {
    int64_t middle = (low + high + 1) / 2;
    if (table[middle * NK_CLIP_COLUMNS + 2] <= block) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return table + low * NK_CLIP_COLUMNS;
}

/* norm[0] = √Σ g², norm[1] = what clipping at max_norm multiplies by; partials (blocks) is scratch. */
NK_EXPORT void NK_FN(nk_clip_grad_norm_norm)(double *norm, double *partials, const int64_t *table,
                                             int64_t slots, int64_t blocks, double max_norm,
                                             int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (blocks > 1)
  for (int64_t block = 0; block < blocks; block++) {
    const int64_t *slot = nk_clip_slot(table, slots, block);
    int64_t begin = (block - slot[2]) * NK_CLIP_BLOCK, end = nk_min(slot[1], begin + NK_CLIP_BLOCK);
    double total = 0.0;
    for (int64_t at = begin; at < end; at += NK_RUN) {
      int64_t n = nk_min(NK_RUN, end - at);
      float buffer[NK_RUN];
      const float *g = nk_fetch(buffer, (const void *)(uintptr_t)slot[0], (int)slot[3], at, n);
      double part = 0.0;
#pragma omp simd reduction(+ : part)
      for (int64_t i = 0; i < n; i++) part += nk_clip_square(g[i]);
      total += part;
    }
    partials[block] = total;
  }
  double total = 0.0;
  for (int64_t block = 0; block < blocks; block++) total += partials[block];
  norm[0] = sqrt(total);
  norm[1] = nk_clip_factor(norm[0], max_norm);
}

NK_EXPORT void NK_FN(nk_clip_grad_norm_scale)(const int64_t *table, int64_t slots, int64_t blocks,
                                              float factor, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (blocks > 1)
  for (int64_t block = 0; block < blocks; block++) {
    const int64_t *slot = nk_clip_slot(table, slots, block);
    int64_t begin = (block - slot[2]) * NK_CLIP_BLOCK, end = nk_min(slot[1], begin + NK_CLIP_BLOCK);
    void *data = (void *)(uintptr_t)slot[0];
    int type = (int)slot[3];
    for (int64_t at = begin; at < end; at += NK_RUN) {
      int64_t n = nk_min(NK_RUN, end - at);
      float buffer[NK_RUN];
      float *g = nk_target(buffer, data, type, at);
      nk_view(buffer, data, type, at, n);
#pragma omp simd
      for (int64_t i = 0; i < n; i++) g[i] = nk_clip_scaled(g[i], factor);
      nk_finish(data, type, at, buffer, n);
    }
  }
}
