/*
 * The filter over the time steps of a run of neurons. Few steps and fewer modes: sums over a table
 * of the T-th roots of unity cost less than a transform's shuffles, and have the error of a dot
 * product.
 */
#ifndef NK_FOURIER_FILTER_H
#define NK_FOURIER_FILTER_H

#include "fourier_math.h"
#include "nk_simd.h"
#include "nk_view.h"

/* cos and sin of 2πj/T for j < T, and how many modes of the T/2+1 pass. */
typedef struct nk_fourier {
  const float *cosine, *sine;
  int64_t steps, modes;
} nk_fourier;

/* Floats that the spectrum of one run takes: real and imaginary parts, [modes][NK_RUN]. */
#define NK_SPECTRUM(modes) (2 * (modes) * NK_RUN)

NK_INLINE float nk_fourier_weight(const nk_fourier *f, int64_t mode) {
  return nk_fourier_mode_weight(mode == 0 || 2 * mode == f->steps, (float)f->steps);
}

/* X_m = Σ_t x_t·e^(−2πimt/T) for rows x [T][NK_RUN]. */
void NK_FN(nk_fourier_analyse)(const nk_fourier *f, float *spectrum, const float *x);

/* y_t = Σ_m w_m·Re(Y_m·e^(2πimt/T)), w the mode's weight, or 1 where it is in the spectrum already. */
void NK_FN(nk_fourier_synthesise)(const nk_fourier *f, float *y, const float *spectrum, int weigh);

/* Y = G·X in place; gains are n adjacent columns of (M, N), `stride` apart. */
void NK_FN(nk_fourier_gain)(const nk_fourier *f, float *spectrum, const float *gain_re,
                            const float *gain_im, int64_t stride, int64_t n);

/*
 * Backward of gain and synthesis: `down` holds Σ_t g_t·e^(−2πimt/T) and becomes the gradient of X,
 * of which nk_fourier_synthesise, without weights, makes grad_x. The gains' gradients are added to
 * grad_re and grad_im (n columns, `grad_stride` apart) where they are there.
 */
void NK_FN(nk_fourier_pull)(const nk_fourier *f, float *down, const float *x_spectrum,
                            const float *gain_re, const float *gain_im, int64_t gain_stride,
                            float *grad_re, float *grad_im, int64_t grad_stride, int64_t n);

#endif
