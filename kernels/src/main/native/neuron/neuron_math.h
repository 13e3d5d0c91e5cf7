/*
 * One neuron over one time step, for C and CUDA: charge, threshold, fire, reset, adaptation, and the
 * surrogates that stand in for the derivative of firing. State is fp32 whatever the storage type is.
 *
 * Operations are written one by one, not fused: a tie h = θ is decided on the same bits as in
 * PyTorch's fp32.
 */
#ifndef NK_NEURON_MATH_H
#define NK_NEURON_MATH_H

#include "nk_math.h"

enum {
  NK_ATAN,
  NK_SIGMOID,
  NK_FAST_SIGMOID,
  NK_TRIANGLE,
  NK_RECT,
  NK_SUPER_SPIKE,
  NK_ERF
};

/*
 * What a layer of neurons is. `leak` divides by tau, or, where the inverse of tau is learned
 * (plif), multiplies with sigmoid(w). A soft reset has v_reset 0.
 */
typedef struct nk_neuron {
  float leak, v_threshold, v_reset, rho, beta, alpha;
  int multiply, decay_input, soft, detach_reset, surrogate, strict;
} nk_neuron;

NK_MATH float nk_neuron_leak(const nk_neuron *p, int multiply, float value) {
  return multiply ? value * p->leak : value / p->leak;
}

/* h = v + (x − (v − v_reset))/τ, or v − (v − v_reset)/τ + x. */
NK_MATH float nk_neuron_charge(const nk_neuron *p, int multiply, int decay_input, float x, float v) {
  float above = v - p->v_reset;
  return decay_input ? v + nk_neuron_leak(p, multiply, x - above)
                     : v - nk_neuron_leak(p, multiply, above) + x;
}

/* θ_t = v_threshold + β·b_{t−1}. */
NK_MATH float nk_neuron_threshold(const nk_neuron *p, float b) {
  return p->v_threshold + p->beta * b;
}

/* s = [h ≥ θ], or [h > θ] where strict. */
NK_MATH float nk_neuron_fire(const nk_neuron *p, float h, float threshold) {
  return (p->strict ? h > threshold : h >= threshold) ? 1.0f : 0.0f;
}

/* Soft: h − s·θ. Hard: (1 − s)·h + s·v_reset. */
NK_MATH float nk_neuron_reset(const nk_neuron *p, int soft, float h, float s, float threshold) {
  return soft ? h - s * threshold : (1.0f - s) * h + s * p->v_reset;
}

/* b_t = ρ·b_{t−1} + (1 − ρ)·s_t. */
NK_MATH float nk_neuron_adapt(const nk_neuron *p, float b, float s) {
  return p->rho * b + (1.0f - p->rho) * s;
}

/* The surrogates' derivatives at u = h − θ, each with its sharpness a. */
NK_MATH float nk_surrogate_atan(float a, float u) {
  float z = 1.5707963267948966f * a * u;
  return 0.5f * a / (1.0f + z * z);
}

NK_MATH float nk_surrogate_sigmoid(float a, float u) {
  /* σ(z)·σ(−z), which is even: e of a negative number never overflows. */
  float e = nk_exp(-a * (u < 0.0f ? -u : u));
  return a * e / ((1.0f + e) * (1.0f + e));
}

NK_MATH float nk_surrogate_fast_sigmoid(float a, float u) {
  float z = 1.0f + a * (u < 0.0f ? -u : u);
  return 1.0f / (z * z);
}

NK_MATH float nk_surrogate_triangle(float a, float u) {
  float z = 1.0f - a * (u < 0.0f ? -u : u);
  return z < 0.0f ? 0.0f : z * a;
}

NK_MATH float nk_surrogate_rect(float a, float u) {
  return (u < 0.0f ? -u : u) <= 1.0f / a ? 0.5f * a : 0.0f;
}

NK_MATH float nk_surrogate_super_spike(float a, float u) {
  float z = 1.0f + (u < 0.0f ? -u : u);
  return a / (z * z);
}

NK_MATH float nk_surrogate_erf(float a, float u) {
  float z = a * u;
  return 0.5641895835477563f * a * nk_exp(-z * z);
}

#endif
