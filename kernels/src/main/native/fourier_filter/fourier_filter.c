/*
 * A filter over time with one complex gain for each mode and neuron.
 *
 *   y = irfft(G ⊙ rfft(x), T), modes from M on dropped; x (T, B, N), G = gain_re + i·gain_im (M, N)
 *
 * In sums: X_m = Σ_t x_t·e^(−iωmt), ω = 2π/T; y_t = Σ_{m<M} w_m·Re(G_m·X_m·e^(iωmt)), w_m 2/T, but 1/T
 * for m = 0 and, T even, m = T/2. As in every inverse of a real transform, the imaginary parts of these
 * two have no say. Backward: with D_m = w_m·Σ_t grad_t·e^(−iωmt),
 *   grad_x_t = Σ_m Re(conj(G_m)·D_m·e^(iωmt)),  grad_gain = Σ_B D_m·conj(X_m).
 * Saved: x alone; X is computed again. The gains' gradients are sums over B in parts of fixed size, added
 * in order: the same bits for any number of threads.
 *
 * FA-SNN is published as an abstract only: this filter is our own realisation of its Fourier adaptation.
 */
#include "fourier_filter.h"

#include <omp.h>

/* Rows of a run into [T][NK_RUN], padded with zeros. */
NK_INLINE void nk_fourier_load(float *to, const void *x, int type, int64_t first, int64_t step,
                               int64_t steps, int64_t n) {
  for (int64_t t = 0; t < steps; t++) {
    nk_load(to + t * NK_RUN, x, type, first + t * step, n);
    if (n < NK_RUN) memset(to + t * NK_RUN + n, 0, (size_t)(NK_RUN - n) * 4);
  }
}

NK_INLINE void nk_fourier_store(void *y, int type, int64_t first, int64_t step, int64_t steps,
                                const float *from, int64_t n) {
  for (int64_t t = 0; t < steps; t++) nk_store(y, type, first + t * step, from + t * NK_RUN, n);
}

/* `scratch` has (T + 2·M)·NK_RUN floats for each thread. */
NK_EXPORT void NK_FN(nk_fourier_filter_forward)(void *y, float *scratch, const void *x,
                                                const float *gain_re, const float *gain_im,
                                                const float *cosine, const float *sine,
                                                int64_t steps, int64_t batch, int64_t neurons,
                                                int64_t modes, int type, int threads) {
  nk_fourier f = {cosine, sine, steps, modes};
  int64_t runs = (neurons + NK_RUN - 1) / NK_RUN, step = batch * neurons;
  int64_t own = steps * NK_RUN + NK_SPECTRUM(modes);
#pragma omp parallel for schedule(static) num_threads(threads) \
    if (steps * step * (1 + modes) > NK_SERIAL_WORK)
  for (int64_t item = 0; item < batch * runs; item++) {
    int64_t row = item / runs, from = item % runs * NK_RUN, n = nk_min(NK_RUN, neurons - from);
    float *rows = scratch + omp_get_thread_num() * own, *spectrum = rows + steps * NK_RUN;
    nk_fourier_load(rows, x, type, row * neurons + from, step, steps, n);
    NK_FN(nk_fourier_analyse)(&f, spectrum, rows);
    NK_FN(nk_fourier_gain)(&f, spectrum, gain_re + from, gain_im + from, neurons, n);
    NK_FN(nk_fourier_synthesise)(&f, rows, spectrum, 1);
    nk_fourier_store(y, type, row * neurons + from, step, steps, rows, n);
  }
}

/*
 * The batch is taken in `chunks` parts of chunk_rows rows; partials (chunks, 2, M, N), zeros on entry,
 * is null where nobody asks for the gains' gradients. `scratch` has (T + 4·M)·NK_RUN floats a thread.
 */
NK_EXPORT void NK_FN(nk_fourier_filter_backward)(void *grad_x, float *partials, float *scratch,
                                                 const void *grad_y, const void *x,
                                                 const float *gain_re, const float *gain_im,
                                                 const float *cosine, const float *sine,
                                                 int64_t steps, int64_t batch, int64_t neurons,
                                                 int64_t modes, int64_t chunk_rows, int type,
                                                 int threads) {
  nk_fourier f = {cosine, sine, steps, modes};
  int64_t runs = (neurons + NK_RUN - 1) / NK_RUN, step = batch * neurons;
  int64_t chunks = (batch + chunk_rows - 1) / chunk_rows, gains = modes * neurons;
  int64_t own = steps * NK_RUN + 2 * NK_SPECTRUM(modes);
#pragma omp parallel for schedule(static) num_threads(threads) \
    if (steps * step * (1 + modes) > NK_SERIAL_WORK)
  for (int64_t item = 0; item < chunks * runs; item++) {
    int64_t chunk = item / runs, from = item % runs * NK_RUN, n = nk_min(NK_RUN, neurons - from);
    float *rows = scratch + omp_get_thread_num() * own;
    float *up = rows + steps * NK_RUN, *down = up + NK_SPECTRUM(modes);
    float *grad_re = partials == NULL ? NULL : partials + 2 * chunk * gains + from;
    float *grad_im = partials == NULL ? NULL : grad_re + gains;
    for (int64_t row = chunk * chunk_rows; row < nk_min(batch, (chunk + 1) * chunk_rows); row++) {
      int64_t first = row * neurons + from;
      nk_fourier_load(rows, x, type, first, step, steps, n);
      NK_FN(nk_fourier_analyse)(&f, up, rows);
      nk_fourier_load(rows, grad_y, type, first, step, steps, n);
      NK_FN(nk_fourier_analyse)(&f, down, rows);
      NK_FN(nk_fourier_pull)(&f, down, up, gain_re + from, gain_im + from, neurons, grad_re,
                             grad_im, neurons, n);
      NK_FN(nk_fourier_synthesise)(&f, rows, down, 0);
      nk_fourier_store(grad_x, type, first, step, steps, rows, n);
    }
  }
}

/* Σ over the chunks' partials in order. */
NK_EXPORT void NK_FN(nk_fourier_filter_sum)(float *grad_re, float *grad_im, const float *partials,
                                            int64_t chunks, int64_t gains, int threads) {
#pragma omp parallel for schedule(static) num_threads(threads) if (chunks * gains > NK_SERIAL_WORK)
  for (int64_t i = 0; i < gains; i++) {
    double re = 0.0, im = 0.0;
    for (int64_t chunk = 0; chunk < chunks; chunk++) {
      re += (double)partials[2 * chunk * gains + i];
      im += (double)partials[(2 * chunk + 1) * gains + i];
    }
    grad_re[i] = (float)re;
    grad_im[i] = (float)im;
  }
}
