/*
 * Spiking neurons over time on a GPU. Equations, what is saved and the chain of backward: neuron.c.
 *
 * x, spikes (T, J) with J = B·N columns, state fp32 (J). A thread takes V adjacent columns through all
 * steps: time is serial, a step's rows are read and written coalesced, state stays in registers. Loads
 * of NK_AHEAD steps are under way before the first of them is needed.
 *
 * Backward repeats the forward. Steps are cut into segments whose h, and b where the threshold adapts,
 * fit shared memory, each thread in columns of its own, so no barrier is needed; v_{t−1} is what the
 * reset makes of h_{t−1}. With one segment x is read once: 20 bytes a neuron-step forward and backward
 * in fp32. With more, a first pass leaves the state before each segment in `checkpoints` and x is read
 * twice.
 *
 * The parameters' gradients are summed in double, a thread's own first, then over the block by a fixed
 * tree into `partials`, then over the blocks in order (nk_neuron_sums): the same bits on every GPU, as
 * blocks are cut by J alone.
 *
 * The plan divides by a τ that is a power of two by multiplying (`multiply`): the same bits, a tenth of
 * the instructions. `wants_leak` says which parameters are asked for: the leak, or the other three.
 *
 * TX is the type of x, TS that of spikes and their gradient; behind the filter of fa_lif x is fp32.
 */
#include "nk_cuda.h"
#include "neuron_math.h"

/* Steps whose loads are under way at once. */
#define NK_AHEAD 4

enum { NK_GRAD_THRESHOLD, NK_GRAD_BETA, NK_GRAD_RHO, NK_GRAD_LEAK, NK_NEURON_SUMS };

#define NK_EACH(name, surrogate)                                                                   \
  case name:                                                                                       \
    NK_UNROLL                                                                                      \
    for (int i = 0; i < V; i++) phi.at[i] = surrogate(p->alpha, u.at[i]);                          \
    break;

/* φ of V neurons: chosen once for all of them. */
template <int V>
NK_DEVICE nk_floats<V> nk_surrogate(const nk_neuron *p, const nk_floats<V> &u) {
  nk_floats<V> phi;
  switch (p->surrogate) {
    NK_EACH(NK_ATAN, nk_surrogate_atan)
    NK_EACH(NK_SIGMOID, nk_surrogate_sigmoid)
    NK_EACH(NK_FAST_SIGMOID, nk_surrogate_fast_sigmoid)
    NK_EACH(NK_TRIANGLE, nk_surrogate_triangle)
    NK_EACH(NK_RECT, nk_surrogate_rect)
    NK_EACH(NK_SUPER_SPIKE, nk_surrogate_super_spike)
    default: NK_UNROLL for (int i = 0; i < V; i++) phi.at[i] = nk_surrogate_erf(p->alpha, u.at[i]);
  }
  return phi;
}

/* One step of one neuron: v and b brought forward; h and the threshold come out. */
NK_DEVICE float nk_neuron_step(const nk_neuron *p, int adaptive, float x, float *v, float *b,
                               float *h, float *threshold) {
  *h = nk_neuron_charge(p, p->multiply, p->decay_input, x, *v);
  *threshold = adaptive ? nk_neuron_threshold(p, *b) : p->v_threshold;
  float s = nk_neuron_fire(p, *h, *threshold);
  *v = nk_neuron_reset(p, p->soft, *h, s, *threshold);
  if (adaptive) *b = nk_neuron_adapt(p, *b, s);
  return s;
}

template <int V>
NK_DEVICE void nk_neuron_begin(nk_floats<V> *v, nk_floats<V> *b, const float *v0, const float *b0,
                               float v_reset, int64_t at) {
  if (v0) {
    *v = nk_load<V>(v0 + at);
  } else {
    NK_UNROLL
    for (int i = 0; i < V; i++) v->at[i] = v_reset;
  }
  *b = nk_load_or_zero<V>(b0, at);
}

