/*
 * Spiking neurons over time: leaky integrate-and-fire (lif), with a learned time constant (plif), with
 * an adaptive threshold (alif), and that behind a filter over time (fa_lif). Each neuron alone:
 *
 *   h_t = v_{t−1} + (x_t − (v_{t−1} − v_r))/τ     or v_{t−1} − (v_{t−1} − v_r)/τ + x_t; plif: 1/τ = σ(w)
 *   θ_t = v_threshold + β·b_{t−1}                 s_t = [h_t ≥ θ_t]
 *   v_t = (1 − s_t)·h_t + s_t·v_r                 or h_t − s_t·θ_t, then v_r = 0 above
 *   b_t = ρ·b_{t−1} + (1 − ρ)·s_t
 *
 * x (T, B, N) in the storage type, state fp32. Backward is the exact chain, with the surrogate φ of
 * h − θ for ds/dh; from the last step to the first, dv and db the gradients that come from t + 1:
 *
 *   ds = grad_s + (1 − ρ)·db + dv·(v_r − h, or −θ)     the last term not where the reset is detached
 *   dθ = −φ·ds − (soft) dv·s       dh = φ·ds + dv·(hard: 1 − s)
 *   dx = dh/τ, or dh     dv ← dh·(1 − 1/τ)     db ← ρ·db + β·dθ
 *   d(1/τ) = Σ dh·(x − (v − v_r)), or −Σ dh·(v − v_r)
 *
 * Saved: x and the initial state. Backward repeats the forward of a run of neurons in the first cache,
 * which is 4 bytes a neuron-step less to write and to read than keeping h: 20 bytes in all with fp32.
 * A value that is not finite stays in its neuron. The parameters' gradients are summed in double over
 * runs, and then over the runs in order: the same bits for any number of threads.
 *
 * Equations of lif and plif: SpikingJelly (Fang et al. 2023). The adaptive threshold as in Bellec et al.
 * 2018 in the form of OPERATORS.md; fa_lif is our own realisation of FA-SNN, of which an abstract is
 * published.
 */
#include "fourier_filter/fourier_filter.h"
#include "neuron.h"

#include <omp.h>

/* What both directions know of a call. */
typedef struct nk_call {
  nk_neuron neuron;
  nk_fourier filter; /* modes 0 where there is none */
  nk_rows x;
  const float *v0, *b0, *gain_re, *gain_im;
  int64_t steps, neurons;
  int adaptive;
  int64_t run; /* neurons of a run, and of a row that backward keeps */
} nk_call;

/* Fourier series are taken over runs of NK_RUN, and parameters are summed over such. */
NK_INLINE int64_t nk_run_of(int64_t modes, const double *sums) {
  return modes > 0 || sums != NULL ? NK_RUN : NK_NEURON_RUN;
}

/* A division by a power of two and the product with its inverse round alike, and a product is faster. */
NK_INLINE void nk_multiply_where_exact(nk_neuron *p) {
  int exponent;
  float inverse = 1.0f / p->leak;
  if (p->multiply || frexpf(p->leak, &exponent) != 0.5f || !isnormal(inverse)) return;
  p->leak = inverse;
  p->multiply = 1;
}

/* State before the first step: what was given, else v_reset and no adaptation. */
NK_INLINE void nk_begin(const nk_call *c, float *v, float *b, int64_t first, int64_t n) {
  for (int64_t i = 0; i < n; i++) {
    v[i] = c->v0 == NULL ? c->neuron.v_reset : c->v0[first + i];
    b[i] = c->b0 == NULL ? 0.0f : c->b0[first + i];
  }
}

/* The rows of another run of a tensor. */
NK_INLINE nk_rows nk_rows_at(const nk_rows *tensor, int64_t first) {
  return (nk_rows){tensor->data, first, tensor->step, tensor->type};
}

