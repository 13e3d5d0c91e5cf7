/*
 * Activations in few bits, to be kept for backward (ActNN, Chen et al. 2021, arXiv 2104.14129): rows of
 * x are cut into blocks, each block has an fp32 scale, elements are rounded stochastically.
 *
 *   scale = max|x| / L        q = ⌊x/scale + u⌋ within ±L        x' = q·scale, off by one step at most
 *
 * with L = 127, 7, 1 for 8, 4, 2 bits and u element by element from a seed (nk_random.h), number
 * row·columns + column. codes (rows, ⌈columns/block⌉·block·bits/8): codes of 4 and 2 bits lie with the
 * first element in the lowest bits; the last block is padded with zeros. A block that holds an
 * infinity or NaN gets the scale NaN, and comes back as NaN. Hazard: below 1e-43 scales lose the
 * digits that one step's error needs. Blocks are independent: any number of threads, the same bits.
 */
#include "nk_random.h"
#include "nk_view.h"
#include "quantize_activation_math.h"

/* n steps (whole bytes of them) as codes. */
NK_INLINE void nk_activation_pack(uint8_t *codes, const int32_t *steps, int64_t n, int bits) {
  int each = 8 / bits, zero = 1 << (bits - 1);
  if (each == 1) {
    for (int64_t i = 0; i < n; i++) codes[i] = (uint8_t)(steps[i] + zero);
    return;
  }
  for (int64_t i = 0; i < n / each; i++) {
    int byte = 0;
    for (int j = 0; j < each; j++) byte |= (steps[i * each + j] + zero) << (j * bits);
    codes[i] = (uint8_t)byte;
  }
}

/* max|x| of a block, NaN where an element is no finite number. */
NK_INLINE float nk_activation_largest(const void *x, int type, int64_t at, int64_t n) {
  float largest = 0.0f, wild = 0.0f;
  for (int64_t from = 0; from < n; from += NK_RUN) {
    int64_t count = nk_min(NK_RUN, n - from);
    float buffer[NK_RUN];
    const float *v = nk_fetch(buffer, x, type, at + from, count);
#pragma omp simd reduction(max : largest) reduction(+ : wild)
    for (int64_t i = 0; i < count; i++) {
      float size = v[i] < 0.0f ? -v[i] : v[i];
      largest = size > largest ? size : largest;
      wild += v[i] * 0.0f;
    }
  }
  return wild == 0.0f ? largest : NAN;
}

NK_EXPORT void NK_FN(nk_quantize_activation_forward)(uint8_t *codes, float *scales, const void *x,
                                                     int64_t rows, int64_t columns, int64_t block,
                                                     int64_t x_stride, int64_t seed, int bits,
                                                     int type, int threads) {
  int64_t blocks = (columns + block - 1) / block;
  int steps = nk_activation_steps(bits);
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads) \
    if (rows * columns > NK_SERIAL_WORK / 4)
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t b = 0; b < blocks; b++) {
      int64_t begin = b * block, n = nk_min(block, columns - begin), at = row * x_stride + begin;
      float scale = nk_activation_largest(x, type, at, n) / (float)steps;
      scales[row * blocks + b] = scale;
      uint8_t *to = codes + (row * blocks + b) * (block * bits / 8);
      for (int64_t from = 0; from < block; from += NK_RUN) {
        int64_t room = nk_min(NK_RUN, block - from), count = nk_max(0, nk_min(room, n - from));
        float buffer[NK_RUN];
        uint32_t draw[NK_RUN];
        int32_t q[NK_RUN] = {0};
        if (count > 0 && scale > 0.0f) {
          const float *v = nk_view(buffer, x, type, at + from, count);
          nk_draw_run(draw, seed, (uint64_t)(row * columns + begin + from), count);
#pragma omp simd
          for (int64_t i = 0; i < count; i++) q[i] = nk_activation_step(v[i], scale, draw[i], steps);
        }
        nk_activation_pack(to + from * bits / 8, q, room, bits);
      }
    }
  }
}

/* y (rows, columns) from codes and scales of the same blocks. */
NK_EXPORT void NK_FN(nk_dequantize_activation_forward)(void *y, const uint8_t *codes,
                                                       const float *scales, int64_t rows,
                                                       int64_t columns, int64_t block,
                                                       int64_t y_stride, int bits, int type,
                                                       int threads) {
  int64_t blocks = (columns + block - 1) / block;
  int each = 8 / bits, mask = (1 << bits) - 1;
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads) \
    if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t b = 0; b < blocks; b++) {
      int64_t begin = b * block, n = nk_min(block, columns - begin);
      const uint8_t *from = codes + (row * blocks + b) * (block * bits / 8);
      float scale = scales[row * blocks + b];
      for (int64_t at = 0; at < n; at += NK_RUN) {
        int64_t count = nk_min(NK_RUN, n - at);
        float out[NK_RUN];
        const uint8_t *run = from + at / each;
#pragma omp simd
        for (int64_t i = 0; i < count; i++) {
          int code = run[i / each] >> (i % each * bits) & mask;
          out[i] = nk_activation_value(code, scale, bits);
        }
        nk_store(y, type, row * y_stride + begin + at, out, count);
      }
    }
  }
}
