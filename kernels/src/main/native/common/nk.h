/*
 * What every C kernel includes first: the convention of entry points, element types and their
 * conversion to fp32, and the exponential.
 *
 * The convention (elementwise/elementwise.c is the worked example):
 *
 *   NK_EXPORT void NK_FN(nk_<operator>_<direction>)(outputs, inputs, sizes, scalars, int threads)
 *
 * - One function for each operator and direction (forward, backward, or a word where neither fits).
 *   Each source is compiled once per instruction set; NK_FN appends the level's name, so that the
 *   library exports nk_add_forward_generic, nk_add_forward_avx2, … Java's KernelLibrary.bind("
 *   nk_add_forward", …) appends the level that it chose.
 * - Order: outputs, inputs, sizes, scalars, threads. A tensor is `void *data`; behind all tensors come
 *   int64_t sizes and strides (in elements), then int element types (NK_FP32 …), then scalars, and
 *   last the number of threads. Optional tensors are null. No size is an int.
 * - Storage is fp32, bf16 or fp16; arithmetic and sums are fp32 (or wider). A kernel converts a short
 *   run of a row to fp32 on its stack (nk_load), computes, converts back (nk_store).
 * - Parallel loops are `#pragma omp parallel for schedule(static) num_threads(threads)
 *   if (work > NK_SERIAL_WORK)`. What one iteration computes must not depend on the number of
 *   threads; a sum over iterations goes through a table of partial sums over chunks of fixed size,
 *   added in order by one thread. Then results are the same bits for every thread count.
 * - All functions in headers are static inline: copies for different instruction sets must not be
 *   merged by the linker. No global variables.
 * - Faces in Java check shapes, types and addresses; C checks nothing but what only it can see
 *   (indices in memory), and returns an int64_t for that.
 */
#ifndef NK_H
#define NK_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) || defined(__F16C__)
#include <immintrin.h>
#endif
#if defined(__aarch64__)
#include <arm_neon.h>
#endif

#define NK_EXPORT __attribute__((visibility("default")))
#define NK_JOIN_(a, b) a##_##b
#define NK_JOIN(a, b) NK_JOIN_(a, b)
#define NK_FN(name) NK_JOIN(name, NK_LEVEL)
#define NK_INLINE static inline __attribute__((always_inline, unused))

/* Element types; KernelLibrary.code maps Java's DType to them. */
enum { NK_FP32 = 0, NK_BF16 = 1, NK_FP16 = 2, NK_I64 = 4, NK_I32 = 5 };

/* Elementary operations below which waking a second thread costs more than it saves (about 5 us
 * of work on the machines of facts/libtorch-abi.md). */
#define NK_SERIAL_WORK 16384

/* Elements that a kernel converts to fp32 at a time on its stack: 1 KiB, well inside L1. */
#define NK_RUN 256

NK_INLINE int64_t nk_min(int64_t a, int64_t b) { return a < b ? a : b; }
NK_INLINE int64_t nk_max(int64_t a, int64_t b) { return a > b ? a : b; }
NK_INLINE int64_t nk_bytes(int dtype) { return dtype == NK_FP32 || dtype == NK_I32 ? 4 : dtype == NK_I64 ? 8 : 2; }

/* The address of element `index`. */
NK_INLINE void *nk_at(const void *data, int dtype, int64_t index) {
  return (char *)(uintptr_t)data + index * nk_bytes(dtype);
}

/* Asks for n elements from `index` on, line by line: they come while others are worked on. */
NK_INLINE void nk_ask(const void *data, int dtype, int64_t index, int64_t n) {
  const char *first = (const char *)nk_at(data, dtype, index);
  for (int64_t byte = 0; byte < n * nk_bytes(dtype); byte += 64) __builtin_prefetch(first + byte);
}

/* a*b + c, fused where the level has the instruction. */
NK_INLINE float nk_fma(float a, float b, float c) {
#if defined(__FMA__) || defined(__aarch64__)
  return __builtin_fmaf(a, b, c);
#else
  return a * b + c;
#endif
}

NK_INLINE float nk_from_bits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

NK_INLINE uint32_t nk_to_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

NK_INLINE float nk_bf16_to_fp32(uint16_t x) { return nk_from_bits((uint32_t)x << 16); }

/* To nearest, ties to even; a NaN stays one. */
NK_INLINE uint16_t nk_fp32_to_bf16(float x) {
  uint32_t bits = nk_to_bits(x);
  uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  uint32_t nan = (bits >> 16) | 0x40u;
  return (uint16_t)((bits & 0x7fffffffu) > 0x7f800000u ? nan : rounded);
}

