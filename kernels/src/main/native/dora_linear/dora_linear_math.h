/* One element of the scaled product, for C and CUDA. */
#ifndef NK_DORA_LINEAR_MATH_H
#define NK_DORA_LINEAR_MATH_H

#include "nk_math.h"

/* What a column of the product is multiplied by. */
NK_MATH float nk_dora_factor(float magnitude, float norm) { return magnitude / norm; }

NK_MATH float nk_dora_y(float product, float factor, float bias) {
  return nk_fma(product, factor, bias);
}

/* A token's share of dL/dmagnitude, but for the division by the norm. */
NK_MATH double nk_dora_share(float grad_y, float product) {
  return (double)grad_y * (double)product;
}

#endif
