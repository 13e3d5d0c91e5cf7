/*
 * One element of the norm, for C and CUDA. n = x·rstd is the normalised element; Llama's form
 * (offset 0) stores it in the storage type before the weight touches it, so the caller rounds it.
 */
#ifndef NK_RMS_NORM_MATH_H
#define NK_RMS_NORM_MATH_H

#include "nk_math.h"

NK_MATH float nk_rms_norm_rstd(double squares, double columns, float eps) {
  return (float)(1.0 / sqrt(squares / columns + (double)eps));
}

NK_MATH float nk_rms_norm_y(float n, float weight, float offset) { return n * (offset + weight); }

/* dL/dn of an element. */
NK_MATH float nk_rms_norm_g(float grad_y, float weight, float offset) {
  return grad_y * (offset + weight);
}

/* dL/dx: pull = (Σ g·n + grad_rstd·rstd) / C is what the row's elements do to rstd. */
NK_MATH float nk_rms_norm_grad_x(float g, float n, float pull, float rstd) {
  return rstd * nk_fma(-n, pull, g);
}

#endif
