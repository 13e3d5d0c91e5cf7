/*
 * The mixture in the middle of HydraLoRA (Tian et al. 2024, arXiv 2404.19245): E heads b_e that share
 * one a, weighted by a router.
 *
 *   y = x·Wᵀ + scale · Σ_e ω_e · (h·b_eᵀ)        h = drop(x)·aᵀ        ω = softmax(x·routerᵀ)
 *
 * The sum over heads is one product with all of them side by side: mixed[n, e·R + r] = ω[n,e]·h[n,r]
 * against (M, E·R). So here is only what stands between the products, for each token n:
 *
 *   grad_ω[e] += Σ_r grad_mixed[e,r]·h[r]     grad_h[r] = Σ_e ω[e]·grad_mixed[e,r]
 *   grad_logits[e] = ω[e]·Σ_f ω[f]·(grad_ω[e] − grad_ω[f])
 *
 * All tensors are fp32 and contiguous: hidden (N, R), omega and logits (N, E), mixed (N, E·R). Saved:
 * hidden and omega. Tokens are independent: any number of threads gives the same bits.
 */
#include "nk.h"
#include "hydra_linear_math.h"

/* omega holds the logits and becomes ω, or is ω already where `weighed` is set, as in backward. */
NK_EXPORT void NK_FN(nk_hydra_linear_forward)(float *mixed, float *omega, const float *hidden,
                                              int64_t rows, int64_t heads, int64_t rank,
                                              int weighed, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) \
    if (rows * heads * rank > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    float *own = omega + row * heads;
    const float *h = hidden + row * rank;
    if (!weighed) nk_hydra_softmax(own, heads);
    for (int64_t e = 0; e < heads; e++) {
      float *to = mixed + (row * heads + e) * rank;
      float weight = own[e];
#pragma omp simd
      for (int64_t r = 0; r < rank; r++) to[r] = weight * h[r];
    }
  }
}

/* grad_omega (N, E) holds what else pulls on ω, a balance say, and becomes the whole. */
NK_EXPORT void NK_FN(nk_hydra_linear_backward)(float *grad_hidden, float *grad_logits,
                                               float *grad_omega, const float *grad_mixed,
                                               const float *omega, const float *hidden, int64_t rows, int64_t heads,
                                               int64_t rank, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) \
    if (rows * heads * rank > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    const float *h = hidden + row * rank, *weights = omega + row * heads;
    float *to_hidden = grad_hidden + row * rank, *to_omega = grad_omega + row * heads;
    memset(to_hidden, 0, (size_t)rank * sizeof(float));
    for (int64_t e = 0; e < heads; e++) {
      const float *g = grad_mixed + (row * heads + e) * rank;
      float weight = weights[e], sum = 0.0f;
#pragma omp simd reduction(+ : sum)
      for (int64_t r = 0; r < rank; r++) {
        to_hidden[r] = nk_fma(weight, g[r], to_hidden[r]);
        sum += g[r] * h[r];
      }
      to_omega[e] += sum;
    }
    for (int64_t e = 0; e < heads; e++)
      grad_logits[row * heads + e] = nk_hydra_grad_logit(weights, to_omega, heads, e);
  }
}
