/*
 * Loops of a block by hand for x86's vectors, bit for bit what quantize_activation_math.h gives: the
 * block's largest size, its codes, a byte each, codes of 4 and 2 bits from those, and values of codes of
 * 2 bits. GCC 12 widens and narrows between 16, 32 and 8 bits in so many shuffles that its own vectors
 * took twice as long (November 2026). Each takes what whole vectors there are and says how many elements
 * that was; the caller does the rest.
 */
#ifndef NK_ACTIVATION_SIMD_H
#define NK_ACTIVATION_SIMD_H

#include "quantize_activation_math.h"

#if defined(__AVX512F__)

/* *largest: bits of |x|, whose order is that of the numbers, infinity and NaN on top. */
NK_INLINE int64_t nk_activation_look_simd(const float *x, int64_t n, int32_t *largest) {
  __m512i sign = _mm512_set1_epi32(0x7fffffff), a = _mm512_setzero_si512(), b = a;
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    a = _mm512_max_epi32(a, _mm512_and_si512(sign, _mm512_loadu_si512(x + i)));
    b = _mm512_max_epi32(b, _mm512_and_si512(sign, _mm512_loadu_si512(x + i + 16)));
  }
  if (i > 0) *largest = _mm512_reduce_max_epi32(_mm512_max_epi32(a, b));
  return i;
}

NK_INLINE __m512i nk_activation_steps_16(const float *x, const int16_t *draw, __m512 factor) {
  __m256i odd = _mm256_or_si256(_mm256_loadu_si256((const __m256i *)draw), _mm256_set1_epi16(1));
  __m512 u = _mm512_cvtepi32_ps(_mm512_cvtepi16_epi32(odd));
  __m512 t = _mm512_mul_ps(_mm512_loadu_ps(x), factor);
  /* Fused or not: this product is exact. */
  return _mm512_cvtps_epi32(_mm512_fmadd_ps(u, _mm512_set1_ps(0x1p-16f), t));
}

NK_INLINE int64_t nk_activation_codes_simd(uint8_t *codes, const float *x, const int16_t *draw,
                                           int64_t n, float factor, int steps) {
  __m512 f = _mm512_set1_ps(factor);
  __m512i top = _mm512_set1_epi8((char)steps), bottom = _mm512_set1_epi8((char)-steps);
  __m512i zero = _mm512_set1_epi8((char)(steps + 1));
  /* Packing goes lane by lane; this puts fours of bytes back in order. */
  __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    __m512i a = _mm512_packs_epi32(nk_activation_steps_16(x + i, draw + i, f),
                                   nk_activation_steps_16(x + i + 16, draw + i + 16, f));
    __m512i b = _mm512_packs_epi32(nk_activation_steps_16(x + i + 32, draw + i + 32, f),
                                   nk_activation_steps_16(x + i + 48, draw + i + 48, f));
    __m512i q = _mm512_permutexvar_epi32(order, _mm512_packs_epi16(a, b));
    q = _mm512_add_epi8(_mm512_max_epi8(_mm512_min_epi8(q, top), bottom), zero);
    _mm512_storeu_si512(codes + i, q);
  }
  return i;
}

/* Two or four codes become a byte: a product with the powers of two by which they are shifted. */
NK_INLINE int64_t nk_activation_pack_simd(uint8_t *to, const uint8_t *codes, int64_t n,
                                          const int bits) {
  __m512i by = _mm512_set1_epi16(bits == 4 ? 0x1001 : 0x0401), fours = _mm512_set1_epi32(0x100001);
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    __m512i two = _mm512_maddubs_epi16(_mm512_loadu_si512(codes + i), by);
    if (bits == 4)
      _mm256_storeu_si256((__m256i *)(to + i / 2), _mm512_cvtepi16_epi8(two));
    else
      _mm_storeu_si128((__m128i *)(to + i / 4),
                       _mm512_cvtepi32_epi8(_mm512_madd_epi16(two, fours)));
  }
  return i;
}

/* Values of codes of 2 bits: 16 of them are looked up at once, in a table of four. */
NK_INLINE int64_t nk_activation_values_simd(float *y, const uint8_t *codes, int64_t n,
                                            float scale) {
  __m512i place = _mm512_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30);
  __m512 table = _mm512_mul_ps(_mm512_setr4_ps(-2.0f, -1.0f, 0.0f, 1.0f), _mm512_set1_ps(scale));
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    int four;
    memcpy(&four, codes + i / 4, 4);
    __m512i at = _mm512_srlv_epi32(_mm512_set1_epi32(four), place);
    _mm512_storeu_ps(y + i, _mm512_permutexvar_ps(at, table)); /* four bits of `at` choose */
  }
  return i;
}

#elif defined(__AVX2__)

NK_INLINE int64_t nk_activation_look_simd(const float *x, int64_t n, int32_t *largest) {
  __m256i sign = _mm256_set1_epi32(0x7fffffff), a = _mm256_setzero_si256(), b = a;
  int64_t i = 0;
  for (; i + 16 <= n; i += 16) {
    a = _mm256_max_epi32(a, _mm256_and_si256(sign, _mm256_loadu_si256((const __m256i *)(x + i))));
    b = _mm256_max_epi32(b,
                         _mm256_and_si256(sign, _mm256_loadu_si256((const __m256i *)(x + i + 8))));
  }
  if (i == 0) return 0;
  a = _mm256_max_epi32(a, b);
  __m128i s = _mm_max_epi32(_mm256_castsi256_si128(a), _mm256_extracti128_si256(a, 1));
  s = _mm_max_epi32(s, _mm_shuffle_epi32(s, 0x4e));
  *largest = _mm_cvtsi128_si32(_mm_max_epi32(s, _mm_shuffle_epi32(s, 0xb1)));
  return i;
}

