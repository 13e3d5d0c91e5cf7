/*
 * Products on the tile unit (AMX) of newer Intel processors, as accurate as fp32 ones.
 *
 * The unit multiplies bf16, sixteen times as fast as AVX-512 multiplies fp32. An fp32 number is
 * exactly the sum of three bf16 ones, x = x₀ + x₁ + x₂, its mantissa cut into three times 8 bits; of
 * the nine products of parts the six with i + j ≤ 2 are summed (in fp32, by the unit). What is left
 * out is below 2⁻²³ of |a|·|b| a term: what rounding one term to fp32 may cost anyway. An operand
 * stored as bf16 is its own first part, one stored as fp16 has two, so narrow products need one to
 * four. The idea is that of Henry, Tang and Heinecke 2019, arXiv:1904.06376 (they round the parts).
 *
 * Hazards. The unit takes subnormal numbers for zero, so parts below 2⁻¹²⁶ vanish: an fp32 number
 * below 2⁻¹¹⁰ loses low bits, one below 2⁻¹²⁶ is 0. An infinity has no finite parts: it is kept in
 * x₀ alone, and times a number whose low parts are 0 the sum is a NaN instead of an infinity. A NaN
 * stays one. Pairs along K are (k, k + 16) of each 32: any order serves that A and B share, and this
 * one packs without a shuffle.
 */
#ifndef NK_AMX_H
#define NK_AMX_H

#include "gemm.h"

#if defined(__AMX_BF16__)

/* A tile register: 16 rows of 32 bf16 (A, B) or of 16 fp32 (C). */
#define NK_TILE_BYTES 1024
/* Into how many bf16 parts an operand of this element type is cut. */
NK_INLINE int nk_amx_parts(int dtype) { return dtype == NK_BF16 ? 1 : dtype == NK_FP16 ? 2 : 3; }

/* Rows i0…i0+m (at most 32) of alpha·A's columns k0…k0+k: for each 32 of K and each part two tiles. */
void NK_FN(nk_amx_pack_a)(uint32_t *to, const nk_matrix *a, int64_t i0, int64_t m, int64_t k0,
                          int64_t k, float alpha, float *stage);

/* Columns j0…j0+n of B's rows k0…k0+k: for each 32 columns, each 32 of K and each part two tiles. */
void NK_FN(nk_amx_pack_b)(uint32_t *to, const nk_matrix *b, int64_t k0, int64_t k, int64_t j0,
                          int64_t n, float *stage);

/* Rows i0…i1, columns j0…j1 (at most NK_NC) of C over the whole of K. */
void NK_FN(nk_amx_block)(const nk_product *p, int64_t i0, int64_t i1, int64_t j0, int64_t j1,
                         float *scratch);

#endif
#endif
