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

/* n steps (whole bytes of them) as codes; `bits` is a constant where this is called. */
NK_INLINE void nk_activation_pack(uint8_t *codes, const int32_t *steps, int64_t n, const int bits) {
  const int each = 8 / bits, zero = 1 << (bits - 1);
#pragma omp simd
  for (int64_t i = 0; i < n / each; i++) {
    int byte = 0;
#pragma GCC unroll 4
    for (int j = 0; j < each; j++) byte |= (steps[i * each + j] + zero) << (j * bits);
    codes[i] = (uint8_t)byte;
  }
}

/* The inverse: n values (whole bytes of them, so up to 3 more than asked for) of one block. */
NK_INLINE void nk_activation_unpack(float *y, const uint8_t *codes, int64_t n, float scale,
                                    const int bits) {
  const int each = 8 / bits, mask = (1 << bits) - 1;
#pragma omp simd
  for (int64_t i = 0; i < (n + each - 1) / each; i++) {
    int byte = codes[i];
#pragma GCC unroll 4
    for (int j = 0; j < each; j++)
      y[i * each + j] = nk_activation_value(byte >> (j * bits) & mask, scale, bits);
  }
}

/* Takes the largest size into *largest; *wild becomes NaN by an element that is no finite number. */
NK_INLINE void nk_activation_look(const float *x, int64_t n, float *largest, float *wild) {
  float most = *largest, none = *wild;
#pragma omp simd reduction(max : most) reduction(+ : none)
  for (int64_t i = 0; i < n; i++) {
    float size = x[i] < 0.0f ? -x[i] : x[i];
    most = size > most ? size : most;
    none += x[i] * 0.0f;
  }
  *largest = most;
  *wild = none;
}

/* Steps of n elements; 0 where there is no scale to speak of. */
NK_INLINE void nk_activation_round(int32_t *q, const float *x, const uint32_t *draw, int64_t n,
                                   float scale, int steps) {
  if (!(scale > 0.0f)) {
    memset(q, 0, (size_t)n * sizeof(int32_t));
    return;
  }
#pragma omp simd
  for (int64_t i = 0; i < n; i++) q[i] = nk_activation_step(x[i], scale, draw[i], steps);
}

/* Some blocks of one row, of at most NK_RUN elements together: they are read once. */
NK_INLINE void nk_activation_blocks(uint8_t *codes, float *scales, const void *x, int type,
                                    int64_t at, int64_t number, int64_t n, int64_t block,
                                    int64_t seed, const int bits) {
  int steps = nk_activation_steps(bits);
  float buffer[NK_RUN];
  uint32_t draw[NK_RUN];
  int32_t q[NK_RUN];
  const float *v = nk_fetch(buffer, x, type, at, n);
  nk_draw_run(draw, seed, (uint64_t)number, n);
  int64_t from = 0;
  for (int64_t b = 0; from < n; b++, from += block) {
    int64_t count = nk_min(block, n - from);
    float largest = 0.0f, wild = 0.0f;
    nk_activation_look(v + from, count, &largest, &wild);
    float scale = (wild == 0.0f ? largest : NAN) / (float)steps;
    scales[b] = scale;
    nk_activation_round(q + from, v + from, draw + from, count, scale, steps);
    for (int64_t i = count; i < block; i++) q[from + i] = 0;
  }
  nk_activation_pack(codes, q, from, bits);
}

/* One block of more than NK_RUN elements, in two passes. */
NK_INLINE void nk_activation_long(uint8_t *codes, float *scales, const void *x, int type, int64_t at,
                                  int64_t number, int64_t n, int64_t block, int64_t seed,
                                  const int bits) {
  int steps = nk_activation_steps(bits);
  float buffer[NK_RUN], largest = 0.0f, wild = 0.0f;
  for (int64_t from = 0; from < n; from += NK_RUN) {
    int64_t count = nk_min(NK_RUN, n - from);
    nk_activation_look(nk_fetch(buffer, x, type, at + from, count), count, &largest, &wild);
  }
  *scales = (wild == 0.0f ? largest : NAN) / (float)steps;
  for (int64_t from = 0; from < block; from += NK_RUN) {
    int64_t room = nk_min(NK_RUN, block - from), count = nk_max(0, nk_min(room, n - from));
    uint32_t draw[NK_RUN];
    int32_t q[NK_RUN] = {0};
    if (count > 0) {
      nk_draw_run(draw, seed, (uint64_t)(number + from), count);
      nk_activation_round(q, nk_view(buffer, x, type, at + from, count), draw, count, *scales,
                          steps);
    }
    nk_activation_pack(codes + from * bits / 8, q, room, bits);
  }
}

NK_EXPORT void NK_FN(nk_quantize_activation_forward)(uint8_t *codes, float *scales, const void *x,
                                                     int64_t rows, int64_t columns, int64_t block,
                                                     int64_t x_stride, int64_t seed, int bits,
                                                     int type, int threads) {
  int64_t blocks = (columns + block - 1) / block, bytes = block * bits / 8;
  int64_t each = nk_max(1, NK_RUN / block), units = (blocks + each - 1) / each;
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads) \
    if (rows * columns > NK_SERIAL_WORK / 4)
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t unit = 0; unit < units; unit++) {
      int64_t b = unit * each, begin = b * block, n = nk_min(each * block, columns - begin);
      int64_t at = row * x_stride + begin, number = row * columns + begin;
      uint8_t *to = codes + (row * blocks + b) * bytes;
      float *own = scales + row * blocks + b;
      if (block > NK_RUN) {
        if (bits == 8) nk_activation_long(to, own, x, type, at, number, n, block, seed, 8);
        if (bits == 4) nk_activation_long(to, own, x, type, at, number, n, block, seed, 4);
        if (bits == 2) nk_activation_long(to, own, x, type, at, number, n, block, seed, 2);
      } else {
        if (bits == 8) nk_activation_blocks(to, own, x, type, at, number, n, block, seed, 8);
        if (bits == 4) nk_activation_blocks(to, own, x, type, at, number, n, block, seed, 4);
        if (bits == 2) nk_activation_blocks(to, own, x, type, at, number, n, block, seed, 2);
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
  int stream = rows * columns * nk_bytes(type) >= NK_STREAM_BYTES;
#pragma omp parallel for schedule(static) num_threads(threads) \
    if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t b = 0; b < blocks; b++) {
      int64_t begin = b * block, n = nk_min(block, columns - begin);
      const uint8_t *from = codes + (row * blocks + b) * (block * bits / 8);
      float scale = scales[row * blocks + b];
      for (int64_t at = 0; at < n; at += NK_RUN) {
        int64_t count = nk_min(NK_RUN, n - at);
        float out[NK_RUN + 4];
        if (bits == 8) nk_activation_unpack(out, from + at, count, scale, 8);
        if (bits == 4) nk_activation_unpack(out, from + at / 2, count, scale, 4);
        if (bits == 2) nk_activation_unpack(out, from + at / 4, count, scale, 2);
        nk_put(y, type, row * y_stride + begin + at, out, count, stream);
      }
    }
    nk_stream_end(stream);
  }
}
