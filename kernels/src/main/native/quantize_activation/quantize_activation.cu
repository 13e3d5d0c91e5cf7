/*
 * Activations in few bits on a GPU, bit by bit what quantize_activation.c writes; equations and the
 * form of codes stand there.
 *
 *   scale = max|x| / L        q = [x/scale + u] within ±L        x' = q·scale
 *
 * `lanes` threads of a warp, a power of two, take a block; each takes items of NK_V adjacent elements,
 * which are whole bytes of codes. The block is read twice, the second time out of the cache: first for
 * its largest size, then for its codes. Nothing depends on the grid. Hazard: a block that holds an
 * infinity or NaN gets the scale NaN and the codes of zeros.
 */
#include "typed.cuh"
#include "nk_random.h"
#include "quantize_activation_math.h"

#define NK_V 4

/* Codes of an item: `n` elements, whole bytes of them; `wide` moves a whole item's bytes as one. */
NK_DEVICE void nk_activation_store(uint8_t *to, const int *steps, int n, int bits, int wide) {
  int each = 8 / bits, zero = 1 << (bits - 1);
  uint32_t word = 0;
  NK_UNROLL
  for (int e = 0; e < NK_V; e++) word |= (uint32_t)(steps[e] + zero) << (e * bits);
  if (wide && n == NK_V) {
    if (bits == 8) *(uint32_t *)to = word;
    if (bits == 4) *(uint16_t *)to = (uint16_t)word;
    if (bits == 2) *to = (uint8_t)word;
    return;
  }
  for (int byte = 0; byte * each < n; byte++) to[byte] = (uint8_t)(word >> (byte * 8));
}

NK_KERNEL(nk_quantize_activation_forward, 256, uint8_t *codes, float *scales, const void *x,
          int64_t rows, int64_t columns, int64_t block, int64_t x_stride, int64_t seed, int bits,
          int type, int lanes, int wide) {
  int64_t blocks = (columns + block - 1) / block, number = nk_thread() / lanes;
  bool mine = number < rows * blocks;
  int64_t row = mine ? number / blocks : 0, begin = mine ? number % blocks * block : 0;
  int64_t left = columns - begin, n = !mine ? 0 : left < block ? left : block;
  int lane = (int)threadIdx.x % lanes, steps = nk_activation_steps(bits);
  int64_t from = row * x_stride + begin;
  float largest = 0.0f, wild = 0.0f;
  NK_ROLLED
  for (int64_t at = lane * NK_V; at < n; at += lanes * NK_V) {
    nk_floats<NK_V> v = nk_read_as<NK_V>(x, type, from + at, wide, n - at);
    NK_UNROLL
    for (int e = 0; e < NK_V; e++) {
      float size = v.at[e] < 0.0f ? -v.at[e] : v.at[e];
      largest = size > largest ? size : largest;
      wild += v.at[e] * 0.0f;
    }
  }
  NK_ROLLED
  for (int step = lanes / 2; step > 0; step /= 2) {
    float other = __shfl_xor_sync(0xffffffffu, largest, step);
    largest = other > largest ? other : largest;
    wild += __shfl_xor_sync(0xffffffffu, wild, step);
  }
  if (!mine) return;
  float scale = (wild == 0.0f ? largest : wild) / (float)steps;
  float factor = nk_activation_factor(scale);
  if (lane == 0) scales[number] = scale;
  uint8_t *to = codes + number * (block * bits / 8);
  uint64_t first = (uint64_t)row * (uint64_t)columns + (uint64_t)begin;
  NK_ROLLED
  for (int64_t at = lane * NK_V; at < block; at += lanes * NK_V) {
    nk_floats<NK_V> v = nk_read_as<NK_V>(x, type, from + at, wide, n - at);
    uint64_t counter = first + (uint64_t)at, key = nk_draw_key((uint64_t)seed, counter >> 1);
    uint32_t word = nk_draw_pair(key, (uint32_t)(counter >> 1));
    int q[NK_V];
    NK_UNROLL
    for (int e = 0; e < NK_V; e++) {
      uint64_t own = counter + (uint64_t)e, pair = own >> 1;
      if (e > 0 && (own & 1) == 0) {
        if ((uint32_t)pair == 0) key = nk_draw_key((uint64_t)seed, pair);
        word = nk_draw_pair(key, (uint32_t)pair);
      }
      short draw = (short)(word >> (own & 1) * 16);
      q[e] = 0;
      if (at + e < n && scale > 0.0f) q[e] = nk_activation_step(v.at[e], scale, factor, draw, steps);
    }
    int room = block - at < NK_V ? (int)(block - at) : NK_V;
    nk_activation_store(to + at * bits / 8, q, room, bits, wide);
  }
}

/* y (rows, columns) from codes and scales of the same blocks: NK_V elements of a block a thread. */
NK_KERNEL(nk_dequantize_activation_forward, 256, void *y, const uint8_t *codes, const float *scales,
          int64_t rows, int64_t columns, int64_t block, int64_t y_stride, int bits, int type,
          int wide) {
  int64_t blocks = (columns + block - 1) / block, items = (block + NK_V - 1) / NK_V;
  int64_t all = rows * blocks * items;
  for (int64_t item = nk_thread(); item < all; item += nk_threads()) {
    int64_t number = item / items, at = item % items * NK_V;
    int64_t row = number / blocks, column = number % blocks * block + at;
    int64_t room = block - at, left = columns - column;
    left = left < room ? left : room;
    if (left <= 0) continue;
    const uint8_t *from = codes + number * (block * bits / 8) + at * bits / 8;
    int bytes = ((left < NK_V ? (int)left : NK_V) * bits + 7) / 8;
    uint32_t word = 0;
    if (wide && bits == 8 && left >= NK_V) {
      word = *(const uint32_t *)from;
    } else {
      for (int byte = 0; byte < bytes; byte++) word |= (uint32_t)from[byte] << (byte * 8);
    }
    float scale = scales[number];
    nk_floats<NK_V> out;
    NK_UNROLL
    for (int e = 0; e < NK_V; e++)
      out.at[e] = nk_activation_value((int)(word >> (e * bits) & ((1u << bits) - 1u)), scale, bits);
    nk_write_as<NK_V>(y, type, row * y_stride + column, out, wide, left);
  }
}
