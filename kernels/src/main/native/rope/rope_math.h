/*
 * Sine and cosine of an angle, and the turn of one pair, for C and CUDA. The angle is reduced in
 * double, so that angles up to 1e9 keep their accuracy (beyond, the caller must not use it); the polynomials (Cephes,
 * sinf.c) are good to an fp32 rounding on |r| ≤ π/4.
 */
#ifndef NK_ROPE_MATH_H
#define NK_ROPE_MATH_H

#include "nk_math.h"

typedef struct {
  float cosine, sine;
} nk_turn;

NK_MATH nk_turn nk_rope_turn(float angle, float scale) {
  /* 1.5·2^52 rounds to an integer in the sum's low bits. */
  double shifted = nk_fma64((double)angle, 0.63661977236758134308, 6755399441055744.0);
  double k = shifted - 6755399441055744.0;
  double r64 = nk_fma64(k, -1.57079632679489655800, (double)angle);
  float r = (float)nk_fma64(k, -6.12323399573676603587e-17, r64);
  /* The integer's last two bits, by arithmetic: it stays in the same registers. */
  float quarter = (float)(k - 4.0 * (nk_fma64(k - 1.5, 0.25, 6755399441055744.0) - 6755399441055744.0));
  float z = r * r;
  float s = nk_fma(nk_fma(nk_fma(-1.9515295891e-4f, z, 8.3321608736e-3f), z, -1.6666654611e-1f),
                   z * r, r);
  float c = nk_fma(nk_fma(nk_fma(2.443315711809948e-5f, z, -1.388731625493765e-3f), z,
                          4.166664568298827e-2f),
                   z * z, nk_fma(-0.5f, z, 1.0f));
  int odd = quarter == 1.0f || quarter == 3.0f;
  float first = odd ? s : c;
  float second = odd ? c : s;
  nk_turn turn;
  turn.cosine = scale * (quarter == 1.0f || quarter == 2.0f ? -first : first);
  turn.sine = scale * (quarter >= 2.0f ? -second : second);
  return turn;
}

#endif
