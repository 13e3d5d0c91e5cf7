/*
 * Gated unit (Shazeer 2020, arXiv 2002.05202) on a GPU, elementwise over (rows, C):
 *
 *   y = g·σ(g)·u      grad_u = grad_y·g·σ      grad_g = grad_y·u·σ·(1 + g·(1 − σ))
 *
 * Loops and grid: gated.cuh. Hazard: e^(−g) overflows to infinity for g below −88, where g·σ(g) is the
 * zero that it should be.
 */
#include "gated.cuh"
#include "swiglu_math.h"

struct nk_swiglu_unit {
  NK_STATIC_DEVICE float y(float gate, float up) { return nk_swiglu_y(gate, up); }
  NK_STATIC_DEVICE void pull(float *to_gate, float *to_up, float grad_y, float gate, float up) {
    float sigmoid = 1.0f / (1.0f + nk_exp(-gate));
    *to_gate = nk_swiglu_grad_gate(grad_y, gate, up, sigmoid);
    *to_up = nk_swiglu_grad_up(grad_y, gate, sigmoid);
  }
};

NK_GATED(swiglu, nk_swiglu_unit)
