/*
 * Activations in few bits, to be kept for backward (ActNN, Chen et al. 2021, arXiv 2104.14129): rows of
 * x are cut into blocks, each block has an fp32 scale, elements are rounded stochastically.
 *
 *   scale = max|x| / L        q = [x/scale + u] within ±L        x' = q·scale, off by one step at most
 *
 * with L = 127, 7, 1 for 8, 4, 2 bits, [ ] the nearest whole number and u, between −1/2 and 1/2, element
 * by element from a seed (nk_draw_pair), number row·columns + column. codes (rows,
 * ⌈columns/block⌉·block·bits/8): codes of 4 and 2 bits lie with the first element in the lowest bits;
 * the last block is padded with zeros. A block that holds an infinity or NaN gets the scale NaN, and
 * comes back as NaN. Hazard: below 1e-43 scales lose the digits that one step's error needs. Blocks are
 * independent: any number of threads, the same bits.
 *
 * What bounds it: x is read once, and nothing but codes and scales is written. The work is a hash for
 * each two elements (two products of 32 bits, eight smaller operations) and some nine operations an
 * element; in vectors of 16 it is about as long as memory takes.
 */
#include "activation_simd.h"
#include "nk_random.h"
#include "nk_view.h"

/* Several codes of a byte each, read as one number: the first is in its lowest bits. */
typedef uint16_t __attribute__((may_alias)) nk_codes_2;
typedef uint32_t __attribute__((may_alias)) nk_codes_4;

/* A run's codes, a byte each, and room for the padding of a block that ends a row. */
typedef struct nk_run_codes {
  uint8_t each[NK_RUN] __attribute__((aligned(64)));
} nk_run_codes;

/* n codes (whole bytes of them) of `bits` bits; `bits` is a constant where this is called. */
NK_INLINE void nk_activation_pack(uint8_t *restrict to, const nk_run_codes *codes, int64_t n,
                                  const int bits) {
  if (bits == 8) memcpy(to, codes->each, (size_t)n);
  int64_t done = bits == 8 ? n : nk_activation_pack_simd(to, codes->each, n, bits);
  if (bits == 4) {
    const nk_codes_2 *two = (const nk_codes_2 *)codes->each;
    for (int64_t i = done / 2; i < n / 2; i++) to[i] = (uint8_t)(two[i] | two[i] >> 4);
  }
  if (bits == 2) {
    const nk_codes_4 *four = (const nk_codes_4 *)codes->each;
    for (int64_t i = done / 4; i < n / 4; i++)
      to[i] = (uint8_t)(four[i] | four[i] >> 6 | four[i] >> 12 | four[i] >> 18);
  }
}

/* The inverse: n values (whole bytes of them, so up to 3 more than asked for) of one block. */
NK_INLINE void nk_activation_unpack(float *y, const uint8_t *codes, int64_t n, float scale,
                                    const int bits) {
  const int each = 8 / bits, mask = (1 << bits) - 1;
  int64_t done = bits == 2 ? nk_activation_values_simd(y, codes, n, scale) : 0;
#pragma omp simd
  for (int64_t i = done / each; i < (n + each - 1) / each; i++) {
    int byte = codes[i];
#pragma GCC unroll 4
    for (int j = 0; j < each; j++)
      y[i * each + j] = nk_activation_value(byte >> (j * bits) & mask, scale, bits);
  }
}

/* The largest of *largest and the sizes of n elements, as bits: those of no number are above all. */
NK_INLINE void nk_activation_look(const float *x, int64_t n, int32_t *largest) {
  int32_t most = 0;
  int64_t done = nk_activation_look_simd(x, n, &most);
#pragma omp simd reduction(max : most)
  for (int64_t i = done; i < n; i++) {
    int32_t size = (int32_t)(nk_to_bits(x[i]) & 0x7fffffffu);
    most = size > most ? size : most;
  }
  *largest = most > *largest ? most : *largest;
}

NK_INLINE float nk_activation_scale(int32_t largest, int steps) {
  return (largest < 0x7f800000 ? nk_from_bits((uint32_t)largest) : NAN) / (float)steps;
}

/* Codes of n elements; those of 0 where there is no scale to speak of. */
NK_INLINE void nk_activation_round(uint8_t *codes, const float *x, const int16_t *draw, int64_t n,
                                   float scale, float factor, int steps) {
  if (!(scale > 0.0f)) {
    memset(codes, steps + 1, (size_t)n);
    return;
  }
  int64_t done = factor > 0.0f ? nk_activation_codes_simd(codes, x, draw, n, factor, steps) : 0;
#pragma omp simd
  for (int64_t i = done; i < n; i++)
    codes[i] = (uint8_t)(nk_activation_step(x[i], scale, factor, draw[i], steps) + steps + 1);
}

typedef int16_t __attribute__((may_alias)) nk_draws;

/* Draws of a run: of n elements from number `first` on, which may be a pair's second. */
typedef struct nk_run_draws {
  uint32_t words[NK_RUN / 2 + 1] __attribute__((aligned(64)));
} nk_run_draws;

