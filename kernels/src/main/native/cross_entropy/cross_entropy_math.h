/* One element of the loss, for C and CUDA. */
#ifndef NK_CROSS_ENTROPY_MATH_H
#define NK_CROSS_ENTROPY_MATH_H

#include "nk_tanh.h"

/* The logit after the soft cap. */
NK_MATH float nk_cross_entropy_cap(float logit, float softcap) {
  return softcap * nk_tanh(logit / softcap);
}

/* What the cap's slope is, from the logit behind it. */
NK_MATH float nk_cross_entropy_slope(float capped, float softcap) {
  float t = capped / softcap;
  return nk_fma(-t, t, 1.0f);
}

#endif
