/*
 * A filter over time with one complex gain for each mode and neuron, on a GPU. Equations and what is
 * saved: fourier_filter.c.
 *
 *   y = irfft(G ⊙ rfft(x), T), modes from M on dropped; x (T, B, N), G (M, N)
 *
 * A thread takes a column (row of the batch, neuron) through all steps, neighbours in a warp are
 * neighbours in memory. Its spectrum lies in shared memory, element by element across the block, or,
 * where T is long, in `scratch` (2·M or 4·M, columns). NK_MODES sums run at once, so that x is read
 * M/NK_MODES times, but for the first time out of the first cache; few steps and fewer modes cost less
 * so than by a transform. Roots of unity come from a table: the same ones for all threads.
 *
 * Backward walks the rows of its part of the batch one after the other, so that the gains' gradients
 * are sums in order: the same bits on every GPU.
 */
#include "nk_cuda.h"
#include "fourier_math.h"

/* Modes, or steps, that are summed at once. */
#define NK_MODES 4

/* The filter, and where this thread's spectrum lies: number i of it at at[i·apart]. */
struct nk_filter {
  const float *cosine, *sine;
  int64_t steps, modes, step;
  float *at;
  int64_t apart;
};

NK_DEVICE float nk_filter_weight(const nk_filter &f, int64_t mode) {
  return nk_fourier_mode_weight(mode == 0 || 2 * mode == f.steps, (float)f.steps);
}

/* Mode m's number in a spectrum: real part, and imaginary part behind it. */
NK_DEVICE float *nk_filter_mode(const nk_filter &f, int64_t base, int64_t m) {
  return f.at + (base + 2 * m) * f.apart;
}

/* X_m = Σ_t x_t·e^(−2πimt/T) of one column, from number `base` on. */
template <class T>
NK_DEVICE void nk_filter_analyse(const nk_filter &f, int64_t base, const T *x) {
  NK_ROLLED
  for (int64_t m = 0; m < f.modes; m += NK_MODES) {
    float re[NK_MODES] = {0.0f}, im[NK_MODES] = {0.0f};
    int64_t root[NK_MODES] = {0};
    NK_ROLLED
    for (int64_t t = 0; t < f.steps; t++) {
      float value = nk_get(x[t * f.step]);
      NK_UNROLL
      for (int k = 0; k < NK_MODES; k++) {
        if (m + k >= f.modes) break;
        re[k] = nk_fma(value, f.cosine[root[k]], re[k]);
        im[k] = nk_fma(value, -f.sine[root[k]], im[k]);
        root[k] += m + k;
        if (root[k] >= f.steps) root[k] -= f.steps;
      }
    }
    NK_UNROLL
    for (int k = 0; k < NK_MODES; k++) {
      if (m + k >= f.modes) break;
      float *to = nk_filter_mode(f, base, m + k);
      to[0] = re[k];
      to[f.apart] = im[k];
    }
  }
}

/* y_t = Σ_m w_m·Re(Y_m·e^(2πimt/T)), w the mode's weight, or 1 where it is in the spectrum already. */
template <class T>
NK_DEVICE void nk_filter_synthesise(const nk_filter &f, T *y, int64_t base, bool weigh) {
  NK_ROLLED
  for (int64_t t = 0; t < f.steps; t += NK_MODES) {
    float sum[NK_MODES] = {0.0f};
    int64_t root[NK_MODES] = {0};
    NK_ROLLED
    for (int64_t m = 0; m < f.modes; m++) {
      const float *from = nk_filter_mode(f, base, m);
      float re = from[0], im = from[f.apart], weight = weigh ? nk_filter_weight(f, m) : 1.0f;
      NK_UNROLL
      for (int k = 0; k < NK_MODES; k++) {
        if (t + k >= f.steps) break;
        sum[k] = nk_fma(re, weight * f.cosine[root[k]], sum[k]);
        sum[k] = nk_fma(im, -weight * f.sine[root[k]], sum[k]);
        root[k] += t + k;
        if (root[k] >= f.steps) root[k] -= f.steps;
      }
    }
    NK_UNROLL
    for (int k = 0; k < NK_MODES; k++)
      if (t + k < f.steps) nk_set(y + (t + k) * f.step, sum[k]);
  }
}

/* This thread's place for `floats` numbers: shared memory, or scratch where that was given. */
NK_DEVICE void nk_filter_place(nk_filter *f, float *shared, float *scratch, int64_t columns) {
  f->at = scratch ? scratch + nk_thread() : shared + threadIdx.x;
  f->apart = scratch ? columns : blockDim.x;
}

