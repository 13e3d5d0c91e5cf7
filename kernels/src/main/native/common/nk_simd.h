/*
 * One vector of fp32, as wide as the level has it: AVX-512 16, AVX2 8, NEON and generic 4 lanes.
 * Enough for products and attention, so that these are written once for all levels.
 */
#ifndef NK_SIMD_H
#define NK_SIMD_H

#include "nk.h"

#if defined(__AVX512F__)

#define NK_W 16
typedef __m512 nk_v;

NK_INLINE nk_v nk_v_zero(void) { return _mm512_setzero_ps(); }
NK_INLINE nk_v nk_v_set1(float x) { return _mm512_set1_ps(x); }
NK_INLINE nk_v nk_v_load(const float *p) { return _mm512_loadu_ps(p); }
NK_INLINE void nk_v_store(float *p, nk_v a) { _mm512_storeu_ps(p, a); }
NK_INLINE nk_v nk_v_add(nk_v a, nk_v b) { return _mm512_add_ps(a, b); }
NK_INLINE nk_v nk_v_mul(nk_v a, nk_v b) { return _mm512_mul_ps(a, b); }
NK_INLINE nk_v nk_v_max(nk_v a, nk_v b) { return _mm512_max_ps(a, b); }
/* a*b + c */
NK_INLINE nk_v nk_v_fma(nk_v a, nk_v b, nk_v c) { return _mm512_fmadd_ps(a, b, c); }
NK_INLINE float nk_v_sum(nk_v a) { return _mm512_reduce_add_ps(a); }
NK_INLINE nk_v nk_v_load_bf16(const uint16_t *p) {
  __m512i wide = _mm512_cvtepu16_epi32(_mm256_loadu_si256((const __m256i *)p));
  return _mm512_castsi512_ps(_mm512_slli_epi32(wide, 16));
}
NK_INLINE nk_v nk_v_load_fp16(const uint16_t *p) {
  return _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)p));
}
NK_INLINE float nk_v_highest(nk_v a) { return _mm512_reduce_max_ps(a); }
NK_INLINE nk_v nk_v_power(nk_v p, nk_v n) { return _mm512_scalef_ps(p, n); }
NK_INLINE nk_v nk_v_round(nk_v a) { return _mm512_roundscale_ps(a, 8); }

/* Rows become columns: pairs of words, then pairs of doubles, then 128-bit lanes, twice. */
NK_INLINE void nk_v_transpose(nk_v r[NK_W]) {
  nk_v t[16];
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) {
    t[2 * i] = _mm512_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm512_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    __m512d a = _mm512_castps_pd(t[4 * i]), b = _mm512_castps_pd(t[4 * i + 1]);
    __m512d c = _mm512_castps_pd(t[4 * i + 2]), d = _mm512_castps_pd(t[4 * i + 3]);
    r[4 * i] = _mm512_castpd_ps(_mm512_unpacklo_pd(a, c));
    r[4 * i + 1] = _mm512_castpd_ps(_mm512_unpackhi_pd(a, c));
    r[4 * i + 2] = _mm512_castpd_ps(_mm512_unpacklo_pd(b, d));
    r[4 * i + 3] = _mm512_castpd_ps(_mm512_unpackhi_pd(b, d));
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[i] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0x88);
    t[i + 4] = _mm512_shuffle_f32x4(r[i], r[i + 4], 0xdd);
    t[i + 8] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0x88);
    t[i + 12] = _mm512_shuffle_f32x4(r[i + 8], r[i + 12], 0xdd);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    r[i] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0x88);
    r[i + 4] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0x88);
    r[i + 8] = _mm512_shuffle_f32x4(t[i], t[i + 8], 0xdd);
    r[i + 12] = _mm512_shuffle_f32x4(t[i + 4], t[i + 12], 0xdd);
  }
}

#elif defined(__AVX2__)

#define NK_W 8
typedef __m256 nk_v;

