/*
 * Gated unit with GELU in its tanh form on a GPU, elementwise over (rows, C). Equations: geglu_math.h.
 *
 *   y = gelu(g)·u      grad_u = grad_y·gelu(g)      grad_g = grad_y·u·gelu'(g)
 *
 * Loops and grid: swiglu/gated.cuh.
 */
#include "swiglu/gated.cuh"
#include "geglu_math.h"

struct nk_geglu_unit {
  NK_STATIC_DEVICE float y(float gate, float up) { return nk_geglu_y(gate, up); }
  NK_STATIC_DEVICE void pull(float *to_gate, float *to_up, float grad_y, float gate, float up) {
    float e = nk_exp(nk_geglu_exponent(gate)), sigmoid = 1.0f / (1.0f + e);
    *to_gate = nk_geglu_grad_gate(grad_y, gate, up, e, sigmoid);
    *to_up = nk_geglu_grad_up(grad_y, gate, sigmoid);
  }
};

NK_GATED(geglu, nk_geglu_unit)