template <class TX, class TY>
NK_DEVICE void nk_filter_forward(TY *y, float *scratch, const TX *x, const float *gain_re,
                                 const float *gain_im, const float *cosine, const float *sine,
                                 int64_t steps, int64_t batch, int64_t neurons, int64_t modes) {
  NK_DYNAMIC_SHARED(float, shared);
  int64_t columns = batch * neurons, column = nk_thread(), n = column % neurons;
  if (column >= columns) return;
  nk_filter f = {cosine, sine, steps, modes, columns, nullptr, 0};
  nk_filter_place(&f, shared, scratch, columns);
  nk_filter_analyse(f, 0, x + column);
  NK_ROLLED
  for (int64_t m = 0; m < modes; m++) {
    float *at = nk_filter_mode(f, 0, m);
    float re = at[0], im = at[f.apart], g = gain_re[m * neurons + n], h = gain_im[m * neurons + n];
    at[0] = nk_fourier_gain_re(g, h, re, im);
    at[f.apart] = nk_fourier_gain_im(g, h, re, im);
  }
  nk_filter_synthesise(f, y + column, 0, true);
}

/* A thread takes a neuron through chunk_rows rows of the batch. partials (chunks, 2, M, N) or null. */
template <class T, class TG>
NK_DEVICE void nk_filter_backward(T *grad_x, float *partials, float *scratch, const TG *grad_y,
                                  const T *x, const float *gain_re, const float *gain_im,
                                  const float *cosine, const float *sine, int64_t steps,
                                  int64_t batch, int64_t neurons, int64_t modes,
                                  int64_t chunk_rows) {
  NK_DYNAMIC_SHARED(float, shared);
  int64_t chunks = (batch + chunk_rows - 1) / chunk_rows, columns = chunks * neurons;
  int64_t chunk = nk_thread() / neurons, n = nk_thread() % neurons, gains = modes * neurons;
  if (chunk >= chunks) return;
  nk_filter f = {cosine, sine, steps, modes, batch * neurons, nullptr, 0};
  nk_filter_place(&f, shared, scratch, columns);
  int64_t up = 0, down = 2 * modes;
  int64_t end = (chunk + 1) * chunk_rows < batch ? (chunk + 1) * chunk_rows : batch;
  NK_ROLLED
  for (int64_t row = chunk * chunk_rows; row < end; row++) {
    int64_t column = row * neurons + n;
    if (partials) nk_filter_analyse(f, up, x + column);
    nk_filter_analyse(f, down, grad_y + column);
    NK_ROLLED
    for (int64_t m = 0; m < modes; m++) {
      float *at = nk_filter_mode(f, down, m), weight = nk_filter_weight(f, m);
      float re = at[0], im = at[f.apart], g = gain_re[m * neurons + n], h = gain_im[m * neurons + n];
      if (partials) {
        const float *seen = nk_filter_mode(f, up, m);
        float *to = partials + 2 * chunk * gains + m * neurons + n;
        to[0] += weight * nk_fourier_grad_re(re, im, seen[0], seen[f.apart]);
        to[gains] += weight * nk_fourier_grad_im(re, im, seen[0], seen[f.apart]);
      }
      at[0] = nk_fourier_grad_re(weight * re, weight * im, g, h);
      at[f.apart] = nk_fourier_grad_im(weight * re, weight * im, g, h);
    }
    nk_filter_synthesise(f, grad_x + column, down, false);
  }
}

/* Σ over the chunks' partials in order. */
NK_KERNEL(nk_fourier_filter_sum, 128, float *grad_re, float *grad_im, const float *partials,
          int64_t chunks, int64_t gains) {
  int64_t i = nk_thread();
  if (i >= gains) return;
  double re = 0.0, im = 0.0;
  for (int64_t chunk = 0; chunk < chunks; chunk++) {
    re += (double)partials[2 * chunk * gains + i];
    im += (double)partials[(2 * chunk + 1) * gains + i];
  }
  grad_re[i] = (float)re;
  grad_im[i] = (float)im;
}

/* TX: x and grad_x; TY: y and grad_y, fp32 beside neurons whatever x is. */
#define NK_FILTER(type, TX, TY)                                                                    \
  NK_KERNEL(nk_fourier_filter_forward_##type, 128, TY *y, float *scratch, const TX *x,              \
            const float *gain_re, const float *gain_im, const float *cosine, const float *sine,    \
            int64_t steps, int64_t batch, int64_t neurons, int64_t modes) {                        \
    nk_filter_forward(y, scratch, x, gain_re, gain_im, cosine, sine, steps, batch, neurons,        \
                      modes);                                                                      \
  }                                                                                                \
  NK_KERNEL(nk_fourier_filter_backward_##type, 128, TX *grad_x, float *partials, float *scratch,    \
            const TY *grad_y, const TX *x, const float *gain_re, const float *gain_im,             \
            const float *cosine, const float *sine, int64_t steps, int64_t batch,                  \
            int64_t neurons, int64_t modes, int64_t chunk_rows) {                                  \
    nk_filter_backward(grad_x, partials, scratch, grad_y, x, gain_re, gain_im, cosine, sine,       \
                       steps, batch, neurons, modes, chunk_rows);                                  \
  }

NK_FILTER(fp32, float, float)
NK_FILTER(bf16, nk_bf16, nk_bf16)
NK_FILTER(fp16, nk_fp16, nk_fp16)
NK_FILTER(wide_bf16, nk_bf16, float)
NK_FILTER(wide_fp16, nk_fp16, float)