template <int V, class TX, class TS>
NK_DEVICE void nk_neuron_forward(TS *spikes, float *v_final, float *b_final, float *v_sequence,
                                 const TX *x, const float *v0, const float *b0, int64_t steps,
                                 int64_t columns, const nk_neuron &p, int adaptive) {
  int64_t at = nk_thread() * V;
  if (at >= columns) return;
  nk_floats<V> v, b;
  nk_neuron_begin(&v, &b, v0, b0, p.v_reset, at);
  NK_ROLLED
  for (int64_t t = 0; t < steps; t += NK_AHEAD) {
    nk_floats<V> rows[NK_AHEAD];
    NK_UNROLL
    for (int k = 0; k < NK_AHEAD; k++)
      if (t + k < steps) rows[k] = nk_load<V>(x + (t + k) * columns + at);
    NK_UNROLL
    for (int k = 0; k < NK_AHEAD; k++) {
      if (t + k >= steps) break;
      nk_floats<V> s;
      NK_UNROLL
      for (int i = 0; i < V; i++) {
        float h, threshold;
        s.at[i] = nk_neuron_step(&p, adaptive, rows[k].at[i], &v.at[i], &b.at[i], &h, &threshold);
      }
      nk_store<V>(spikes + (t + k) * columns + at, s);
      if (v_sequence) nk_store<V>(v_sequence + (t + k) * columns + at, v);
    }
  }
  nk_store<V>(v_final + at, v);
  if (b_final) nk_store<V>(b_final + at, b);
}

/* The same with spikes as words: a warp takes the 32 neurons of one, and votes. */
template <class TX>
NK_DEVICE void nk_neuron_forward_bits(uint32_t *words_out, float *v_final, float *b_final,
                                      float *v_sequence, const TX *x, const float *v0,
                                      const float *b0, int64_t steps, int64_t batch,
                                      int64_t neurons, const nk_neuron &p, int adaptive) {
  int64_t words = (neurons + 31) / 32, word = nk_thread() / 32;
  if (word >= batch * words) return;
  int lane = (int)threadIdx.x % 32;
  int64_t row = word / words, n = word % words * 32 + lane, columns = batch * neurons;
  int64_t at = row * neurons + n;
  bool mine = n < neurons;
  nk_floats<1> v = {{0.0f}}, b = {{0.0f}};
  if (mine) nk_neuron_begin(&v, &b, v0, b0, p.v_reset, at);
  NK_ROLLED
  for (int64_t t = 0; t < steps; t++) {
    float h, threshold, s = 0.0f;
    if (mine) {
      float xt = nk_get(x[t * columns + at]);
      s = nk_neuron_step(&p, adaptive, xt, &v.at[0], &b.at[0], &h, &threshold);
      if (v_sequence) v_sequence[t * columns + at] = v.at[0];
    }
    uint32_t vote = __ballot_sync(0xffffffffu, s != 0.0f);
    if (lane == 0) words_out[t * batch * words + word] = vote;
  }
  if (mine) {
    v_final[at] = v.at[0];
    if (b_final) b_final[at] = b.at[0];
  }
}

/* What a step passes on to the one before it, and to x. */
struct nk_chain {
  float to_x, to_v;
};

/* Adds what a step of one neuron gives to the parameters; `db` is that of after the step. */
NK_DEVICE void nk_neuron_account(double *sums, float lift, float db, float s, float b) {
  sums[NK_GRAD_THRESHOLD] += (double)lift;
  sums[NK_GRAD_BETA] += (double)lift * (double)b;
  sums[NK_GRAD_RHO] += (double)db * (double)(b - s);
}

/*
 * checkpoints (segments, 2, J) fp32 is null where one segment holds all steps. partials
 * (blocks, NK_NEURON_SUMS) is null where nobody asks for the parameters' gradients.
 */