/* The neurons' input: x itself, or x behind the filter, in `rows` [T][NK_RUN]; x's spectrum stays. */
NK_INLINE nk_rows nk_input(const nk_call *c, float *rows, float *spectrum, float *work,
                           int64_t first, int64_t from, int64_t n) {
  nk_rows x = c->x;
  x.first = first;
  if (c->filter.modes == 0) return x;
  for (int64_t t = 0; t < c->steps; t++) {
    nk_load(rows + t * NK_RUN, x.data, x.type, first + t * x.step, n);
    if (n < NK_RUN) memset(rows + t * NK_RUN + n, 0, (size_t)(NK_RUN - n) * 4);
  }
  NK_FN(nk_fourier_analyse)(&c->filter, spectrum, rows);
  memcpy(work, spectrum, (size_t)NK_SPECTRUM(c->filter.modes) * 4);
  NK_FN(nk_fourier_gain)(&c->filter, work, c->gain_re + from, c->gain_im + from, c->neurons, n);
  NK_FN(nk_fourier_synthesise)(&c->filter, rows, work, 1);
  return (nk_rows){rows, 0, NK_RUN, NK_FP32};
}

/* 32 neurons a word, the first one lowest. */
NK_INLINE void nk_pack_spikes(uint32_t *to, const float *s, int64_t n) {
  for (int64_t from = 0; from < n; from += 32) {
    uint32_t word = 0;
    for (int64_t i = 0; i < nk_min(32, n - from); i++)
      word |= (uint32_t)(s[from + i] != 0.0f) << i;
    to[from / 32] = word;
  }
}

/*
 * spikes (T, B, N) in the storage type, or words (T, B, ⌈N/32⌉) where bits is set; v and b (B, N) the
 * final state; v_sequence (T, B, N) or null. `scratch` has (T + 4·M)·NK_RUN floats a thread where there
 * is a filter. x, v0, b0 as rows of N.
 */
NK_EXPORT void NK_FN(nk_neuron_forward)(
    void *spikes, float *v_final, float *b_final, float *v_sequence, float *scratch, const void *x,
    const float *v0, const float *b0, const float *gain_re, const float *gain_im,
    const float *cosine, const float *sine, int64_t steps, int64_t batch, int64_t neurons,
    int64_t modes, int type, int bits, float leak, float v_threshold, float v_reset, float rho,
    float beta, int multiply, int decay_input, int soft, int strict, int adaptive, int threads) {
  int64_t run = nk_run_of(modes, NULL), runs = (neurons + run - 1) / run, step = batch * neurons;
  int64_t words = (neurons + 31) / 32, own = steps * NK_RUN + 2 * NK_SPECTRUM(modes);
  nk_call c = {{leak, v_threshold, v_reset, rho, beta, 1.0f, multiply, decay_input, soft, 0, 0, strict},
               {cosine, sine, steps, modes},
               {(void *)(uintptr_t)x, 0, step, type},
               v0, b0, gain_re, gain_im, steps, neurons, adaptive, run};
  nk_multiply_where_exact(&c.neuron);
  int stream = steps * step * nk_bytes(type) >= NK_STREAM_BYTES;
#pragma omp parallel num_threads(threads) if (steps * step > NK_SERIAL_WORK / 4)
  {
#pragma omp for schedule(static) nowait
    for (int64_t item = 0; item < batch * runs; item++) {
      int64_t row = item / runs, from = item % runs * run, n = nk_min(run, neurons - from);
      int64_t first = row * neurons + from;
      float *rows = scratch + omp_get_thread_num() * own, *spectrum = rows + steps * NK_RUN;
      nk_rows in = nk_input(&c, rows, spectrum, spectrum + NK_SPECTRUM(modes), first, from, n);
      nk_rows next = nk_rows_at(&c.x, first + n);
      float v[NK_RUN], b[NK_RUN], s[NK_RUN], buffer[NK_RUN];
      nk_begin(&c, v, b, first, n);
      for (int64_t t = 0; t < steps; t++) {
        int64_t ahead = t + NK_ROWS_AHEAD;
        if (modes == 0) nk_ask_row(ahead < steps ? &in : &next, ahead % steps, n);
        const float *xt = nk_row(buffer, &in, t, n);
        NK_FN(nk_neuron_advance)(&c.neuron, adaptive, xt, v, b, NULL, s, n);
        if (bits) {
          nk_pack_spikes((uint32_t *)spikes + (t * batch + row) * words + from / 32, s, n);
        } else {
          nk_put(spikes, type, first + t * step, s, n, stream);
        }
        if (v_sequence != NULL) memcpy(v_sequence + first + t * step, v, (size_t)n * 4);
      }
      memcpy(v_final + first, v, (size_t)n * 4);
      if (b_final != NULL) memcpy(b_final + first, b, (size_t)n * 4);
    }
    nk_stream_end(stream);
  }
}

/* Constants of the chain: what dh leaves for x and for the step before. */
typedef struct nk_chain {
  float to_x, to_v;
} nk_chain;

