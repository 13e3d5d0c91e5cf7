/* A time step of a run, once for each shape of neuron, and the surrogates. */
#include "neuron.h"

#define NK_WANTED(multiply, decay, soft, adaptive)                                                 \
  if (h == NULL) {                                                                                 \
    nk_neuron_step(p, multiply, decay, soft, adaptive, 0, 1, x, v, b, h, s, n);                    \
  } else {                                                                                         \
    nk_neuron_step(p, multiply, decay, soft, adaptive, 1, 0, x, v, b, h, s, n);                    \
  }

#define NK_SHAPES(multiply, decay)                                                                 \
  if (p->soft) {                                                                                   \
    if (adaptive) {                                                                                \
      NK_WANTED(multiply, decay, 1, 1)                                                             \
    } else {                                                                                       \
      NK_WANTED(multiply, decay, 1, 0)                                                             \
    }                                                                                              \
  } else if (adaptive) {                                                                           \
    NK_WANTED(multiply, decay, 0, 1)                                                               \
  } else {                                                                                         \
    NK_WANTED(multiply, decay, 0, 0)                                                               \
  }

void NK_FN(nk_neuron_advance)(const nk_neuron *given, int adaptive, const float *x, float *v,
                              float *b, float *h, float *s, int64_t n) {
  /* A copy whose address nobody has: the loops need not read it again after each store. */
  const nk_neuron copy = *given, *p = &copy;
  if (p->multiply) {
    if (p->decay_input) {
      NK_SHAPES(1, 1)
    } else {
      NK_SHAPES(1, 0)
    }
  } else if (p->decay_input) {
    NK_SHAPES(0, 1)
  } else {
    NK_SHAPES(0, 0)
  }
}

#define NK_EACH(name, surrogate)                                                                   \
  case name:                                                                                       \
    _Pragma("omp simd") for (int64_t i = 0; i < n; i++) phi[i] = surrogate(a, h[i] - threshold[i]); \
    break;

void NK_FN(nk_surrogate)(const nk_neuron *p, float *restrict phi, const float *restrict h,
                         const float *restrict threshold, int64_t n) {
  float a = p->alpha;
  switch (p->surrogate) {
    NK_EACH(NK_ATAN, nk_surrogate_atan)
    NK_EACH(NK_SIGMOID, nk_surrogate_sigmoid)
    NK_EACH(NK_FAST_SIGMOID, nk_surrogate_fast_sigmoid)
    NK_EACH(NK_TRIANGLE, nk_surrogate_triangle)
    NK_EACH(NK_RECT, nk_surrogate_rect)
    NK_EACH(NK_SUPER_SPIKE, nk_surrogate_super_spike)
    NK_EACH(NK_ERF, nk_surrogate_erf)
  }
}