template <int V, class TX, class TS>
NK_DEVICE void nk_neuron_backward(TX *grad_x, float *grad_v0, float *grad_b0, double *partials,
                                  float *checkpoints, const TS *grad_spikes, const float *grad_v,
                                  const float *grad_b, const float *grad_sequence, const TX *x,
                                  const float *v0, const float *b0, int64_t steps, int64_t columns,
                                  int64_t segment, const nk_neuron &p, int adaptive, int wants_leak) {
  NK_DYNAMIC_SHARED(float, trace);
  NK_SHARED(double, room, 8);
  int64_t at = nk_thread() * V;
  int apart = (int)blockDim.x * V, plane = (int)segment * apart;
  float *hs = trace + threadIdx.x * V, *bs = hs + plane;
  float inverse = p.multiply ? p.leak : 1.0f / p.leak;
  nk_chain chain = {p.decay_input ? inverse : 1.0f, 1.0f - inverse};
  double sums[NK_NEURON_SUMS] = {0.0, 0.0, 0.0, 0.0};
  bool learned = partials && wants_leak, shaped = partials && !wants_leak;
  if (at < columns) {
    nk_floats<V> v, b, dv = nk_load_or_zero<V>(grad_v, at), db = nk_load_or_zero<V>(grad_b, at);
    nk_neuron_begin(&v, &b, v0, b0, p.v_reset, at);
    int64_t segments = (steps + segment - 1) / segment;
    NK_ROLLED
    for (int64_t k = 0; checkpoints && k < segments; k++) {
      nk_store<V>(checkpoints + 2 * k * columns + at, v);
      nk_store<V>(checkpoints + (2 * k + 1) * columns + at, b);
      int64_t end = (k + 1) * segment < steps ? (k + 1) * segment : steps;
      NK_ROLLED
      for (int64_t t = k * segment; t < end && k + 1 < segments; t++) {
        nk_floats<V> row = nk_load<V>(x + t * columns + at);
        NK_UNROLL
        for (int i = 0; i < V; i++) {
          float h, threshold;
          nk_neuron_step(&p, adaptive, row.at[i], &v.at[i], &b.at[i], &h, &threshold);
        }
      }
    }
    NK_ROLLED
    for (int64_t k = segments - 1; k >= 0; k--) {
      int64_t begin = k * segment, end = begin + segment < steps ? begin + segment : steps;
      if (checkpoints) {
        v = nk_load<V>(checkpoints + 2 * k * columns + at);
        b = nk_load<V>(checkpoints + (2 * k + 1) * columns + at);
      }
      nk_floats<V> v_begin = v;
      NK_ROLLED
      for (int64_t t = begin; t < end; t += NK_AHEAD) {
        nk_floats<V> rows[NK_AHEAD];
        NK_UNROLL
        for (int j = 0; j < NK_AHEAD; j++)
          if (t + j < end) rows[j] = nk_load<V>(x + (t + j) * columns + at);
        NK_UNROLL
        for (int j = 0; j < NK_AHEAD; j++) {
          if (t + j >= end) break;
          int slot = (int)(t + j - begin) * apart;
          nk_floats<V> h;
          if (adaptive) nk_store<V>(bs + slot, b);
          NK_UNROLL
          for (int i = 0; i < V; i++) {
            float threshold;
            nk_neuron_step(&p, adaptive, rows[j].at[i], &v.at[i], &b.at[i], &h.at[i], &threshold);
          }
          nk_store<V>(hs + slot, h);
        }
      }
      NK_ROLLED
      for (int64_t t = end - 1; t >= begin; t--) {
        int slot = (int)(t - begin) * apart;
        nk_floats<V> g = nk_load_or_zero<V>(grad_spikes, t * columns + at);
        nk_floats<V> more = nk_load_or_zero<V>(grad_sequence, t * columns + at);
        nk_floats<V> h = nk_load<V>(hs + slot), before = {}, own = {}, line, u, out;
        if (adaptive) before = nk_load<V>(bs + slot);
        if (learned) own = nk_load<V>(x + t * columns + at);
        NK_UNROLL
        for (int i = 0; i < V; i++) {
          line.at[i] = adaptive ? nk_neuron_threshold(&p, before.at[i]) : p.v_threshold;
          u.at[i] = h.at[i] - line.at[i];
        }
        nk_floats<V> phi = nk_surrogate(&p, u);
        NK_UNROLL
        for (int i = 0; i < V; i++) {
          float threshold = line.at[i], ds = g.at[i];
          float s = nk_neuron_fire(&p, h.at[i], threshold);
          float pulled = dv.at[i] + more.at[i], above = db.at[i];
          if (adaptive) ds += (1.0f - p.rho) * above;
          if (!p.detach_reset) ds += pulled * (p.soft ? -threshold : p.v_reset - h.at[i]);
          float through = phi.at[i] * ds;
          float dh = through + (p.soft ? pulled : pulled * (1.0f - s));
          float lift = p.soft ? -through - pulled * s : -through;
          out.at[i] = dh * chain.to_x;
          dv.at[i] = dh * chain.to_v;
          if (adaptive) db.at[i] = p.rho * above + p.beta * lift;
          if (shaped) nk_neuron_account(sums, lift, above, s, before.at[i]);
          if (learned) {
            float was = v_begin.at[i];
            if (t > begin) {
              float last = hs[slot - apart + i];
              float over = adaptive ? nk_neuron_threshold(&p, bs[slot - apart + i]) : p.v_threshold;
              was = nk_neuron_reset(&p, p.soft, last, nk_neuron_fire(&p, last, over), over);
            }
            float above_rest = was - p.v_reset;
            sums[NK_GRAD_LEAK] +=
                (double)dh * (double)(p.decay_input ? own.at[i] - above_rest : -above_rest);
          }
        }
        nk_store<V>(grad_x + t * columns + at, out);
      }
    }
    if (grad_v0) nk_store<V>(grad_v0 + at, dv);
    if (grad_b0) nk_store<V>(grad_b0 + at, db);
  }
  if (!partials) return;
  for (int i = 0; i < NK_NEURON_SUMS; i++) {
    double sum = nk_block_sum(sums[i], room);
    if (threadIdx.x == 0) partials[(int64_t)blockIdx.x * NK_NEURON_SUMS + i] = sum;
  }
}