NK_INLINE const int16_t *nk_activation_draw(nk_run_draws *draws, int64_t seed, int64_t first,
                                             int64_t n) {
  int64_t odd = first & 1;
  nk_pair_run(draws->words, seed, (uint64_t)first >> 1, (int32_t)(n + odd + 1) / 2);
  return (const nk_draws *)draws->words + odd;
}

/* The scale of n elements, and what they are multiplied by. */
NK_INLINE void nk_activation_measure(float *scale, float *factor, const float *x, int64_t n,
                                     int steps) {
  int32_t largest = 0;
  nk_activation_look(x, n, &largest);
  *scale = nk_activation_scale(largest, steps);
  *factor = nk_activation_factor(*scale);
}

/* That of the blocks of n elements. */
NK_INLINE void nk_activation_scales(float *scales, float *factors, const float *x, int64_t n,
                                    int64_t block, int steps) {
  int64_t whole = n / block, from = whole * block;
  for (int64_t b = 0; b < whole; b++)
    nk_activation_measure(scales + b, factors + b, x + b * block, block, steps);
  if (from < n)
    nk_activation_measure(scales + whole, factors + whole, x + from, n - from, steps);
}

/* Codes of the blocks of n elements, a byte each; says where the last one's room ends. */
NK_INLINE int64_t nk_activation_codes(uint8_t *codes, const float *scales, const float *factors,
                                      const float *x, const int16_t *draw, int64_t n,
                                      int64_t block, int steps) {
  int64_t whole = n / block, from = whole * block;
  for (int64_t b = 0; b < whole; b++)
    nk_activation_round(codes + b * block, x + b * block, draw + b * block, block, scales[b],
                        factors[b], steps);
  if (from == n) return n;
  nk_activation_round(codes + from, x + from, draw + from, n - from, scales[whole], factors[whole],
                      steps);
  memset(codes + n, steps + 1, (size_t)(from + block - n));
  return from + block;
}

/* The block that nearly everybody asks for: where a run is full, loops have constant bounds. */
#define NK_USUAL_BLOCK 64

/*
 * Some blocks of one row, of at most NK_RUN elements together: they are read once. From a block's
 * largest element to its factor it is a chain of two divisions, longer than the rest of the block's work:
 * the chains of all blocks run beside each other, and beside the draws.
 */
NK_INLINE void nk_activation_blocks(uint8_t *codes, float *scales, const void *x, int type,
                                    int64_t at, int64_t number, int64_t n, int64_t block,
                                    int64_t seed, const int bits) {
  int steps = nk_activation_steps(bits);
  float buffer[NK_RUN], factors[NK_RUN];
  nk_run_draws draws;
  nk_run_codes own;
  const float *v = nk_fetch(buffer, x, type, at, n);
  if (n == NK_RUN && block == NK_USUAL_BLOCK) {
    nk_activation_scales(scales, factors, v, NK_RUN, NK_USUAL_BLOCK, steps);
    const int16_t *draw = nk_activation_draw(&draws, seed, number, NK_RUN);
    nk_activation_codes(own.each, scales, factors, v, draw, NK_RUN, NK_USUAL_BLOCK, steps);
    nk_activation_pack(codes, &own, NK_RUN, bits);
  } else {
    nk_activation_scales(scales, factors, v, n, block, steps);
    const int16_t *draw = nk_activation_draw(&draws, seed, number, n);
    int64_t end = nk_activation_codes(own.each, scales, factors, v, draw, n, block, steps);
    nk_activation_pack(codes, &own, end, bits);
  }
}

/* One block of more than NK_RUN elements, in two passes. */
NK_INLINE void nk_activation_long(uint8_t *codes, float *scales, const void *x, int type, int64_t at,
                                  int64_t number, int64_t n, int64_t block, int64_t seed,
                                  const int bits) {
  int steps = nk_activation_steps(bits);
  int32_t largest = 0;
  float buffer[NK_RUN];
  for (int64_t from = 0; from < n; from += NK_RUN) {
    int64_t count = nk_min(NK_RUN, n - from);
    nk_activation_look(nk_fetch(buffer, x, type, at + from, count), count, &largest);
  }
  *scales = nk_activation_scale(largest, steps);
  for (int64_t from = 0; from < block; from += NK_RUN) {
    int64_t room = nk_min(NK_RUN, block - from), count = nk_max(0, nk_min(room, n - from));
    nk_run_draws draws;
    nk_run_codes own;
    memset(own.each, steps + 1, NK_RUN);
    if (count > 0) {
      const int16_t *draw = nk_activation_draw(&draws, seed, number + from, count);
      nk_activation_round(own.each, nk_view(buffer, x, type, at + from, count), draw, count,
                          *scales, nk_activation_factor(*scales), steps);
    }
    nk_activation_pack(codes + from * bits / 8, &own, room, bits);
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