NK_INLINE float nk_fp16_to_fp32(uint16_t x) {
#if defined(__F16C__)
  return _cvtsh_ss(x);
#elif defined(__aarch64__)
  __fp16 h;
  memcpy(&h, &x, 2);
  return (float)h;
#else
  /* Exponent and mantissa move up; the multiplication mends the bias, subnormals included. */
  uint32_t magnitude = (uint32_t)(x & 0x7fffu) << 13;
  uint32_t sign = (uint32_t)(x & 0x8000u) << 16;
  uint32_t special = magnitude | 0x7f800000u;
  uint32_t finite = nk_to_bits(nk_from_bits(magnitude) * 0x1p112f);
  return nk_from_bits(sign | (magnitude >= 0x0f800000u ? special : finite));
#endif
}

/* To nearest, ties to even; above the range infinity. */
NK_INLINE uint16_t nk_fp32_to_fp16(float x) {
#if defined(__F16C__)
  return (uint16_t)_cvtss_sh(x, 0);
#elif defined(__aarch64__)
  __fp16 h = (__fp16)x;
  uint16_t bits;
  memcpy(&bits, &h, 2);
  return bits;
#else
  uint32_t bits = nk_to_bits(x);
  uint32_t sign = (bits >> 16) & 0x8000u;
  uint32_t magnitude = bits & 0x7fffffffu;
  uint32_t nan = 0x7e00u | ((magnitude >> 13) & 0x3ffu);
  uint32_t normal = (magnitude - 0x38000000u + 0xfffu + ((magnitude >> 13) & 1u)) >> 13;
  /* Adding 0.5 leaves the subnormal's bits, rightly rounded, at the end of the sum's mantissa. */
  uint32_t subnormal = nk_to_bits(nk_from_bits(magnitude) + 0.5f) - 0x3f000000u;
  uint32_t finite = magnitude < 0x38800000u ? subnormal : normal;
  uint32_t value = magnitude > 0x7f800000u ? nan : magnitude >= 0x477ff000u ? 0x7c00u : finite;
  return (uint16_t)(sign | value);
#endif
}

/* One element as fp32. */
NK_INLINE float nk_load1(const void *data, int dtype, int64_t index) {
  if (dtype == NK_FP32) return ((const float *)data)[index];
  uint16_t bits = ((const uint16_t *)data)[index];
  return dtype == NK_BF16 ? nk_bf16_to_fp32(bits) : nk_fp16_to_fp32(bits);
}

/* Writes one element, rounded to nearest even. */
NK_INLINE void nk_store1(void *data, int dtype, int64_t index, float value) {
  if (dtype == NK_FP32) {
    ((float *)data)[index] = value;
  } else {
    ((uint16_t *)data)[index] = dtype == NK_BF16 ? nk_fp32_to_bf16(value) : nk_fp32_to_fp16(value);
  }
}

/* n adjacent elements from element `index` on, as fp32. */
static inline __attribute__((unused)) void nk_load(float *restrict to, const void *data, int dtype,
                                                   int64_t index, int64_t n) {
  if (dtype == NK_FP32) {
    memcpy(to, (const float *)data + index, (size_t)n * 4);
    return;
  }
  const uint16_t *restrict from = (const uint16_t *)data + index;
  int64_t i = 0;
  if (dtype == NK_BF16) {
#pragma omp simd
    for (int64_t j = 0; j < n; j++) to[j] = nk_bf16_to_fp32(from[j]);
    return;
  }
#if defined(__AVX512F__)
  for (; i + 16 <= n; i += 16)
    _mm512_storeu_ps(to + i, _mm512_cvtph_ps(_mm256_loadu_si256((const __m256i *)(from + i))));
#elif defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(to + i, _mm256_cvtph_ps(_mm_loadu_si128((const __m128i *)(from + i))));
#endif
  for (; i < n; i++) to[i] = nk_fp16_to_fp32(from[i]);
}