/* sums (items, NK_NEURON_SUMS): the blocks' partials, added in order, in the first row; zeros below. */
NK_KERNEL(nk_neuron_sums, 256, double *sums, const double *partials, int64_t items, int64_t blocks) {
  NK_SHARED(double, room, 8);
  int which = (int)blockIdx.x;
  double sum = 0.0;
  for (int64_t i = threadIdx.x; i < blocks; i += blockDim.x)
    sum += partials[i * NK_NEURON_SUMS + which];
  sum = nk_block_sum(sum, room);
  for (int64_t i = threadIdx.x; i < items; i += blockDim.x)
    sums[i * NK_NEURON_SUMS + which] = i == 0 ? sum : 0.0;
}

#define NK_NEURON_FORWARD(type, TX, TS, V)                                                         \
  NK_KERNEL(nk_neuron_forward_##type##_x##V, 256, TS *spikes, float *v_final, float *b_final,       \
            float *v_sequence, const TX *x, const float *v0, const float *b0, int64_t steps,       \
            int64_t columns, float leak, float v_threshold, float v_reset, float rho, float beta,  \
            int multiply, int decay_input, int soft, int strict, int adaptive) {                   \
    nk_neuron p = {leak,        v_threshold, v_reset, rho, beta,    1.0f,                          \
                   multiply,    decay_input, soft,    0,   NK_ATAN, strict};                       \
    nk_neuron_forward<V>(spikes, v_final, b_final, v_sequence, x, v0, b0, steps, columns, p,       \
                         adaptive);                                                                \
  }

#define NK_NEURON_BACKWARD(type, TX, TS, V)                                                        \
  NK_KERNEL(nk_neuron_backward_##type##_x##V, 128, TX *grad_x, float *grad_v0, float *grad_b0,      \
            double *partials, float *checkpoints, const TS *grad_spikes, const float *grad_v,      \
            const float *grad_b, const float *grad_sequence, const TX *x, const float *v0,         \
            const float *b0, int64_t steps, int64_t columns, int64_t segment, float leak,          \
            float v_threshold, float v_reset, float rho, float beta, float alpha, int multiply,    \
            int decay_input, int soft, int detach_reset, int surrogate, int strict,                \
            int adaptive, int wants_leak) {                                                        \
    nk_neuron p = {leak,     v_threshold, v_reset, rho,          beta,      alpha,                 \
                   multiply, decay_input, soft,    detach_reset, surrogate, strict};               \
    nk_neuron_backward<V>(grad_x, grad_v0, grad_b0, partials, checkpoints, grad_spikes, grad_v,    \
                          grad_b, grad_sequence, x, v0, b0, steps, columns, segment, p, adaptive,  \
                          wants_leak);                                                             \
  }

#define NK_NEURON_BITS(type, TX)                                                                   \
  NK_KERNEL(nk_neuron_forward_bits_##type, 256, uint32_t *spikes, float *v_final, float *b_final,   \
            float *v_sequence, const TX *x, const float *v0, const float *b0, int64_t steps,       \
            int64_t batch, int64_t neurons, float leak, float v_threshold, float v_reset,          \
            float rho, float beta, int multiply, int decay_input, int soft, int strict,            \
            int adaptive) {                                                                        \
    nk_neuron p = {leak,        v_threshold, v_reset, rho, beta,    1.0f,                          \
                   multiply,    decay_input, soft,    0,   NK_ATAN, strict};                       \
    nk_neuron_forward_bits(spikes, v_final, b_final, v_sequence, x, v0, b0, steps, batch, neurons, \
                           p, adaptive);                                                           \
  }

#define NK_NEURON(type, TX, TS, V)                                                                 \
  NK_NEURON_FORWARD(type, TX, TS, V)                                                               \
  NK_NEURON_BACKWARD(type, TX, TS, V)

NK_NEURON(fp32, float, float, 1)
NK_NEURON(bf16, nk_bf16, nk_bf16, 1)
NK_NEURON(fp16, nk_fp16, nk_fp16, 1)
NK_NEURON(fp32, float, float, 4)
NK_NEURON(bf16, nk_bf16, nk_bf16, 4)
NK_NEURON(fp16, nk_fp16, nk_fp16, 4)
NK_NEURON(wide_bf16, float, nk_bf16, 1)
NK_NEURON(wide_fp16, float, nk_fp16, 1)
NK_NEURON_BITS(fp32, float)
NK_NEURON_BITS(bf16, nk_bf16)
NK_NEURON_BITS(fp16, nk_fp16)
