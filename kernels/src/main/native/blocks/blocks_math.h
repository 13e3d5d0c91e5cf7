/*
 * Quantised blocks: how 32 adjacent elements become fp32, one function a format. The Q formats are
 * ggml's, as GGUF files hold them; NF4 is bitsandbytes'. `group` counts the 32s of a block; numbers
 * are little-endian, and nothing need be aligned.
 *
 *   q4_0  32 elements, 18 bytes: fp16 d, 16 bytes; element e < 16 in the low nibble of byte e, else
 *         in the high one of byte e - 16; value (q - 8)·d
 *   q4_1  20 bytes: fp16 d, fp16 m, 16 bytes; q·d + m
 *   q5_0  22 bytes: fp16 d, 32 fifth bits, 16 bytes; (q - 16)·d
 *   q5_1  24 bytes: fp16 d, fp16 m, 32 fifth bits, 16 bytes; q·d + m
 *   q8_0  34 bytes: fp16 d, 32 signed bytes; q·d
 *   q4_k  256 elements, 144 bytes: fp16 d, fp16 dmin, 12 bytes of six-bit scales and minima, 128
 *         bytes; d·scale·q - dmin·minimum
 *   q5_k  176 bytes: as q4_k, with 32 bytes of fifth bits before the nibbles
 *   q6_k  210 bytes: 128 bytes of low nibbles, 64 of high pairs, 16 signed scales, fp16 d last;
 *         (q - 32)·d·scale
 *   nf4   64 elements, 32 bytes, the first of two in the high nibble; level[q]·absmax, and absmax
 *         lies apart
 *
 * Every product of scales and codes has at most 24 significant bits, so that a value is rounded once
 * at most, in whatever order it is computed: the same bits as the gguf package's.
 */
#ifndef NK_BLOCKS_MATH_H
#define NK_BLOCKS_MATH_H

#include "nk_math.h"

NK_MATH float nk_half_at(const unsigned char *p) {
  return nk_fp16_to_fp32((unsigned short)(p[0] | p[1] << 8));
}

/* n codes become n values: q·d + m. Without a minimum m is -0, which leaves every value as it is, a
 * negative zero too. */
NK_MATH void nk_scaled(float *NK_RESTRICT to, const signed char *NK_RESTRICT codes, int n, float d,
                       float m) {
  for (int i = 0; i < n; i++) to[i] = (float)codes[i] * d + m;
}

/* 16 bytes of nibbles: codes 0…15 and 16…31, less `zero`. */
NK_MATH void nk_nibbles(signed char *NK_RESTRICT codes, const unsigned char *NK_RESTRICT packed,
                        int zero) {
  for (int i = 0; i < 16; i++) {
    codes[i] = (signed char)((packed[i] & 15) - zero);
    codes[i + 16] = (signed char)((packed[i] >> 4) - zero);
  }
}

/* The same with 32 fifth bits, which count 16 each. */
NK_MATH void nk_fives(signed char *NK_RESTRICT codes, const unsigned char *NK_RESTRICT bits,
                      const unsigned char *NK_RESTRICT packed, int zero) {
  unsigned char fifth[32];
  for (int byte = 0; byte < 4; byte++)
    for (int i = 0; i < 8; i++)
      fifth[8 * byte + i] = (unsigned char)(bits[byte] & 1 << i ? 16 : 0);
  for (int i = 0; i < 16; i++) {
    codes[i] = (signed char)((packed[i] & 15) + fifth[i] - zero);
    codes[i + 16] = (signed char)((packed[i] >> 4) + fifth[i + 16] - zero);
  }
}

NK_MATH void nk_q4_0_group(float *NK_RESTRICT to, const unsigned char *block, int group) {
  (void)group;
  signed char codes[32];
  nk_nibbles(codes, block + 2, 8);
  nk_scaled(to, codes, 32, nk_half_at(block), -0.0f);
}

NK_MATH void nk_q4_1_group(float *NK_RESTRICT to, const unsigned char *block, int group) {
  (void)group;
  signed char codes[32];
  nk_nibbles(codes, block + 4, 0);
  nk_scaled(to, codes, 32, nk_half_at(block), nk_half_at(block + 2));
}

NK_MATH void nk_q5_0_group(float *NK_RESTRICT to, const unsigned char *block, int group) {
  (void)group;
  signed char codes[32];
  nk_fives(codes, block + 2, block + 6, 16);
  nk_scaled(to, codes, 32, nk_half_at(block), -0.0f);
}