/*
 * The chain of one step: dv and db are of after it and become those of before it; dx comes out, and dh
 * and dθ where they are to be summed. φ is atan's, here, where `atan` is set: one loop in place of two.
 */
NK_INLINE void nk_pull(const nk_neuron *p, const nk_chain *c, int soft, int detach, int adaptive,
                       int atan, int summed, const float *restrict gs, const float *restrict phi,
                       const float *restrict h, const float *restrict threshold,
                       float *restrict dv, float *restrict db, float *restrict dx,
                       float *restrict dh, float *restrict dt, int64_t n) {
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    float s = nk_neuron_fire(p, h[i], threshold[i]);
    float ds = gs[i];
    if (adaptive) ds += (1.0f - p->rho) * db[i];
    if (!detach) ds += dv[i] * (soft ? -threshold[i] : p->v_reset - h[i]);
    float slope = atan ? nk_surrogate_atan(p->alpha, h[i] - threshold[i]) : phi[i];
    float through = slope * ds;
    float pull = through + (soft ? dv[i] : dv[i] * (1.0f - s));
    float lift = soft ? -through - dv[i] * s : -through;
    dx[i] = pull * c->to_x;
    if (summed) dh[i] = pull;
    if (summed) dt[i] = lift;
    dv[i] = pull * c->to_v;
    if (adaptive) db[i] = p->rho * db[i] + p->beta * lift;
  }
}

#define NK_PULL_OF(soft, detach, adaptive, atan, summed)                                           \
  nk_pull(p, c, soft, detach, adaptive, atan, summed, gs, phi, h, threshold, dv, db, dx, dh, dt, n)

#define NK_PULL(soft, detach, adaptive)                                                            \
  if (summed) {                                                                                    \
    NK_PULL_OF(soft, detach, adaptive, 0, 1);                                                      \
  } else if (phi == NULL) {                                                                        \
    NK_PULL_OF(soft, detach, adaptive, 1, 0);                                                      \
  } else {                                                                                         \
    NK_PULL_OF(soft, detach, adaptive, 0, 0);                                                      \
  }                                                                                                \
  break

/* phi may be null where the surrogate is atan and nothing is summed. */
static void nk_pull_step(const nk_neuron *given, const nk_chain *chain, int adaptive, int summed,
                         const float *gs, const float *phi, const float *h,
                         const float *threshold, float *dv, float *db, float *dx, float *dh,
                         float *dt, int64_t n) {
  const nk_neuron neuron = *given, *p = &neuron;
  const nk_chain factors = *chain, *c = &factors;
  switch ((p->soft ? 4 : 0) | (p->detach_reset ? 2 : 0) | (adaptive ? 1 : 0)) {
    case 0: NK_PULL(0, 0, 0);
    case 1: NK_PULL(0, 0, 1);
    case 2: NK_PULL(0, 1, 0);
    case 3: NK_PULL(0, 1, 1);
    case 4: NK_PULL(1, 0, 0);
    case 5: NK_PULL(1, 0, 1);
    case 6: NK_PULL(1, 1, 0);
    default: NK_PULL(1, 1, 1);
  }
}

/*
 * The forward of a run again, kept step by step: h always, b before the step, v before the step. At its
 * end the gradients' last rows, `gs`, are asked for: they are read next.
 */
NK_INLINE void nk_repeat(const nk_call *c, const nk_rows *in, const nk_rows *gs,
                         const nk_trace *trace, int64_t first, int64_t n) {
  float v[NK_RUN], b[NK_RUN], buffer[NK_RUN];
  nk_begin(c, v, b, first, n);
  for (int64_t t = 0; t < c->steps; t++) {
    int64_t ahead = t + NK_ROWS_AHEAD;
    if (ahead >= c->steps) {
      nk_ask_row(gs, nk_max(0, 2 * c->steps - 1 - ahead), n);
    } else if (c->filter.modes == 0) {
      nk_ask_row(in, ahead, n);
    }
    const float *xt = nk_row(buffer, in, t, n);
    if (trace->b != NULL) memcpy(trace->b + t * c->run, b, (size_t)n * 4);
    if (trace->v != NULL) memcpy(trace->v + t * c->run, v, (size_t)n * 4);
    NK_FN(nk_neuron_advance)(&c->neuron, c->adaptive, xt, v, b, trace->h + t * c->run, NULL, n);
  }
}

