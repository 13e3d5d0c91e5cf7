/* One element of AdamW, for C and CUDA, in the order in which torch.optim.AdamW rounds. */
#ifndef NK_ADAMW_MATH_H
#define NK_ADAMW_MATH_H

#include "nk_math.h"

/* keep = 1 − lr·weight_decay, step_size = lr/(1 − beta1^t), root = √(1 − beta2^t). */
typedef struct {
  float keep, weight1, beta2, weight2, step_size, root, eps;
} nk_adamw_factors;

NK_MATH float nk_adamw_first(float m, float g, nk_adamw_factors f) {
  /* torch's lerp takes the other end above a half. */
  return f.weight1 < 0.5f ? m + f.weight1 * (g - m) : g - (g - m) * (1.0f - f.weight1);
}

NK_MATH float nk_adamw_second(float v, float g, nk_adamw_factors f) {
  return v * f.beta2 + f.weight2 * g * g;
}

NK_MATH float nk_adamw_parameter(float p, float m, float v, nk_adamw_factors f) {
  return p * f.keep - f.step_size * m / (nk_sqrt(v) / f.root + f.eps);
}

#endif
