/* One element of the clipped norm, for C and CUDA. */
#ifndef NK_CLIP_GRAD_NORM_MATH_H
#define NK_CLIP_GRAD_NORM_MATH_H

#include "nk_math.h"

/* g²: two floats' product has 48 bits, so a double holds it exactly. */
NK_MATH double nk_clip_square(float g) { return (double)g * (double)g; }

/* What every gradient is multiplied by: never above one, and no number where the norm is none. */
NK_MATH double nk_clip_factor(double norm, double max_norm) {
  double factor = max_norm / (norm + 1e-6);
  return factor > 1.0 ? 1.0 : factor;
}

NK_MATH float nk_clip_scaled(float g, float factor) { return g * factor; }

#endif
