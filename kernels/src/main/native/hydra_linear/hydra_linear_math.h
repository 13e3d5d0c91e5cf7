/* One token of the router's softmax and of the heads' mixture, for C and CUDA. */
#ifndef NK_HYDRA_LINEAR_MATH_H
#define NK_HYDRA_LINEAR_MATH_H

#include "nk_math.h"

/* Logits become ω = softmax(logits), in place, in fp32. */
NK_MATH void nk_hydra_softmax(float *omega, long long heads) {
  float largest = omega[0];
  for (long long e = 1; e < heads; e++) largest = omega[e] > largest ? omega[e] : largest;
  float sum = 0.0f;
  for (long long e = 0; e < heads; e++) {
    omega[e] = nk_exp(omega[e] - largest);
    sum += omega[e];
  }
  for (long long e = 0; e < heads; e++) omega[e] /= sum;
}

/* dL/dlogit of a head: ω·(grad_ω − Σ ω·grad_ω). */
NK_MATH float nk_hydra_grad_logit(float omega, float grad_omega, float mean) {
  return omega * (grad_omega - mean);
}

#endif