/* What one step adds to the parameters' sums; db is that of after the step. */
NK_INLINE void nk_sum_parameters(const nk_neuron *p, double *sums, const nk_trace *trace, int64_t t,
                                 const float *threshold, const float *dt, const float *db,
                                 int64_t n) {
  const float *h = trace->h + t * NK_RUN, *b = trace->b + t * NK_RUN;
  double lift = 0.0, scaled = 0.0, decay = 0.0;
#pragma omp simd reduction(+ : lift, scaled, decay)
  for (int64_t i = 0; i < n; i++) {
    lift += (double)dt[i];
    scaled += (double)dt[i] * (double)b[i];
    decay += (double)db[i] * (double)(b[i] - nk_neuron_fire(p, h[i], threshold[i]));
  }
  sums[NK_GRAD_THRESHOLD] += lift;
  sums[NK_GRAD_BETA] += scaled;
  sums[NK_GRAD_RHO] += decay;
}

NK_INLINE void nk_sum_leak(const nk_neuron *p, double *sums, const float *dh, const float *x,
                           const float *v, int64_t n) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) {
    float above = v[i] - p->v_reset;
    sum += (double)dh[i] * (double)(p->decay_input ? x[i] - above : -above);
  }
  sums[NK_GRAD_LEAK] += sum;
}

/*
 * The gradients that are given may be null: of the spikes (T, B, N, storage type), of the final v and b
 * (B, N), of v_sequence (T, B, N). Written: grad_x (T, B, N, storage type), grad_v0 and grad_b0 (B, N)
 * where not null. The batch is taken in parts of chunk_rows rows; sums (parts · runs,
 * NK_NEURON_SUMS) takes each run's share of the parameters' gradients, null where nobody asks;
 * partials (parts, 2, M, N), zeros on entry, that of the gains. `scratch` has
 * (5·T + 4·M)·NK_RUN floats a thread.
 */
