/*
 * Leaky integration over time on a GPU, a readout that never spikes. Equations: leaky_integrate.c.
 *
 *   v_t = v_{t−1} + (x_t − v_{t−1})/τ, or v_{t−1} − v_{t−1}/τ + x_t      v_{−1} = 0
 *
 * x (T, J) in the storage type, v (T, J) fp32. A thread takes V adjacent columns through all steps,
 * with the loads of NK_AHEAD steps under way. Nothing is saved.
 */
#include "nk_cuda.h"
#include "neuron/neuron_math.h"

#define NK_AHEAD 4

template <int V, class T>
NK_DEVICE void nk_leaky_forward(float *v, const T *x, int64_t steps, int64_t columns, float leak,
                                int multiply, int decay_input) {
  int64_t at = nk_thread() * V;
  if (at >= columns) return;
  nk_neuron p = {leak, 0.0f, 0.0f, 0.0f, 0.0f, 1.0f, multiply, decay_input, 0, 0, NK_ATAN, 0};
  nk_floats<V> state;
  NK_UNROLL
  for (int i = 0; i < V; i++) state.at[i] = 0.0f;
  NK_ROLLED
  for (int64_t t = 0; t < steps; t += NK_AHEAD) {
    nk_floats<V> rows[NK_AHEAD];
    NK_UNROLL
    for (int k = 0; k < NK_AHEAD; k++)
      if (t + k < steps) rows[k] = nk_load<V>(x + (t + k) * columns + at);
    NK_UNROLL
    for (int k = 0; k < NK_AHEAD; k++) {
      if (t + k >= steps) break;
      NK_UNROLL
      for (int i = 0; i < V; i++)
        state.at[i] = nk_neuron_charge(&p, multiply, decay_input, rows[k].at[i], state.at[i]);
      nk_store<V>(v + (t + k) * columns + at, state);
    }
  }
}

template <int V, class T>
NK_DEVICE void nk_leaky_backward(T *grad_x, const float *grad_v, int64_t steps, int64_t columns,
                                 float stay, float to_x) {
  int64_t at = nk_thread() * V;
  if (at >= columns) return;
  nk_floats<V> dv;
  NK_UNROLL
  for (int i = 0; i < V; i++) dv.at[i] = 0.0f;
  NK_ROLLED
  for (int64_t t = steps - 1; t >= 0; t -= NK_AHEAD) {
    nk_floats<V> rows[NK_AHEAD];
    NK_UNROLL
    for (int k = 0; k < NK_AHEAD; k++)
      if (t - k >= 0) rows[k] = nk_load<V>(grad_v + (t - k) * columns + at);
    NK_UNROLL
    for (int k = 0; k < NK_AHEAD; k++) {
      if (t - k < 0) break;
      nk_floats<V> out;
      NK_UNROLL
      for (int i = 0; i < V; i++) {
        dv.at[i] = rows[k].at[i] + dv.at[i] * stay;
        out.at[i] = dv.at[i] * to_x;
      }
      nk_store<V>(grad_x + (t - k) * columns + at, out);
    }
  }
}

#define NK_LEAKY(type, T, V)                                                                       \
  NK_KERNEL(nk_leaky_integrate_forward_##type##_x##V, 256, float *v, const T *x, int64_t steps,     \
            int64_t columns, float leak, int multiply, int decay_input) {                          \
    nk_leaky_forward<V>(v, x, steps, columns, leak, multiply, decay_input);                        \
  }                                                                                                \
  NK_KERNEL(nk_leaky_integrate_backward_##type##_x##V, 256, T *grad_x, const float *grad_v,         \
            int64_t steps, int64_t columns, float stay, float to_x) {                              \
    nk_leaky_backward<V>(grad_x, grad_v, steps, columns, stay, to_x);                              \
  }

NK_LEAKY(fp32, float, 1)
NK_LEAKY(bf16, nk_bf16, 1)
NK_LEAKY(fp16, nk_fp16, 1)
NK_LEAKY(fp32, float, 4)
NK_LEAKY(bf16, nk_bf16, 4)
NK_LEAKY(fp16, nk_fp16, 4)
