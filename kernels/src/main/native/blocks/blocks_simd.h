/*
 * The groups of blocks_math.h by hand for x86's vectors, bit for bit the same: GCC's own vectors for
 * these loops were three to ten times slower (measured with AVX2, November 2026). Where a level has
 * none of its own, NK_GROUP_OF names the plain function.
 */
#ifndef NK_BLOCKS_SIMD_H
#define NK_BLOCKS_SIMD_H

#include "blocks_math.h"

#if defined(__AVX2__)

#define NK_GROUP_OF(format) nk_##format##_group_simd

/* 16 signed codes: q·d + m. */
NK_INLINE void nk_scaled_16(float *to, __m128i codes, float d, float m) {
#if defined(__AVX512F__)
  __m512 q = _mm512_cvtepi32_ps(_mm512_cvtepi8_epi32(codes));
  q = _mm512_add_ps(_mm512_mul_ps(q, _mm512_set1_ps(d)), _mm512_set1_ps(m));
  _mm512_storeu_ps(to, q);
#else
  __m256 step = _mm256_set1_ps(d), start = _mm256_set1_ps(m);
  __m256 a = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(codes));
  __m256 b = _mm256_cvtepi32_ps(_mm256_cvtepi8_epi32(_mm_srli_si128(codes, 8)));
  _mm256_storeu_ps(to, _mm256_add_ps(_mm256_mul_ps(a, step), start));
  _mm256_storeu_ps(to + 8, _mm256_add_ps(_mm256_mul_ps(b, step), start));
#endif
}

NK_INLINE void nk_scaled_32(float *to, __m256i codes, float d, float m) {
  nk_scaled_16(to, _mm256_castsi256_si128(codes), d, m);
  nk_scaled_16(to + 16, _mm256_extracti128_si256(codes, 1), d, m);
}

NK_INLINE __m256i nk_bytes_32(const unsigned char *p) {
  return _mm256_loadu_si256((const __m256i *)p);
}

/* 16 bytes: their low nibbles, then their high ones. */
NK_INLINE __m256i nk_nibbles_32(const unsigned char *packed) {
  __m128i p = _mm_loadu_si128((const __m128i *)packed);
  __m256i both = _mm256_set_m128i(_mm_srli_epi16(p, 4), p);
  return _mm256_and_si256(both, _mm256_set1_epi8(15));
}

/* 32 bytes: the low nibble of each, or the high one. */
NK_INLINE __m256i nk_nibble_of_32(const unsigned char *packed, int high) {
  __m256i p = nk_bytes_32(packed);
  return _mm256_and_si256(high ? _mm256_srli_epi16(p, 4) : p, _mm256_set1_epi8(15));
}

/* Bytes of 16 where 32 bits are set. */
NK_INLINE __m256i nk_fifths_32(const unsigned char *bits) {
  int all;
  memcpy(&all, bits, 4);
  __m256i spread = _mm256_shuffle_epi8(
      _mm256_set1_epi32(all),
      _mm256_setr_epi64x(0, 0x0101010101010101, 0x0202020202020202, 0x0303030303030303));
  __m256i one = _mm256_set1_epi64x((long long)0x8040201008040201);
  __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(spread, one), one);
  return _mm256_and_si256(set, _mm256_set1_epi8(16));
}

#define NK_SIMD_GROUP(format)                                                                      \
  NK_INLINE void nk_##format##_group_simd(float *to, const unsigned char *block, int group)

NK_SIMD_GROUP(q4_0) {
  (void)group;
  __m256i codes = _mm256_sub_epi8(nk_nibbles_32(block + 2), _mm256_set1_epi8(8));
  nk_scaled_32(to, codes, nk_half_at(block), -0.0f);
}

NK_SIMD_GROUP(q4_1) {
  (void)group;
  nk_scaled_32(to, nk_nibbles_32(block + 4), nk_half_at(block), nk_half_at(block + 2));
}

NK_SIMD_GROUP(q5_0) {
  (void)group;
  __m256i codes = _mm256_or_si256(nk_nibbles_32(block + 6), nk_fifths_32(block + 2));
  nk_scaled_32(to, _mm256_sub_epi8(codes, _mm256_set1_epi8(16)), nk_half_at(block), -0.0f);
}

