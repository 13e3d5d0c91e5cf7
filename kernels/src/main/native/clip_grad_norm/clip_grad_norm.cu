/*
 * The 2-norm over many gradients, and their scaling, on a GPU: norm = √Σ g², then
 * g·min(1, max/(norm + 1e-6)).
 *
 * Row i of `table` (slots, 4): address, number of elements, number of the first block of NK_CLIP_BLOCK
 * elements, element type. A block of threads sums the squares of a block of elements in double, each
 * thread its own vectors and the threads by a fixed tree; one block then adds these partials in order:
 * the same bits on every GPU, for every alignment.
 */
#include "nk_cuda.h"
#include "clip_grad_norm_math.h"

/* BlockTable.BLOCK in Java counts the blocks. */
#define NK_CLIP_BLOCK 8192
#define NK_CLIP_COLUMNS 4
#define NK_V 4

struct nk_clip_part {
  int64_t address, begin;
  int n, type;
};

/* What part of which tensor a block of elements is. */
NK_DEVICE nk_clip_part nk_clip_find(const int64_t *table, int64_t slots, int64_t block) {
  int64_t low = 0, high = slots - 1;
  while (low < high) {
    int64_t middle = (low + high + 1) / 2;
    if (table[middle * NK_CLIP_COLUMNS + 2] <= block) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  const int64_t *slot = table + low * NK_CLIP_COLUMNS;
  int64_t begin = (block - slot[2]) * NK_CLIP_BLOCK, left = slot[1] - begin;
  nk_clip_part part = {slot[0], begin, left < NK_CLIP_BLOCK ? (int)left : NK_CLIP_BLOCK, (int)slot[3]};
  return part;
}

template <class T>
NK_DEVICE double nk_clip_squares(const nk_clip_part &part) {
  const T *g = (const T *)(uintptr_t)part.address + part.begin;
  int wide = (part.address & (int64_t)(sizeof(T) * NK_V - 1)) == 0;
  double sum = 0.0;
  for (int i = (int)threadIdx.x * NK_V; i < part.n; i += (int)blockDim.x * NK_V) {
    nk_floats<NK_V> x = nk_read<NK_V>(g + i, wide, part.n - i);
    NK_UNROLL
    for (int k = 0; k < NK_V; k++) sum += nk_clip_square(x.at[k]);
  }
  return sum;
}

NK_KERNEL(nk_clip_grad_norm_squares, 256, double *partials, const int64_t *table, int64_t slots) {
  NK_SHARED(double, room, 8);
  nk_clip_part part = nk_clip_find(table, slots, blockIdx.x);
  double sum = part.type == NK_FP32   ? nk_clip_squares<float>(part)
               : part.type == NK_BF16 ? nk_clip_squares<nk_bf16>(part)
                                      : nk_clip_squares<nk_fp16>(part);
  sum = nk_block_sum(sum, room);
  if (threadIdx.x == 0) partials[blockIdx.x] = sum;
}

/* norm[0] = √Σ of the partials, norm[1] = what clipping at max_norm multiplies by. One block. */
NK_KERNEL(nk_clip_grad_norm_norm, 256, double *norm, const double *partials, int64_t blocks,
          double max_norm) {
  NK_SHARED(double, room, 8);
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < blocks; i += blockDim.x) sum += partials[i];
  sum = nk_block_sum(sum, room);
  if (threadIdx.x != 0) return;
  norm[0] = sqrt(sum);
  norm[1] = nk_clip_factor(norm[0], max_norm);
}

template <class T>
NK_DEVICE void nk_clip_scale(const nk_clip_part &part, float factor) {
  T *g = (T *)(uintptr_t)part.address + part.begin;
  int wide = (part.address & (int64_t)(sizeof(T) * NK_V - 1)) == 0;
  for (int i = (int)threadIdx.x * NK_V; i < part.n; i += (int)blockDim.x * NK_V) {
    nk_floats<NK_V> x = nk_read<NK_V>(g + i, wide, part.n - i);
    NK_UNROLL
    for (int k = 0; k < NK_V; k++) x.at[k] = nk_clip_scaled(x.at[k], factor);
    nk_write<NK_V>(g + i, x, wide, part.n - i);
  }
}

NK_KERNEL(nk_clip_grad_norm_scale, 256, const int64_t *table, int64_t slots, float factor) {
  nk_clip_part part = nk_clip_find(table, slots, blockIdx.x);
  if (part.type == NK_FP32) {
    nk_clip_scale<float>(part, factor);
  } else if (part.type == NK_BF16) {
    nk_clip_scale<nk_bf16>(part, factor);
  } else {
    nk_clip_scale<nk_fp16>(part, factor);
  }
}
