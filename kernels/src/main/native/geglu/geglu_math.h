/*
 * One element of the gated unit with GELU in its tanh form, for C and CUDA:
 *
 *   gelu(g) = g/2·(1 + tanh(z)) = g·σ(2z)      z = √(2/π)·(g + 0.044715·g³)
 *
 * The form with σ keeps its digits where 1 + tanh would cancel, at negative g.
 */
#ifndef NK_GEGLU_MATH_H
#define NK_GEGLU_MATH_H

#include "nk_math.h"

/* 2·√(2/π), and what the cube is multiplied by. */
#define NK_GELU_SLOPE 1.5957691216057308f
#define NK_GELU_CUBE 0.044715f

/* −2z. */
NK_MATH float nk_geglu_exponent(float gate) {
  return -NK_GELU_SLOPE * nk_fma(NK_GELU_CUBE * gate * gate, gate, gate);
}

NK_MATH float nk_geglu_y(float gate, float up) {
  return gate / (1.0f + nk_exp(nk_geglu_exponent(gate))) * up;
}

/* e = e^(−2z), sigmoid = σ(2z): what both gradients share. */
NK_MATH float nk_geglu_grad_up(float grad_y, float gate, float sigmoid) {
  return grad_y * (gate * sigmoid);
}

/* gelu'(g) = σ + g·σ·(1 − σ)·d(2z)/dg; 1 − σ = e·σ keeps its digits where σ is close to one. */
NK_MATH float nk_geglu_grad_gate(float grad_y, float gate, float up, float e, float sigmoid) {
  float rest = e < 1.0f ? e * sigmoid : 1.0f - sigmoid;
  float inner = NK_GELU_SLOPE * nk_fma(3.0f * NK_GELU_CUBE * gate, gate, 1.0f);
  /* σ·(1 − σ) first: far from zero it is 0, and must meet no infinity. */
  return grad_y * up * nk_fma(sigmoid * rest * gate, inner, sigmoid);
}

#endif
