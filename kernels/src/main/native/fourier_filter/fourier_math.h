/* One mode of the filter over time, for C and CUDA. */
#ifndef NK_FOURIER_MATH_H
#define NK_FOURIER_MATH_H

#include "nk_math.h"

/* How often a mode stands in a real signal: once for the mean and, T even, for the last, else twice. */
NK_MATH float nk_fourier_mode_weight(int once, float steps) { return (once ? 1.0f : 2.0f) / steps; }

/* Re and Im of G·X. */
NK_MATH float nk_fourier_gain_re(float g, float h, float re, float im) { return g * re - h * im; }
NK_MATH float nk_fourier_gain_im(float g, float h, float re, float im) { return g * im + h * re; }

/* Re and Im of D·conj(X), what a row adds to the gain's gradient. */
NK_MATH float nk_fourier_grad_re(float re, float im, float x_re, float x_im) {
  return re * x_re + im * x_im;
}
NK_MATH float nk_fourier_grad_im(float re, float im, float x_re, float x_im) {
  return im * x_re - re * x_im;
}

#endif
