/* The micro-kernels. The body is written once; the macros below make one function of constant
 * height and width each, so that every accumulator has its register. */
#include "gemm.h"

NK_INLINE void nk_micro_body(const int layout, const int height, const int width, int64_t k,
                             const float *restrict a, int64_t stride, const float *restrict b,
                             int64_t b_step, float *c, int64_t c_stride, float alpha, int add) {
  nk_v sum[NK_MR][NK_NV];
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) {
      sum[i][v] = nk_v_zero();
      __builtin_prefetch(c + i * c_stride + v * NK_W, 1);
    }
  for (int64_t step = 0; step < k; step++) {
    nk_v row[NK_NV];
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) row[v] = nk_v_load(b + v * NK_W);
    if (layout == NK_A_COLUMNS) __builtin_prefetch(a + 16 * stride + height - 1);
#pragma GCC unroll 16
    for (int i = 0; i < height; i++) {
      nk_v x = nk_v_set1(layout == NK_A_COLUMNS ? a[i]
                         : layout == NK_A_PANEL ? a[i * NK_KC]
                                                : a[i * stride]);
#pragma GCC unroll 4
      for (int v = 0; v < width; v++) sum[i][v] = nk_v_fma(x, row[v], sum[i][v]);
    }
    a += layout == NK_A_COLUMNS ? stride : 1;
    b += b_step;
  }
  nk_v factor = nk_v_set1(alpha);
#pragma GCC unroll 16
  for (int i = 0; i < height; i++)
#pragma GCC unroll 4
    for (int v = 0; v < width; v++) {
      float *to = c + i * c_stride + v * NK_W;
      nk_v_store(to, add ? nk_v_fma(factor, sum[i][v], nk_v_load(to))
                         : nk_v_mul(factor, sum[i][v]));
    }
}

#define NK_ONE(layout, height, width)                                                              \
  static void micro_##layout##_##height##_##width(                                                 \
      int64_t k, const float *a, int64_t stride, const float *b, int64_t b_step, float *c,         \
      int64_t c_stride, float alpha, int add) {                                                    \
    nk_micro_body(layout, height, width, k, a, stride, b, b_step, c, c_stride, alpha, add);        \
  }
#define NK_WIDTHS(layout, height) NK_ONE(layout, height, 1) NK_ONE(layout, height, 2)
#define NK_NAMES(layout, height) {micro_##layout##_##height##_1, micro_##layout##_##height##_2}

#if NK_MR == 14
#define NK_HEIGHTS(each, layout, sep)                                                              \
  each(layout, 1) sep() each(layout, 2) sep() each(layout, 3) sep() each(layout, 4) sep()          \
  each(layout, 5) sep() each(layout, 6) sep() each(layout, 7) sep() each(layout, 8) sep()          \
  each(layout, 9) sep() each(layout, 10) sep() each(layout, 11) sep() each(layout, 12) sep()       \
  each(layout, 13) sep() each(layout, 14)
#elif NK_MR == 8
#define NK_HEIGHTS(each, layout, sep)                                                              \
  each(layout, 1) sep() each(layout, 2) sep() each(layout, 3) sep() each(layout, 4) sep()          \
  each(layout, 5) sep() each(layout, 6) sep() each(layout, 7) sep() each(layout, 8)
#elif NK_MR == 6
#define NK_HEIGHTS(each, layout, sep)                                                              \
  each(layout, 1) sep() each(layout, 2) sep() each(layout, 3) sep() each(layout, 4) sep()          \
  each(layout, 5) sep() each(layout, 6)
#else
#define NK_HEIGHTS(each, layout, sep)                                                              \
  each(layout, 1) sep() each(layout, 2) sep() each(layout, 3) sep() each(layout, 4)
#endif
#define NK_NOTHING()
#define NK_COMMA() ,

NK_HEIGHTS(NK_WIDTHS, NK_A_ROWS, NK_NOTHING)
NK_HEIGHTS(NK_WIDTHS, NK_A_PANEL, NK_NOTHING)
NK_HEIGHTS(NK_WIDTHS, NK_A_COLUMNS, NK_NOTHING)

nk_micro NK_FN(nk_micro_for)(int layout, int height, int width) {
  static const nk_micro table[3][NK_MR][NK_NV] = {
      {NK_HEIGHTS(NK_NAMES, NK_A_ROWS, NK_COMMA)},
      {NK_HEIGHTS(NK_NAMES, NK_A_PANEL, NK_COMMA)},
      {NK_HEIGHTS(NK_NAMES, NK_A_COLUMNS, NK_COMMA)},
  };
  return table[layout][height - 1][width - 1];
}