NK_INLINE __m256i nk_activation_steps_8(const float *x, const int16_t *draw, __m256 factor) {
  __m128i odd = _mm_or_si128(_mm_loadu_si128((const __m128i *)draw), _mm_set1_epi16(1));
  __m256 u = _mm256_cvtepi32_ps(_mm256_cvtepi16_epi32(odd));
  __m256 t = _mm256_mul_ps(_mm256_loadu_ps(x), factor);
  /* Fused or not: this product is exact. */
  return _mm256_cvtps_epi32(_mm256_fmadd_ps(u, _mm256_set1_ps(0x1p-16f), t));
}

NK_INLINE int64_t nk_activation_codes_simd(uint8_t *codes, const float *x, const int16_t *draw,
                                           int64_t n, float factor, int steps) {
  __m256 f = _mm256_set1_ps(factor);
  __m256i top = _mm256_set1_epi8((char)steps), bottom = _mm256_set1_epi8((char)-steps);
  __m256i zero = _mm256_set1_epi8((char)(steps + 1));
  /* Packing goes lane by lane; this puts fours of bytes back in order. */
  __m256i order = _mm256_setr_epi32(0, 4, 1, 5, 2, 6, 3, 7);
  int64_t i = 0;
  for (; i + 32 <= n; i += 32) {
    __m256i a = _mm256_packs_epi32(nk_activation_steps_8(x + i, draw + i, f),
                                   nk_activation_steps_8(x + i + 8, draw + i + 8, f));
    __m256i b = _mm256_packs_epi32(nk_activation_steps_8(x + i + 16, draw + i + 16, f),
                                   nk_activation_steps_8(x + i + 24, draw + i + 24, f));
    __m256i q = _mm256_permutevar8x32_epi32(_mm256_packs_epi16(a, b), order);
    q = _mm256_add_epi8(_mm256_max_epi8(_mm256_min_epi8(q, top), bottom), zero);
    _mm256_storeu_si256((__m256i *)(codes + i), q);
  }
  return i;
}

/* Two or four codes become a byte: a product with the powers of two by which they are shifted. */
NK_INLINE int64_t nk_activation_pack_simd(uint8_t *to, const uint8_t *codes, int64_t n,
                                          const int bits) {
  __m256i by = _mm256_set1_epi16(bits == 4 ? 0x1001 : 0x0401), fours = _mm256_set1_epi32(0x100001);
  int64_t i = 0;
  for (; i + 64 <= n; i += 64) {
    __m256i a = _mm256_maddubs_epi16(_mm256_loadu_si256((const __m256i *)(codes + i)), by);
    __m256i b = _mm256_maddubs_epi16(_mm256_loadu_si256((const __m256i *)(codes + i + 32)), by);
    if (bits == 4) {
      __m256i q = _mm256_permute4x64_epi64(_mm256_packus_epi16(a, b), 0xd8);
      _mm256_storeu_si256((__m256i *)(to + i / 2), q);
    } else {
      __m256i q = _mm256_packs_epi32(_mm256_madd_epi16(a, fours), _mm256_madd_epi16(b, fours));
      q = _mm256_permutevar8x32_epi32(_mm256_packus_epi16(q, q),
                                      _mm256_setr_epi32(0, 4, 1, 5, 0, 0, 0, 0));
      _mm_storeu_si128((__m128i *)(to + i / 4), _mm256_castsi256_si128(q));
    }
  }
  return i;
}

/* Values of codes of 2 bits: 8 of them are looked up at once, in a table of four. */
NK_INLINE int64_t nk_activation_values_simd(float *y, const uint8_t *codes, int64_t n,
                                            float scale) {
  __m256i place = _mm256_setr_epi32(0, 2, 4, 6, 8, 10, 12, 14);
  __m256 table = _mm256_mul_ps(
      _mm256_setr_ps(-2.0f, -1.0f, 0.0f, 1.0f, -2.0f, -1.0f, 0.0f, 1.0f), _mm256_set1_ps(scale));
  int64_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint16_t two;
    memcpy(&two, codes + i / 4, 2);
    __m256i at = _mm256_srlv_epi32(_mm256_set1_epi32(two), place);
    _mm256_storeu_ps(y + i, _mm256_permutevar8x32_ps(table, at)); /* three bits of `at` choose */
  }
  return i;
}

#else

NK_INLINE int64_t nk_activation_look_simd(const float *x, int64_t n, int32_t *largest) {
  (void)x, (void)n, (void)largest;
  return 0;
}

NK_INLINE int64_t nk_activation_codes_simd(uint8_t *codes, const float *x, const int16_t *draw,
                                           int64_t n, float factor, int steps) {
  (void)codes, (void)x, (void)draw, (void)n, (void)factor, (void)steps;
  return 0;
}

NK_INLINE int64_t nk_activation_pack_simd(uint8_t *to, const uint8_t *codes, int64_t n,
                                          const int bits) {
  (void)to, (void)codes, (void)n, (void)bits;
  return 0;
}

NK_INLINE int64_t nk_activation_values_simd(float *y, const uint8_t *codes, int64_t n,
                                            float scale) {
  (void)y, (void)codes, (void)n, (void)scale;
  return 0;
}

#endif
#endif
