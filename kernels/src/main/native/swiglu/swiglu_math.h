/* One element of the gated unit, for C and CUDA: y = g·σ(g)·u. */
#ifndef NK_SWIGLU_MATH_H
#define NK_SWIGLU_MATH_H

#include "nk_math.h"

NK_MATH float nk_swiglu_y(float gate, float up) { return gate / (1.0f + nk_exp(-gate)) * up; }

NK_MATH float nk_swiglu_grad_gate(float grad_y, float gate, float up, float sigmoid) {
  return grad_y * up * (sigmoid * nk_fma(gate, 1.0f - sigmoid, 1.0f));
}

NK_MATH float nk_swiglu_grad_up(float grad_y, float gate, float sigmoid) {
  return grad_y * (gate * sigmoid);
}

#endif
