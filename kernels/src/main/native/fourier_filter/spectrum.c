/* Analysis, gain and synthesis of a run of NK_RUN neurons. */
#include "fourier_filter.h"

void NK_FN(nk_fourier_analyse)(const nk_fourier *f, float *spectrum, const float *x) {
  int64_t steps = f->steps;
  for (int64_t m = 0; m < f->modes; m++) {
    float *re = spectrum + 2 * m * NK_RUN, *im = re + NK_RUN;
    for (int64_t i = 0; i < NK_RUN; i += NK_W) {
      nk_v sum_re = nk_v_zero(), sum_im = nk_v_zero();
      int64_t at = 0;
      for (int64_t t = 0; t < steps; t++) {
        nk_v value = nk_v_load(x + t * NK_RUN + i);
        sum_re = nk_v_fma(value, nk_v_set1(f->cosine[at]), sum_re);
        sum_im = nk_v_fma(value, nk_v_set1(-f->sine[at]), sum_im);
        at += m;
        if (at >= steps) at -= steps;
      }
      nk_v_store(re + i, sum_re);
      nk_v_store(im + i, sum_im);
    }
  }
}

void NK_FN(nk_fourier_synthesise)(const nk_fourier *f, float *y, const float *spectrum, int weigh) {
  int64_t steps = f->steps;
  for (int64_t t = 0; t < steps; t++) {
    for (int64_t i = 0; i < NK_RUN; i += NK_W) {
      nk_v sum = nk_v_zero();
      int64_t at = 0;
      for (int64_t m = 0; m < f->modes; m++) {
        const float *re = spectrum + 2 * m * NK_RUN + i;
        float weight = weigh ? nk_fourier_weight(f, m) : 1.0f;
        sum = nk_v_fma(nk_v_load(re), nk_v_set1(weight * f->cosine[at]), sum);
        sum = nk_v_fma(nk_v_load(re + NK_RUN), nk_v_set1(-weight * f->sine[at]), sum);
        at += t;
        if (at >= steps) at -= steps;
      }
      nk_v_store(y + t * NK_RUN + i, sum);
    }
  }
}

void NK_FN(nk_fourier_gain)(const nk_fourier *f, float *spectrum, const float *gain_re,
                            const float *gain_im, int64_t stride, int64_t n) {
  for (int64_t m = 0; m < f->modes; m++) {
    float *re = spectrum + 2 * m * NK_RUN, *im = re + NK_RUN;
    const float *g = gain_re + m * stride, *h = gain_im + m * stride;
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      float a = re[i], b = im[i];
      re[i] = nk_fourier_gain_re(g[i], h[i], a, b);
      im[i] = nk_fourier_gain_im(g[i], h[i], a, b);
    }
  }
}

void NK_FN(nk_fourier_pull)(const nk_fourier *f, float *down, const float *x_spectrum,
                            const float *gain_re, const float *gain_im, int64_t gain_stride,
                            float *grad_re, float *grad_im, int64_t grad_stride, int64_t n) {
  for (int64_t m = 0; m < f->modes; m++) {
    float weight = nk_fourier_weight(f, m);
    float *re = down + 2 * m * NK_RUN, *im = re + NK_RUN;
    const float *x_re = x_spectrum + 2 * m * NK_RUN, *x_im = x_re + NK_RUN;
    const float *g = gain_re + m * gain_stride, *h = gain_im + m * gain_stride;
    float *to_re = grad_re == NULL ? NULL : grad_re + m * grad_stride;
    float *to_im = grad_im == NULL ? NULL : grad_im + m * grad_stride;
    if (to_re != NULL && to_im != NULL) {
#pragma omp simd
      for (int64_t i = 0; i < n; i++) {
        to_re[i] += weight * nk_fourier_grad_re(re[i], im[i], x_re[i], x_im[i]);
        to_im[i] += weight * nk_fourier_grad_im(re[i], im[i], x_re[i], x_im[i]);
      }
    }
#pragma omp simd
    for (int64_t i = 0; i < n; i++) {
      float a = weight * re[i], b = weight * im[i];
      re[i] = nk_fourier_grad_re(a, b, g[i], h[i]);
      im[i] = nk_fourier_grad_im(a, b, g[i], h[i]);
    }
  }
}
