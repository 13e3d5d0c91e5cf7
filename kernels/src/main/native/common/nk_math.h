/*
 * What an operator's scalar mathematics stands on, in C and in CUDA alike: NK_MATH before a function
 * that both include, and the few functions that differ between them. Headers named <operator>_math.h
 * use nothing else, so a .cu file can include them as they are.
 */
#ifndef NK_MATH_H
#define NK_MATH_H

#define NK_RESTRICT __restrict__

#ifdef __CUDACC__

#define NK_MATH static __device__ __forceinline__
NK_MATH float nk_exp(float x) { return expf(x); }
NK_MATH float nk_fma(float a, float b, float c) { return fmaf(a, b, c); }
NK_MATH float nk_sqrt(float x) { return sqrtf(x); }
NK_MATH double nk_fma64(double a, double b, double c) { return fma(a, b, c); }
NK_MATH float nk_fp16_to_fp32(unsigned short x) {
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
  return y;
}

#else

#include "nk.h"

#define NK_MATH NK_INLINE
NK_MATH float nk_sqrt(float x) { return __builtin_sqrtf(x); }
/* Fused only where the level has it: the generic level would call the C library for each. */
NK_MATH double nk_fma64(double a, double b, double c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fma(a, b, c);
#else
  return a * b + c;
#endif
}

#endif
#endif