NK_SIMD_GROUP(q5_1) {
  (void)group;
  __m256i codes = _mm256_or_si256(nk_nibbles_32(block + 8), nk_fifths_32(block + 4));
  nk_scaled_32(to, codes, nk_half_at(block), nk_half_at(block + 2));
}

NK_SIMD_GROUP(q8_0) {
  (void)group;
  nk_scaled_32(to, nk_bytes_32(block + 2), nk_half_at(block), -0.0f);
}

NK_SIMD_GROUP(q4_k) {
  int scale, minimum;
  nk_k_scale(&scale, &minimum, block + 4, group);
  nk_scaled_32(to, nk_nibble_of_32(block + 16 + group / 2 * 32, group % 2),
               nk_half_at(block) * (float)scale, -(nk_half_at(block + 2) * (float)minimum));
}

NK_SIMD_GROUP(q5_k) {
  int scale, minimum;
  nk_k_scale(&scale, &minimum, block + 4, group);
  __m256i bit = _mm256_set1_epi8((char)(1 << group));
  __m256i set = _mm256_cmpeq_epi8(_mm256_and_si256(nk_bytes_32(block + 16), bit), bit);
  __m256i codes = _mm256_or_si256(nk_nibble_of_32(block + 48 + group / 2 * 32, group % 2),
                                  _mm256_and_si256(set, _mm256_set1_epi8(16)));
  nk_scaled_32(to, codes, nk_half_at(block) * (float)scale,
               -(nk_half_at(block + 2) * (float)minimum));
}

NK_SIMD_GROUP(q6_k) {
  int half = group / 4, strand = group % 4;
  __m256i low = nk_nibble_of_32(block + 64 * half + 32 * (strand % 2), strand / 2);
  __m256i high = _mm256_srl_epi16(nk_bytes_32(block + 128 + 32 * half),
                                  _mm_cvtsi32_si128(2 * strand));
  high = _mm256_slli_epi16(_mm256_and_si256(high, _mm256_set1_epi8(3)), 4);
  __m256i codes = _mm256_sub_epi8(_mm256_or_si256(low, high), _mm256_set1_epi8(32));
  const signed char *scales = (const signed char *)(block + 192) + 8 * half + 2 * strand;
  float d = nk_half_at(block + 208);
  nk_scaled_16(to, _mm256_castsi256_si128(codes), d * (float)scales[0], -0.0f);
  nk_scaled_16(to + 16, _mm256_extracti128_si256(codes, 1), d * (float)scales[1], -0.0f);
}

/* 16 codes, each a byte: their levels times absmax. */
NK_INLINE void nk_nf4_levels_16(float *to, __m128i codes, const float *levels, float absmax) {
#if defined(__AVX512F__)
  __m512 level = _mm512_permutexvar_ps(_mm512_cvtepu8_epi32(codes), _mm512_loadu_ps(levels));
  _mm512_storeu_ps(to, _mm512_mul_ps(level, _mm512_set1_ps(absmax)));
#else
  __m256 below = _mm256_loadu_ps(levels), above = _mm256_loadu_ps(levels + 8);
  for (int part = 0; part < 2; part++) {
    __m256i code = _mm256_cvtepu8_epi32(part ? _mm_srli_si128(codes, 8) : codes);
    /* The code's fourth bit, moved to the sign, chooses the half of the table. */
    __m256 level = _mm256_blendv_ps(_mm256_permutevar8x32_ps(below, code),
                                    _mm256_permutevar8x32_ps(above, code),
                                    _mm256_castsi256_ps(_mm256_slli_epi32(code, 28)));
    _mm256_storeu_ps(to + 8 * part, _mm256_mul_ps(level, _mm256_set1_ps(absmax)));
  }
#endif
}

NK_INLINE void nk_nf4_group_simd(float *to, const unsigned char *packed, float absmax) {
  float levels[16];
  for (int i = 0; i < 16; i++) levels[i] = nk_nf4_level(i);
  __m128i p = _mm_loadu_si128((const __m128i *)packed), four = _mm_set1_epi8(15);
  __m128i first = _mm_and_si128(_mm_srli_epi16(p, 4), four), second = _mm_and_si128(p, four);
  nk_nf4_levels_16(to, _mm_unpacklo_epi8(first, second), levels, absmax);
  nk_nf4_levels_16(to + 16, _mm_unpackhi_epi8(first, second), levels, absmax);
}

#else

#define NK_GROUP_OF(format) nk_##format##_group

#endif
#endif
