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

/*
 * dL/dlogit of head e: ω_e·(grad_ω_e − Σ ω·grad_ω), as a sum of differences in which the head's own
 * share is exactly 0: a router that is sure (ω near one) would lose all digits otherwise.
 */
NK_MATH float nk_hydra_grad_logit(const float *omega, const float *grad_omega, long long heads,
                                  long long e) {
  float sum = 0.0f;
  for (long long f = 0; f < heads; f++)
    sum = nk_fma(omega[f], grad_omega[e] - grad_omega[f], sum);
  return omega[e] * sum;
}

#endif