NK_EXPORT void NK_FN(nk_neuron_backward)(
    void *grad_x, float *grad_v0, float *grad_b0, double *sums, float *partials, float *scratch,
    const void *grad_spikes, const float *grad_v, const float *grad_b, const float *grad_sequence,
    const void *x, const float *v0, const float *b0, const float *gain_re, const float *gain_im,
    const float *cosine, const float *sine, int64_t steps, int64_t batch, int64_t neurons,
    int64_t modes, int64_t chunk_rows, int type, float leak, float v_threshold, float v_reset,
    float rho, float beta, float alpha, int multiply, int decay_input, int soft, int detach_reset,
    int surrogate, int strict, int adaptive, int threads) {
  int64_t run = nk_run_of(modes, sums), runs = (neurons + run - 1) / run, step = batch * neurons;
  int64_t chunks = (batch + chunk_rows - 1) / chunk_rows, gains = modes * neurons;
  int64_t plane = steps * NK_RUN, own = 5 * plane + 2 * NK_SPECTRUM(modes);
  nk_call c = {{leak, v_threshold, v_reset, rho, beta, alpha, multiply, decay_input, soft,
                detach_reset, surrogate, strict},
               {cosine, sine, steps, modes},
               {(void *)(uintptr_t)x, 0, step, type},
               v0, b0, gain_re, gain_im, steps, neurons, adaptive, run};
  nk_multiply_where_exact(&c.neuron);
  float inverse = multiply ? leak : 1.0f / leak;
  nk_chain chain = {decay_input ? inverse : 1.0f, 1.0f - inverse};
  int stream = steps * step * nk_bytes(type) >= NK_STREAM_BYTES;
  int alone = surrogate == NK_ATAN && sums == NULL;
  int learned = sums != NULL && multiply, shaped = sums != NULL && !multiply;
#pragma omp parallel num_threads(threads) if (steps * step > NK_SERIAL_WORK / 8)
  {
#pragma omp for schedule(static) nowait
    for (int64_t item = 0; item < chunks * runs; item++) {
      int64_t chunk = item / runs, from = item % runs * run, n = nk_min(run, neurons - from);
      float *rows = scratch + omp_get_thread_num() * own, *dx = rows + plane;
      float *up = dx + plane, *down = up + NK_SPECTRUM(modes), *kept = down + NK_SPECTRUM(modes);
      nk_trace trace = {kept, kept + plane, kept + 2 * plane}; /* rows `run` apart */
      if (!adaptive && !shaped) trace.b = NULL;
      if (!learned) trace.v = NULL;
      double own_sums[NK_NEURON_SUMS] = {0.0};
      int64_t end = nk_min(batch, (chunk + 1) * chunk_rows);
      for (int64_t row = chunk * chunk_rows; row < end; row++) {
        int64_t first = row * neurons + from;
        nk_rows in = nk_input(&c, rows, up, down, first, from, n);
        nk_rows next = nk_rows_at(&c.x, row + 1 < end ? first + neurons : first + n);
        nk_rows gs = {(void *)(uintptr_t)grad_spikes, first, step, type};
        nk_rows gv = {(void *)(uintptr_t)grad_sequence, first, step, NK_FP32};
        float dv[NK_RUN], db[NK_RUN], dh[NK_RUN], dt[NK_RUN], phi[NK_RUN], threshold[NK_RUN];
        float g_buffer[NK_RUN], x_buffer[NK_RUN], out[NK_RUN], before[NK_RUN];
        nk_repeat(&c, &in, &gs, &trace, first, n);
        for (int64_t i = 0; i < n; i++) {
          dv[i] = grad_v == NULL ? 0.0f : grad_v[first + i];
          db[i] = grad_b == NULL ? 0.0f : grad_b[first + i];
          threshold[i] = v_threshold;
        }
        for (int64_t t = steps - 1; t >= 0; t--) {
          const float *h = trace.h + t * run;
          if (adaptive) {
            const float *b = trace.b + t * run;
#pragma omp simd
            for (int64_t i = 0; i < n; i++) threshold[i] = nk_neuron_threshold(&c.neuron, b[i]);
          }
          if (grad_sequence != NULL) {
            nk_ask_row(&gv, nk_max(t - NK_ROWS_AHEAD, 0), n);
            const float *more = nk_row(x_buffer, &gv, t, n);
#pragma omp simd
            for (int64_t i = 0; i < n; i++) dv[i] += more[i];
          }
          if (t >= NK_ROWS_AHEAD) {
            nk_ask_row(&gs, t - NK_ROWS_AHEAD, n);
          } else {
            nk_ask_row(&next, nk_min(NK_ROWS_AHEAD - 1 - t, steps - 1), n);
          }
          const float *g = nk_row(g_buffer, &gs, t, n);
          if (!alone) NK_FN(nk_surrogate)(&c.neuron, phi, h, threshold, n);
          if (shaped) memcpy(before, db, (size_t)n * 4);
          float *to = modes > 0 ? dx + t * NK_RUN : out;
          nk_pull_step(&c.neuron, &chain, adaptive, sums != NULL, g, alone ? NULL : phi, h,
                       threshold, dv, db, to, dh, dt, n);
          if (shaped) nk_sum_parameters(&c.neuron, own_sums, &trace, t, threshold, dt, before, n);
          if (learned) {
            const float *xt = nk_row(x_buffer, &in, t, n);
            nk_sum_leak(&c.neuron, own_sums, dh, xt, trace.v + t * NK_RUN, n);
          }
          if (modes == 0) nk_put(grad_x, type, first + t * step, out, n, stream);
        }
        if (grad_v0 != NULL) memcpy(grad_v0 + first, dv, (size_t)n * 4);
        if (grad_b0 != NULL) memcpy(grad_b0 + first, db, (size_t)n * 4);
        if (modes > 0) {
          float *grad_re = partials == NULL ? NULL : partials + 2 * chunk * gains + from;
          for (int64_t t = 0; t < steps && n < NK_RUN; t++)
            memset(dx + t * NK_RUN + n, 0, (size_t)(NK_RUN - n) * 4);
          NK_FN(nk_fourier_analyse)(&c.filter, down, dx);
          NK_FN(nk_fourier_pull)(&c.filter, down, up, gain_re + from, gain_im + from, neurons,
                                 grad_re, grad_re == NULL ? NULL : grad_re + gains, neurons, n);
          NK_FN(nk_fourier_synthesise)(&c.filter, dx, down, 0);
          for (int64_t t = 0; t < steps; t++)
            nk_store(grad_x, type, first + t * step, dx + t * NK_RUN, n);
        }
      }
      for (int64_t i = 0; sums != NULL && i < NK_NEURON_SUMS; i++)
        sums[item * NK_NEURON_SUMS + i] = own_sums[i];
    }
    nk_stream_end(stream);
  }
}