NK_MATH void nk_q5_1_group(float *NK_RESTRICT to, const unsigned char *block, int group) {
  (void)group;
  signed char codes[32];
  nk_fives(codes, block + 4, block + 8, 0);
  nk_scaled(to, codes, 32, nk_half_at(block), nk_half_at(block + 2));
}

NK_MATH void nk_q8_0_group(float *NK_RESTRICT to, const unsigned char *block, int group) {
  (void)group;
  nk_scaled(to, (const signed char *)(block + 2), 32, nk_half_at(block), -0.0f);
}

/* Scale and minimum of sub-block j out of 12 bytes: six bits each, those of 4…7 in two pieces. */
NK_MATH void nk_k_scale(int *scale, int *minimum, const unsigned char *s, int j) {
  if (j < 4) {
    *scale = s[j] & 63;
    *minimum = s[j + 4] & 63;
  } else {
    *scale = (s[j + 4] & 15) | (s[j - 4] >> 6) << 4;
    *minimum = s[j + 4] >> 4 | (s[j] >> 6) << 4;
  }
}

NK_MATH void nk_q4_k_group(float *NK_RESTRICT to, const unsigned char *block, int group) {
  int scale, minimum;
  nk_k_scale(&scale, &minimum, block + 4, group);
  const unsigned char *packed = block + 16 + group / 2 * 32;
  signed char codes[32];
  for (int i = 0; i < 32; i++)
    codes[i] = (signed char)(group % 2 ? packed[i] >> 4 : packed[i] & 15);
  nk_scaled(to, codes, 32, nk_half_at(block) * (float)scale,
            -(nk_half_at(block + 2) * (float)minimum));
}

NK_MATH void nk_q5_k_group(float *NK_RESTRICT to, const unsigned char *block, int group) {
  int scale, minimum;
  nk_k_scale(&scale, &minimum, block + 4, group);
  const unsigned char *bits = block + 16, *packed = block + 48 + group / 2 * 32;
  unsigned char bit = (unsigned char)(1 << group);
  signed char codes[32];
  for (int i = 0; i < 32; i++) {
    int fifth = bits[i] & bit ? 16 : 0;
    codes[i] = (signed char)((group % 2 ? packed[i] >> 4 : packed[i] & 15) + fifth);
  }
  nk_scaled(to, codes, 32, nk_half_at(block) * (float)scale,
            -(nk_half_at(block + 2) * (float)minimum));
}

NK_MATH void nk_q6_k_group(float *NK_RESTRICT to, const unsigned char *block, int group) {
  int half = group / 4, strand = group % 4;
  const unsigned char *low = block + 64 * half + 32 * (strand % 2);
  const unsigned char *high = block + 128 + 32 * half;
  const signed char *scales = (const signed char *)(block + 192) + 8 * half + 2 * strand;
  int up = 2 * strand;
  signed char codes[32];
  for (int i = 0; i < 32; i++) {
    int nibble = strand < 2 ? low[i] & 15 : low[i] >> 4;
    codes[i] = (signed char)((nibble | (high[i] >> up & 3) << 4) - 32);
  }
  float d = nk_half_at(block + 208);
  nk_scaled(to, codes, 16, d * (float)scales[0], -0.0f);
  nk_scaled(to + 16, codes + 16, 16, d * (float)scales[1], -0.0f);
}

/* The sixteen levels of NF4: quantiles of a normal distribution, with an exact zero. */
NK_MATH float nk_nf4_level(int code) {
  static const float levels[16] = {
      -1.0f, -0.6961928009986877f, -0.5250730514526367f, -0.39491748809814453f,
      -0.28444138169288635f, -0.18477343022823334f, -0.09105003625154495f, 0.0f,
      0.07958029955625534f, 0.16093020141124725f, 0.24611230194568634f, 0.33791524171829224f,
      0.44070982933044434f, 0.5626170039176941f, 0.7229568362236023f, 1.0f};
  return levels[code];
}

/* 16 bytes of codes that share one absmax. */
NK_MATH void nk_nf4_group(float *NK_RESTRICT to, const unsigned char *codes, float absmax) {
  for (int i = 0; i < 16; i++) {
    to[2 * i] = nk_nf4_level(codes[i] >> 4) * absmax;
    to[2 * i + 1] = nk_nf4_level(codes[i] & 15) * absmax;
  }
}

#endif