NK_INLINE nk_v nk_v_zero(void) { return _mm256_setzero_ps(); }
NK_INLINE nk_v nk_v_set1(float x) { return _mm256_set1_ps(x); }
NK_INLINE nk_v nk_v_load(const float *p) { return _mm256_loadu_ps(p); }
NK_INLINE void nk_v_store(float *p, nk_v a) { _mm256_storeu_ps(p, a); }
NK_INLINE nk_v nk_v_add(nk_v a, nk_v b) { return _mm256_add_ps(a, b); }
NK_INLINE nk_v nk_v_mul(nk_v a, nk_v b) { return _mm256_mul_ps(a, b); }
NK_INLINE nk_v nk_v_max(nk_v a, nk_v b) { return _mm256_max_ps(a, b); }
NK_INLINE nk_v nk_v_fma(nk_v a, nk_v b, nk_v c) { return _mm256_fmadd_ps(a, b, c); }
NK_INLINE float nk_v_sum(nk_v a) {
  __m128 s = _mm_add_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_add_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_add_ss(s, _mm_movehdup_ps(s)));
}
NK_INLINE float nk_v_highest(nk_v a) {
  __m128 s = _mm_max_ps(_mm256_castps256_ps128(a), _mm256_extractf128_ps(a, 1));
  s = _mm_max_ps(s, _mm_movehl_ps(s, s));
  return _mm_cvtss_f32(_mm_max_ss(s, _mm_movehdup_ps(s)));
}
NK_INLINE nk_v nk_v_round(nk_v a) { return _mm256_round_ps(a, 8); }
NK_INLINE nk_v nk_v_power(nk_v p, nk_v n) {
  __m256i bits = _mm256_slli_epi32(_mm256_cvtps_epi32(n), 23);
  nk_v value = _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(p), bits));
  return _mm256_and_ps(value, _mm256_cmp_ps(n, _mm256_set1_ps(-126.0f), 21)); /* not n < -126 */
}
NK_INLINE nk_v nk_v_load_bf16(const uint16_t *p) {
  __m256i wide = _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)p));
  return _mm256_castsi256_ps(_mm256_slli_epi32(wide, 16));
}
NK_INLINE nk_v nk_v_load_fp16(const uint16_t *p) {
  return _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)p));
}

NK_INLINE void nk_v_transpose(nk_v r[NK_W]) {
  nk_v t[8];
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[2 * i] = _mm256_unpacklo_ps(r[2 * i], r[2 * i + 1]);
    t[2 * i + 1] = _mm256_unpackhi_ps(r[2 * i], r[2 * i + 1]);
  }
