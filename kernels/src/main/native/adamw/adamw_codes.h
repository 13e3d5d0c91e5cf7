/*
 * Moments in 8 bits, for C and CUDA. 256 elements share an fp32 scale, their largest magnitude over
 * NK_MOMENT_TOP; a code holds a small floating-point number of the rest:
 *
 *   exp_avg     128 ± k, k = 8·e + f: 4 bits of exponent, 3 of fraction
 *   exp_avg_sq  k = 8·e + f: 5 bits of exponent, 3 of fraction, no sign
 *   value(k) = (1 + f/8)·2^(e − bias), below k = 8 k/8·2^(1 − bias); bias 15 or 31
 *
 * Rounding is stochastic by step and element: rounded to nearest, an average that moves by less than
 * half a code in a step would never move.
 */
#ifndef NK_ADAMW_CODES_H
#define NK_ADAMW_CODES_H

#include "nk_math.h"

/* The largest value of both forms, at k = 127 and 255. */
#define NK_MOMENT_TOP 1.875f
#define NK_MOMENT_BIAS_SIGNED 15
#define NK_MOMENT_BIAS 31

typedef union {
  float value;
  unsigned int bits;
} nk_moment_word;

/* k of a size in units of the scale, at most `top`; `draw` rounds it up as often as it lies above. */
NK_MATH int nk_moment_code(float size, unsigned int draw, int bias, int top) {
  nk_moment_word word;
  word.value = size;
  /* The exponent and three bits of the fraction, by a carry out of the twenty bits below. */
  int large = (int)((word.bits + (draw >> 12)) >> 20) - (127 - bias) * 8;
  nk_moment_word unit;
  unit.bits = (unsigned int)(127 + bias + 2) << 23;
  float scaled = size * unit.value;
  int small = (int)((scaled < 8.0f ? scaled : 8.0f) + (float)(draw >> 8) * 0x1p-24f);
  int k = scaled < 8.0f ? small : large;
  return k > top ? top : k;
}

NK_MATH float nk_moment_value(int k, int bias) {
  nk_moment_word word, unit;
  word.bits = (unsigned int)(k + (127 - bias) * 8) << 20;
  unit.bits = (unsigned int)(127 - bias - 2) << 23;
  return k < 8 ? (float)k * unit.value : word.value;
}

#endif
