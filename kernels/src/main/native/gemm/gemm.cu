/*
 * Matrix products on a GPU, c = alpha · op(a)·op(b) + beta · c, every storage type with every other,
 * for what other kernels need multiplied and for devices without another library. Shapes and the order
 * of sums: tile.cuh. beta 0 writes c whatever it held. Small products take small tiles: more blocks.
 * Where both operands are bf16, or both fp16, the matrix units multiply (mma.cuh).
 */
#include "mma.cuh"

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

#define NK_GEMM_MMA(type, T)                                                                       \
  NK_KERNEL(nk_gemm_mma_##type, NK_TILE_THREADS, void *c, const T *a, const T *b, int64_t m,        \
            int64_t n, int64_t k, int64_t c_stride, int64_t a_stride, int64_t b_stride,            \
            int c_type, int transpose_a, int transpose_b, int a_wide, int b_wide, float alpha,     \
            float beta) {                                                                          \
    nk_plain_mma<T> left = {a, a_stride, m, k, transpose_a, a_wide};                               \
    nk_plain_mma<T> right = {b, b_stride, n, k, !transpose_b, b_wide};                             \
    nk_tile_mma<T>(c, left, right, m, n, k, c_stride, c_type, alpha, beta);                        \
  }

NK_GEMM_MMA(bf16, nk_bf16)
NK_GEMM_MMA(fp16, nk_fp16)