/* nk_fp32_to_bf16 of a vector, in the low halves of its lanes. */
#if defined(__AVX512F__)
NK_INLINE __m512i nk_bf16_bits_16(__m512 x) {
  __m512i bits = _mm512_castps_si512(x), high = _mm512_srli_epi32(bits, 16);
  __m512i carry = _mm512_add_epi32(_mm512_and_si512(high, _mm512_set1_epi32(1)),
                                   _mm512_set1_epi32(0x7fff));
  __m512i rounded = _mm512_srli_epi32(_mm512_add_epi32(bits, carry), 16);
  __mmask16 nan = _mm512_cmp_ps_mask(x, x, _CMP_UNORD_Q);
  return _mm512_mask_or_epi32(rounded, nan, high, _mm512_set1_epi32(0x40));
}
#elif defined(__AVX2__)
NK_INLINE __m256i nk_bf16_bits_8(__m256 x) {
  __m256i bits = _mm256_castps_si256(x), high = _mm256_srli_epi32(bits, 16);
  __m256i carry = _mm256_add_epi32(_mm256_and_si256(high, _mm256_set1_epi32(1)),
                                   _mm256_set1_epi32(0x7fff));
  __m256i rounded = _mm256_srli_epi32(_mm256_add_epi32(bits, carry), 16);
  __m256i nan = _mm256_castps_si256(_mm256_cmp_ps(x, x, _CMP_UNORD_Q));
  return _mm256_blendv_epi8(rounded, _mm256_or_si256(high, _mm256_set1_epi32(0x40)), nan);
}
#endif

/* Writes n adjacent elements from element `index` on, rounded to nearest even. */
static inline __attribute__((unused)) void nk_store(void *data, int dtype, int64_t index,
                                                    const float *restrict from, int64_t n) {
  if (dtype == NK_FP32) {
    memcpy((float *)data + index, from, (size_t)n * 4);
    return;
  }
  uint16_t *restrict to = (uint16_t *)data + index;
  int64_t i = 0;
  if (dtype == NK_BF16) {
    /* By hand: GCC narrows the same loop in four times as many instructions. */
#if defined(__AVX512F__)
    for (; i + 16 <= n; i += 16)
      _mm256_storeu_si256((__m256i *)(to + i),
                          _mm512_cvtepi32_epi16(nk_bf16_bits_16(_mm512_loadu_ps(from + i))));
#elif defined(__AVX2__)
    for (; i + 16 <= n; i += 16) {
      __m256i packed = _mm256_packus_epi32(nk_bf16_bits_8(_mm256_loadu_ps(from + i)),
                                           nk_bf16_bits_8(_mm256_loadu_ps(from + i + 8)));
      _mm256_storeu_si256((__m256i *)(to + i), _mm256_permute4x64_epi64(packed, 0xd8));
    }
#endif
    for (; i < n; i++) to[i] = nk_fp32_to_bf16(from[i]);
    return;
  }
#if defined(__AVX512F__)
  for (; i + 16 <= n; i += 16)
    _mm256_storeu_si256((__m256i *)(to + i), _mm512_cvtps_ph(_mm512_loadu_ps(from + i), 0));
#elif defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm_storeu_si128((__m128i *)(to + i), _mm256_cvtps_ph(_mm256_loadu_ps(from + i), 0));
#endif
  for (; i < n; i++) to[i] = nk_fp32_to_fp16(from[i]);
}

/* Rounds to the storage type and back: what a value becomes by being stored. */
NK_INLINE float nk_round(float value, int dtype) {
  return dtype == NK_FP32   ? value
         : dtype == NK_BF16 ? nk_bf16_to_fp32(nk_fp32_to_bf16(value))
                            : nk_fp16_to_fp32(nk_fp32_to_fp16(value));
}

/*
 * e^x within 2 units in the last place, without a branch, so that `omp simd` loops vectorise.
 * x = n·ln2 + r with |r| ≤ ln2/2; a polynomial for e^r; 2^n in two steps, as n may leave the
 * exponent's range. Below -104 it is 0, above 88.73 infinity, NaN stays NaN.
 */
NK_INLINE float nk_exp(float x) {
  float clamped = x > 89.0f ? 89.0f : x < -105.0f ? -105.0f : x;
  /* 1.5·2^23 rounds to an integer in the sum's low bits. */
  float shifted = nk_fma(clamped, 1.44269504f, 12582912.0f);
  float n = shifted - 12582912.0f;
  float r = nk_fma(n, -0.693359375f, clamped);
  r = nk_fma(n, 2.12194440e-4f, r);
  float p = 1.9875691500e-4f;
  p = nk_fma(p, r, 1.3981999507e-3f);
  p = nk_fma(p, r, 8.3334519073e-3f);
  p = nk_fma(p, r, 4.1665795894e-2f);
  p = nk_fma(p, r, 1.6666665459e-1f);
  p = nk_fma(p, r, 5.0000001201e-1f);
  p = nk_fma(p, r * r, r) + 1.0f;
  int32_t e = (int32_t)nk_to_bits(shifted) - 0x4b400000;
  int32_t half = e >> 1;
  float low = nk_from_bits((uint32_t)(half + 127) << 23);
  float high = nk_from_bits((uint32_t)(e - half + 127) << 23);
  return p * low * high;
}

#endif
