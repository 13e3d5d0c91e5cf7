/*
 * A run of neurons over all its time steps, in C. Time is serial and neurons are independent, so a run's
 * state stays in the first cache from the first step to the last.
 */
#ifndef NK_NEURON_H
#define NK_NEURON_H

#include "neuron_math.h"
#include "nk_view.h"

/* Where the rows of a run lie: element t of neuron i is at first + t·step + i. */
typedef struct nk_rows {
  void *data;
  int64_t first, step;
  int type;
} nk_rows;

/* What backward keeps of the forward that it repeats, [T][a run] each: h, b_{t−1}, v_{t−1}. */
typedef struct nk_trace {
  float *h, *b, *v;
} nk_trace;

/* What the parameters get from a run: Σ dθ, Σ dθ·b_{t−1}, Σ db_t·(b_{t−1} − s_t), Σ dh·∂h/∂k. */
enum { NK_GRAD_THRESHOLD, NK_GRAD_BETA, NK_GRAD_RHO, NK_GRAD_LEAK, NK_NEURON_SUMS };

/*
 * Neurons of a run, at most NK_RUN and whole words of packed spikes (32): less than NK_RUN where nothing
 * else depends on it. Rows lie a whole tensor apart, often a power of two, and so in the same few sets of
 * the first cache: what backward keeps and the rows on their way must fit in there together. On a Zen 4, 16 steps of 1,048,576 neurons forward
 * and backward took 11.4 ms with 256 neurons and 3 rows ahead, 9.1 with these (medians, November 2026).
 */
#define NK_NEURON_RUN 96

/*
 * Rows of a run are far apart, so no prefetcher of the hardware sees what comes next. Asked for so many
 * steps before, a row comes while others are worked on.
 */
#define NK_ROWS_AHEAD 6

/* Asks for row t of a run; nothing where the tensor is null. */
NK_INLINE void nk_ask_row(const nk_rows *rows, int64_t t, int64_t n) {
  if (rows->data != NULL) nk_ask(rows->data, rows->type, rows->first + t * rows->step, n);
}

/* Row t as fp32; a null tensor reads as zeros. */
NK_INLINE const float *nk_row(float *buffer, const nk_rows *rows, int64_t t, int64_t n) {
  return nk_view(buffer, rows->data, rows->type, rows->first + t * rows->step, n);
}

/*
 * One step of n neurons: v and b brought forward, and written what is wanted of h and s: a store that
 * nobody reads takes as long as one that somebody does. Flags that shape the loop are constants at each
 * place of use.
 */
NK_INLINE void nk_neuron_step(const nk_neuron *p, int multiply, int decay_input, int soft,
                              int adaptive, int want_h, int want_s, const float *restrict x,
                              float *restrict v,
                              float *restrict b, float *restrict h, float *restrict s, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    float charged = nk_neuron_charge(p, multiply, decay_input, x[i], v[i]);
    float threshold = adaptive ? nk_neuron_threshold(p, b[i]) : p->v_threshold;
    float spike = nk_neuron_fire(p, charged, threshold);
    if (want_h) h[i] = charged;
    if (want_s) s[i] = spike;
    v[i] = nk_neuron_reset(p, soft, charged, spike, threshold);
    if (adaptive) b[i] = nk_neuron_adapt(p, b[i], spike);
  }
}

/* nk_neuron_step with the flags of p; one of h and s is null, and not wanted. */
void NK_FN(nk_neuron_advance)(const nk_neuron *p, int adaptive, const float *x, float *v, float *b,
                              float *h, float *s, int64_t n);

/* φ = the surrogate of h − θ. */
void NK_FN(nk_surrogate)(const nk_neuron *p, float *phi, const float *h, const float *threshold,
                         int64_t n);

#endif
