/*
 * Matrix products on a GPU, c = alpha · op(a)·op(b) + beta · c, every storage type with every other,
 * for what other kernels need multiplied and for devices without another library. Shapes and the order
 * of sums: tile.cuh. beta 0 writes c whatever it held. Small products take small tiles: more blocks.
 */
#include "tile.cuh"

#define NK_GEMM(side)                                                                              \
  NK_KERNEL(nk_gemm_forward_##side, NK_TILE_THREADS, void *c, const void *a, const void *b,         \
            int64_t m, int64_t n, int64_t k, int64_t c_stride, int64_t a_stride, int64_t b_stride, \
            int c_type, int a_type, int b_type, int transpose_a, int transpose_b, int a_wide,      \
            int b_wide, float alpha, float beta) {                                                 \
    nk_plain left = {a, a_stride, m, k, a_type, transpose_a, a_wide};                              \
    nk_plain right = {b, b_stride, n, k, b_type, !transpose_b, b_wide};                            \
    nk_tile<side>(c, left, right, m, n, k, c_stride, c_type, alpha, beta);                         \
  }

NK_GEMM(64)
NK_GEMM(128)
