/*
 * The mixture in the middle of HydraLoRA on a GPU: what stands between the products for each token n.
 * Equations: hydra_linear.c.
 *
 *   mixed[n, e·R + r] = ω[n,e]·h[n,r]      grad_ω[e] += Σ_r grad_mixed[e,r]·h[r]
 *   grad_h[r] = Σ_e ω[e]·grad_mixed[e,r]   grad_logits[e] = ω[e]·Σ_f ω[f]·(grad_ω[e] − grad_ω[f])
 *
 * All tensors are fp32 and contiguous. A warp takes a token; its lanes share the rank axis. Heads are
 * few: their softmax is one lane's work. Sums over r go through the warp, sums over heads in order:
 * the same bits for every grid. Hazard: what one lane wrote to memory the others read behind
 * __syncwarp alone.
 */
#include "nk_cuda.h"
#include "hydra_linear_math.h"

/* omega holds the logits and becomes ω, or is ω already where `weighed` is set. */
NK_KERNEL(nk_hydra_linear_forward, 256, float *mixed, float *omega, const float *hidden,
          int64_t rows, int64_t heads, int64_t rank, int weighed) {
  int64_t row = nk_thread() / 32;
  int lane = (int)threadIdx.x % 32;
  float *own = omega + row * heads;
  if (row < rows && !weighed && lane == 0) nk_hydra_softmax(own, heads);
  __syncwarp();
  if (row >= rows) return;
  const float *h = hidden + row * rank;
  float *to = mixed + row * heads * rank;
  for (int64_t e = 0; e < heads; e++) {
    float weight = own[e];
    for (int64_t r = lane; r < rank; r += 32) to[e * rank + r] = weight * h[r];
  }
}

/* grad_omega (N, E) holds what else pulls on ω, a balance say, and becomes the whole. */
NK_KERNEL(nk_hydra_linear_backward, 256, float *grad_hidden, float *grad_logits, float *grad_omega,
          const float *grad_mixed, const float *omega, const float *hidden, int64_t rows,
          int64_t heads, int64_t rank) {
  int64_t row = nk_thread() / 32;
  int lane = (int)threadIdx.x % 32;
  bool mine = row < rows;
  const float *h = hidden + row * rank, *weights = omega + row * heads;
  const float *g = grad_mixed + row * heads * rank;
  float *to_omega = grad_omega + row * heads;
  for (int64_t e = 0; e < heads; e++) {
    float sum = 0.0f;
    for (int64_t r = lane; mine && r < rank; r += 32) sum = nk_fma(g[e * rank + r], h[r], sum);
    sum = nk_warp_sum(sum);
    if (mine && lane == 0) to_omega[e] += sum;
  }
  __syncwarp();
  if (!mine) return;
  for (int64_t r = lane; r < rank; r += 32) {
    float sum = 0.0f;
    for (int64_t e = 0; e < heads; e++) sum = nk_fma(weights[e], g[e * rank + r], sum);
    grad_hidden[row * rank + r] = sum;
  }
  for (int64_t e = lane; e < heads; e += 32)
    grad_logits[row * heads + e] = nk_hydra_grad_logit(weights, to_omega, heads, e);
}
