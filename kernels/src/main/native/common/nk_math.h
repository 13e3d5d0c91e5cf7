/*
 * What an operator's scalar mathematics stands on, in C and in CUDA alike: NK_MATH before a function
 * that both include, and the few functions that differ between them. Headers named <operator>_math.h
 * use nothing else, so a .cu file can include them as they are. Where CUDA sources run on this
 * processor (NK_EMULATION), cuda/nk_cuda.h was included before and has the device's words.
 */
#ifndef NK_MATH_H
#define NK_MATH_H

#define NK_RESTRICT __restrict__

#if defined(__CUDACC__) || defined(NK_EMULATION)

#define NK_MATH static __device__ __forceinline__
NK_MATH float nk_exp(float x) { return expf(x); }
NK_MATH float nk_fma(float a, float b, float c) { return fmaf(a, b, c); }
NK_MATH float nk_sqrt(float x) { return sqrtf(x); }
NK_MATH double nk_fma64(double a, double b, double c) { return fma(a, b, c); }
#ifdef NK_EMULATION
NK_MATH float nk_fp16_to_fp32(unsigned short x) { return nk_emulated_from_fp16(x); }
NK_MATH unsigned short nk_fp32_to_fp16(float x) { return nk_emulated_to_fp16(x); }
#else
NK_MATH float nk_fp16_to_fp32(unsigned short x) {
  float y;
  asm("cvt.f32.f16 %0, %1;" : "=f"(y) : "h"(x));
  return y;
}
NK_MATH unsigned short nk_fp32_to_fp16(float x) {
  unsigned short y;
  asm("cvt.rn.f16.f32 %0, %1;" : "=h"(y) : "f"(x));
  return y;
}
#endif

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
