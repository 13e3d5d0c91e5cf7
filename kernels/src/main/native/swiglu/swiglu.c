/*
 * Gated unit (Shazeer 2020, arXiv 2002.05202), elementwise over (rows, C):
 *
 *   y = g·σ(g)·u      grad_u = grad_y·g·σ      grad_g = grad_y·u·σ·(1 + g·(1 − σ))
 *
 * Nothing is saved. The loops are common/nk_gated.h's.
 */
#include "swiglu_math.h"

NK_INLINE void nk_swiglu_gradients(float *to_gate, float *to_up, float grad_y, float gate,
                                   float up) {
  float sigmoid = 1.0f / (1.0f + nk_exp(-gate));
  *to_gate = nk_swiglu_grad_gate(grad_y, gate, up, sigmoid);
  *to_up = nk_swiglu_grad_up(grad_y, gate, sigmoid);
}

#define NK_GATED_FORWARD nk_swiglu_forward
#define NK_GATED_BACKWARD nk_swiglu_backward
#define NK_GATED_Y nk_swiglu_y
#define NK_GATED_GRADIENTS nk_swiglu_gradients
#include "nk_gated.h"
