/*
 * y (N, K) = rows of a matrix stored as quantised blocks, all of them or those that ids name, rounded to
 * y's type, on a GPU. Nothing is summed and nothing is saved; an infinite or NaN scale gives what its
 * products give. Formats: blocks/blocks_math.h.
 *
 * A thread widens a group of 32 elements into a row of shared memory, padded so that neither its own
 * writes nor the warp's reads across collide; then the warp writes the groups out one after the other,
 * 32 neighbours at a time. An id outside the table is found by nk_dequantize_ids before.
 */
#include "blocks/blocks.cuh"

#define NK_WARPS 4

NK_DEVICE int64_t nk_id(const void *ids, int long_ids, int64_t i) {
  return long_ids ? ((const int64_t *)ids)[i] : (int64_t)((const int32_t *)ids)[i];
}

/* bad = the number of the first id outside 0…vocabulary−1; the caller has put n there. */
NK_KERNEL(nk_dequantize_ids, 256, int *bad, const void *ids, int64_t n, int64_t vocabulary,
          int long_ids) {
  int64_t i = nk_thread();
  if (i >= n) return;
  int64_t id = nk_id(ids, long_ids, i);
  if (id < 0 || id >= vocabulary) atomicMin(bad, (int)i);
}

template <class R, class T>
NK_DEVICE void nk_dequantize(T *y, const nk_block_rows &m, const void *ids, int64_t n,
                             int64_t y_stride, int long_ids) {
  NK_SHARED(float, wide, NK_WARPS * 32 * (NK_GROUP + 1));
  int64_t groups = (m.columns + NK_GROUP - 1) / NK_GROUP, all = n * groups;
  int lane = (int)threadIdx.x % 32;
  float *mine = wide + threadIdx.x * (NK_GROUP + 1);
  float *warp = wide + (threadIdx.x / 32 * 32) * (NK_GROUP + 1);
  int64_t first = nk_thread() - lane, item = first + lane;
  if (item < all) {
    int64_t i = item / groups, row = ids ? nk_id(ids, long_ids, i) : i;
    float group[NK_GROUP] = {0.0f};
    R::read(group, m, row, item % groups);
    NK_UNROLL
    for (int e = 0; e < NK_GROUP; e++) mine[e] = group[e];
  }
  __syncwarp();
  NK_ROLLED
  for (int g = 0; g < 32 && first + g < all; g++) {
    int64_t i = (first + g) / groups, column = (first + g) % groups * NK_GROUP + lane;
    if (column < m.columns) nk_set(y + i * y_stride + column, warp[g * (NK_GROUP + 1) + lane]);
  }
}

#define NK_DEQUANTIZE(format, type, T)                                                             \
  NK_KERNEL(nk_dequantize_forward_##format##_##type, 128, T *y, const unsigned char *blocks,        \
            const float *absmax, const void *ids, int64_t n, int64_t columns, int64_t y_stride,    \
            int64_t row_bytes, int64_t head_rows, int long_ids) {                                  \
    nk_block_rows m = {blocks, absmax, row_bytes, columns, head_rows};                             \
    nk_dequantize<nk_read_##format>(y, m, ids, n, y_stride, long_ids);                             \
  }
#define NK_FORMAT(format)                                                                          \
  NK_DEQUANTIZE(format, fp32, float)                                                               \
  NK_DEQUANTIZE(format, bf16, nk_bf16)                                                             \
  NK_DEQUANTIZE(format, fp16, nk_fp16)

NK_EACH_FORMAT(NK_FORMAT)
