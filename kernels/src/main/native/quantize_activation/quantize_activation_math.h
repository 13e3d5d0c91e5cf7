/*
 * One element of an activation in 8, 4 or 2 bits, for C and CUDA. L = 2^(bits−1) − 1 steps to each
 * side of zero; a code is the step plus 2^(bits−1).
 */
#ifndef NK_QUANTIZE_ACTIVATION_MATH_H
#define NK_QUANTIZE_ACTIVATION_MATH_H

#include "nk_math.h"

NK_MATH int nk_activation_steps(int bits) { return (1 << (bits - 1)) - 1; }

/*
 * The step that x becomes: ⌊x/scale + u⌋, u the draw as a number from 0 on, below 1. So x is rounded up
 * as often as it lies above, and its expectation is x.
 */
NK_MATH int nk_activation_step(float x, float scale, unsigned int draw, int steps) {
  float t = x / scale + (float)(draw >> 8) * 0x1p-24f;
  int q = (int)t;
  q -= (float)q > t ? 1 : 0;
  return q > steps ? steps : q < -steps ? -steps : q;
}

NK_MATH float nk_activation_value(int code, float scale, int bits) {
  return (float)(code - (1 << (bits - 1))) * scale;
}

#endif
