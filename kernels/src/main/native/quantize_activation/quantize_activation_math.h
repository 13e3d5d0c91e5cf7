/*
 * One element of an activation in 8, 4 or 2 bits, for C and CUDA. L = 2^(bits−1) − 1 steps to each
 * side of zero; a code is the step plus 2^(bits−1).
 */
#ifndef NK_QUANTIZE_ACTIVATION_MATH_H
#define NK_QUANTIZE_ACTIVATION_MATH_H

#include "nk_math.h"

NK_MATH int nk_activation_steps(int bits) { return (1 << (bits - 1)) - 1; }

/* What elements are multiplied by; 0 where the inverse would lose digits, and x/scale is taken. */
NK_MATH float nk_activation_factor(float scale) {
  return scale >= 0x1p-125f && scale <= 0x1p125f ? 1.0f / scale : 0.0f;
}

/*
 * The step that x becomes: the whole number nearest to x/scale + u, u = (draw | 1)/2^16 with draw of 16
 * bits, signed. So x is rounded up as often as it lies above, within 2^-16 to either side, and its
 * expectation is x.
 */
NK_MATH int nk_activation_step(float x, float scale, float factor, short draw, int steps) {
  float t = (factor > 0.0f ? x * factor : x / scale) + (float)(draw | 1) * 0x1p-16f;
  int q = (int)((t + 12582912.0f) - 12582912.0f); /* 1.5·2^23 leaves no digits behind the point */
  return q > steps ? steps : q < -steps ? -steps : q;
}

NK_MATH float nk_activation_value(int code, float scale, int bits) {
  return (float)(code - (1 << (bits - 1))) * scale;
}

#endif