#pragma GCC unroll 2
  for (int i = 0; i < 2; i++) {
    r[4 * i] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0x44);
    r[4 * i + 1] = _mm256_shuffle_ps(t[4 * i], t[4 * i + 2], 0xee);
    r[4 * i + 2] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0x44);
    r[4 * i + 3] = _mm256_shuffle_ps(t[4 * i + 1], t[4 * i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (int i = 0; i < 4; i++) {
    t[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
    t[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
  }
#pragma GCC unroll 8
  for (int i = 0; i < 8; i++) r[i] = t[i];
}

#else

#define NK_W 4
typedef float nk_v __attribute__((vector_size(16)));

NK_INLINE nk_v nk_v_zero(void) { return (nk_v){0, 0, 0, 0}; }
NK_INLINE nk_v nk_v_set1(float x) { return (nk_v){x, x, x, x}; }
NK_INLINE nk_v nk_v_load(const float *p) {
  nk_v a;
  memcpy(&a, p, 16);
  return a;
}
NK_INLINE void nk_v_store(float *p, nk_v a) { memcpy(p, &a, 16); }
NK_INLINE nk_v nk_v_add(nk_v a, nk_v b) { return a + b; }
NK_INLINE nk_v nk_v_mul(nk_v a, nk_v b) { return a * b; }
NK_INLINE nk_v nk_v_max(nk_v a, nk_v b) {
  typedef int32_t mask __attribute__((vector_size(16)));
  mask greater = (mask)(a > b);
  return (nk_v)(((mask)a & greater) | ((mask)b & ~greater));
}
NK_INLINE nk_v nk_v_fma(nk_v a, nk_v b, nk_v c) {
#if defined(__aarch64__)
  return (nk_v)vfmaq_f32((float32x4_t)c, (float32x4_t)a, (float32x4_t)b);
#else
  return a * b + c;
#endif
}
NK_INLINE float nk_v_sum(nk_v a) { return (a[0] + a[2]) + (a[1] + a[3]); }
NK_INLINE float nk_v_highest(nk_v a) {
  float x = a[0] > a[1] ? a[0] : a[1], y = a[2] > a[3] ? a[2] : a[3];
  return x > y ? x : y;
}
NK_INLINE nk_v nk_v_round(nk_v a) { return (a + 12582912.0f) - 12582912.0f; }
NK_INLINE nk_v nk_v_power(nk_v p, nk_v n) {
  typedef int32_t whole __attribute__((vector_size(16)));
  whole value = (whole)p + (__builtin_convertvector(n, whole) << 23);
  return (nk_v)(value & ~(whole)(n < -126.0f));
}
NK_INLINE nk_v nk_v_load_bf16(const uint16_t *p) {
  return (nk_v){nk_bf16_to_fp32(p[0]), nk_bf16_to_fp32(p[1]), nk_bf16_to_fp32(p[2]),
                nk_bf16_to_fp32(p[3])};
}
NK_INLINE nk_v nk_v_load_fp16(const uint16_t *p) {
  return (nk_v){nk_fp16_to_fp32(p[0]), nk_fp16_to_fp32(p[1]), nk_fp16_to_fp32(p[2]),
                nk_fp16_to_fp32(p[3])};
}

NK_INLINE void nk_v_transpose(nk_v r[NK_W]) {
  nk_v a = r[0], b = r[1], c = r[2], d = r[3];
  r[0] = (nk_v){a[0], b[0], c[0], d[0]};
  r[1] = (nk_v){a[1], b[1], c[1], d[1]};
  r[2] = (nk_v){a[2], b[2], c[2], d[2]};
  r[3] = (nk_v){a[3], b[3], c[3], d[3]};
}

#endif

/*
 * e^x for x at or below 0, -infinity included, within 2 units in the last place; results below the
 * normal numbers may be 0, and NaN stays NaN. x = n·ln2 + r, a polynomial for e^r, then n goes to the exponent
 * (nk_v_power).
 */
NK_INLINE nk_v nk_v_exp(nk_v x) {
  x = nk_v_max(nk_v_set1(-105.0f), x); /* the second where one is NaN */
  nk_v n = nk_v_round(nk_v_mul(x, nk_v_set1(1.44269504f)));
  nk_v r = nk_v_fma(n, nk_v_set1(-0.693359375f), x);
  r = nk_v_fma(n, nk_v_set1(2.12194440e-4f), r);
  nk_v p = nk_v_fma(nk_v_set1(1.9875691500e-4f), r, nk_v_set1(1.3981999507e-3f));
  p = nk_v_fma(p, r, nk_v_set1(8.3334519073e-3f));
  p = nk_v_fma(p, r, nk_v_set1(4.1665795894e-2f));
  p = nk_v_fma(p, r, nk_v_set1(1.6666665459e-1f));
  p = nk_v_fma(p, r, nk_v_set1(5.0000001201e-1f));
  p = nk_v_add(nk_v_fma(p, nk_v_mul(r, r), r), nk_v_set1(1.0f));
  return nk_v_power(p, n);
}

/* One vector from storage of any type; `index` counts elements. */
NK_INLINE nk_v nk_v_load_any(const void *data, int dtype, int64_t index) {
  if (dtype == NK_FP32) return nk_v_load((const float *)data + index);
  const uint16_t *p = (const uint16_t *)data + index;
  return dtype == NK_BF16 ? nk_v_load_bf16(p) : nk_v_load_fp16(p);
}

#endif
