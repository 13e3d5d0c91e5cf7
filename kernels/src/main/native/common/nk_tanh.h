/* tanh, for the soft caps of logits and of attention's scores, in C and in CUDA. */
#ifndef NK_TANH_H
#define NK_TANH_H

#include "nk_math.h"

/*
 * tanh within 2 units in the last place: a series near zero, where 1 − 2/(e^2x + 1) would lose all
 * digits, and that form elsewhere.
 */
NK_MATH float nk_tanh(float x) {
  float z = x * x;
  float series = nk_fma(nk_fma(nk_fma(nk_fma(2.1869488e-2f, z, -5.3968254e-2f), z, 1.3333333e-1f), z,
                               -3.3333333e-1f),
                        z * x, x);
  float far = 1.0f - 2.0f / (nk_exp(x + x) + 1.0f);
  return z < 0.0625f ? series : far;
}

#endif
