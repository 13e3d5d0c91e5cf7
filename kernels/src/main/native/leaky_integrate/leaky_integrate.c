/*
 * Leaky integration over time, a readout that never spikes:
 *
 *   v_t = v_{t−1} + (x_t − v_{t−1})/τ, or v_{t−1} − v_{t−1}/τ + x_t      v_{−1} = 0
 *
 * x (T, J) in the storage type, v (T, J) fp32, every step of it. Backward, from the last step on:
 * dv ← grad_v_t + dv·(1 − 1/τ), grad_x_t = dv/τ or dv. Linear, so nothing is saved.
 */
#include "neuron/neuron_math.h"
#include "nk_view.h"

NK_EXPORT void NK_FN(nk_leaky_integrate_forward)(float *v, const void *x, int64_t steps,
                                                 int64_t neurons, int type, float tau,
                                                 int decay_input, int threads) {
  const nk_neuron p = {.leak = tau};
  int64_t runs = (neurons + NK_RUN - 1) / NK_RUN;
  int stream = steps * neurons * 4 >= NK_STREAM_BYTES;
#pragma omp parallel for schedule(static) num_threads(threads) if (steps * neurons > NK_SERIAL_WORK)
  for (int64_t run = 0; run < runs; run++) {
    int64_t from = run * NK_RUN, n = nk_min(NK_RUN, neurons - from);
    float state[NK_RUN] = {0.0f}, buffer[NK_RUN];
    for (int64_t t = 0; t < steps; t++) {
      const float *xt = nk_view(buffer, x, type, t * neurons + from, n);
      if (decay_input) {
#pragma omp simd
        for (int64_t i = 0; i < n; i++) state[i] = nk_neuron_charge(&p, 0, 1, xt[i], state[i]);
      } else {
#pragma omp simd
        for (int64_t i = 0; i < n; i++) state[i] = nk_neuron_charge(&p, 0, 0, xt[i], state[i]);
      }
      nk_put(v, NK_FP32, t * neurons + from, state, n, stream);
    }
    nk_stream_end(stream);
  }
}

NK_EXPORT void NK_FN(nk_leaky_integrate_backward)(void *grad_x, const float *grad_v, int64_t steps,
                                                  int64_t neurons, int type, float tau,
                                                  int decay_input, int threads) {
  int64_t runs = (neurons + NK_RUN - 1) / NK_RUN;
  float inverse = 1.0f / tau, stay = 1.0f - inverse, to_x = decay_input ? inverse : 1.0f;
  int stream = steps * neurons * nk_bytes(type) >= NK_STREAM_BYTES;
#pragma omp parallel for schedule(static) num_threads(threads) if (steps * neurons > NK_SERIAL_WORK)
  for (int64_t run = 0; run < runs; run++) {
    int64_t from = run * NK_RUN, n = nk_min(NK_RUN, neurons - from);
    float dv[NK_RUN] = {0.0f}, out[NK_RUN];
    for (int64_t t = steps - 1; t >= 0; t--) {
      const float *g = grad_v + t * neurons + from;
#pragma omp simd
      for (int64_t i = 0; i < n; i++) {
        dv[i] = g[i] + dv[i] * stay;
        out[i] = dv[i] * to_x;
      }
      nk_put(grad_x, type, t * neurons + from, out, n, stream);
    }
    nk_stream_end(stream);
  }
}
