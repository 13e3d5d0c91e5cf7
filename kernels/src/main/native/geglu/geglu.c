/*
 * Gated unit with GELU (Shazeer 2020, arXiv 2002.05202; Hendrycks and Gimpel 2016, arXiv 1606.08415),
 * elementwise over (rows, C), in the tanh form that Gemma uses:
 *
 *   y = gelu(g)·u      grad_u = grad_y·gelu(g)      grad_g = grad_y·u·gelu'(g)
 *
 * Nothing is saved. Hazard: g² leaves fp32 from |g| = 1e19 on, and the gradient is no number then.
 * The loops are common/nk_gated.h's.
 */
#include "geglu_math.h"

NK_INLINE void nk_geglu_gradients(float *to_gate, float *to_up, float grad_y, float gate, float up) {
  float e = nk_exp(nk_geglu_exponent(gate));
  float sigmoid = 1.0f / (1.0f + e);
  *to_gate = nk_geglu_grad_gate(grad_y, gate, up, e, sigmoid);
  *to_up = nk_geglu_grad_up(grad_y, gate, sigmoid);
}

#define NK_GATED_FORWARD nk_geglu_forward
#define NK_GATED_BACKWARD nk_geglu_backward
#define NK_GATED_Y nk_geglu_y
#define NK_GATED_GRADIENTS nk_geglu_gradients
#include "nk_gated.h"
