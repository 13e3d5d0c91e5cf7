/*
 * Matrix products: the parts. The scheme is that of BLIS (van Zee and van de Geijn, 2015): a block of
 * B that fits L2 is packed into panels of NR adjacent columns, a panel of MR rows of A into L1, and
 * a micro-kernel holds an MR × NR tile of C in registers while it walks K.
 *
 *   micro.c  the micro-kernels, one for each height and width of a tile
 *   pack.c   A and B into panels, converted to fp32 on the way
 *   gemm.c   the loops around them, and how threads share the work
 *   few.c    one to four rows against transposed weights: bound by reading the weights
 *   amx.c, amx_pack.c  the same loops for processors with a tile unit
 */
#ifndef NK_GEMM_H
#define NK_GEMM_H

#include "nk_simd.h"

/* Tiles: as many accumulators as registers allow beside NV vectors of B and one of A. Depth and
 * width of B's block: 864 KiB with AVX-512 (L2 of 1 to 2 MiB), 384 KiB with AVX2 (L2 from 512 KiB on).
 * Of the six pairs of depth and width tried at each level on an Intel Xeon with 2 MiB of L2 these were
 * fastest by 1 to 7 percent (November 2026). */
#if defined(__AVX512F__)
#define NK_MR 14
#define NK_NV 2
#define NK_KC 288
#define NK_NC 768
#elif defined(__AVX2__)
#define NK_MR 6
#define NK_NV 2
#define NK_KC 192
#define NK_NC 512
#elif defined(__aarch64__)
#define NK_MR 8
#define NK_NV 2
#define NK_KC 256
#define NK_NC 256
#else
#define NK_MR 4
#define NK_NV 2
#define NK_KC 256
#define NK_NC 256
#endif
#define NK_NR (NK_NV * NK_W)

/* Rows of C that are summed in fp32 beside C, where C itself is narrower and K needs several blocks;
 * a multiple of the tile unit's 32. */
#define NK_MC 352

/* Floats of scratch for each thread: B's block, A's panel, staging of packers, sums beside C. */
#define NK_B_FLOATS (NK_KC * NK_NC)
#define NK_A_FLOATS (NK_MR * NK_KC)
#define NK_STAGE_FLOATS (NK_W * NK_KC)
#define NK_SUM_FLOATS (NK_MC * NK_NC)
#define NK_VECTOR_FLOATS (NK_B_FLOATS + NK_A_FLOATS + NK_STAGE_FLOATS + NK_SUM_FLOATS)

#if defined(__AMX_BF16__)
/* The tile unit computes C 32 × 32 at a time. */
#define NK_AMX_EDGE 32

/* Depth and width of B's block for three parts, 864 KiB for L2 (2 MiB); with fewer parts it is deeper,
 * and the bytes are the same. Deep rather than wide: each block of K reads and writes C again. */
#define NK_AMX_KC 576
#define NK_AMX_NC 256

/* Floats of scratch: B's block, A's panel, 32 rows of either as fp32 (up to 3·KC deep, 16 apart from
 * the next power of two), a tile of C, sums beside C. */
#define NK_AMX_STAGE_STRIDE (3 * NK_AMX_KC + 16)
#define NK_AMX_B_FLOATS (3 * NK_AMX_KC * NK_AMX_NC / 2)
#define NK_AMX_A_FLOATS (3 * NK_AMX_KC * NK_AMX_EDGE / 2)
#define NK_AMX_STAGE_FLOATS (NK_AMX_EDGE * NK_AMX_STAGE_STRIDE)
#define NK_AMX_STAGE_ROWS 512
#define NK_AMX_TILE_FLOATS (NK_AMX_EDGE * NK_AMX_EDGE)
#define NK_AMX_FLOATS                                                                              \
  (NK_AMX_B_FLOATS + NK_AMX_A_FLOATS + NK_AMX_STAGE_FLOATS + NK_AMX_TILE_FLOATS + NK_SUM_FLOATS)

#define NK_SCRATCH_FLOATS (NK_AMX_FLOATS > NK_VECTOR_FLOATS ? NK_AMX_FLOATS : NK_VECTOR_FLOATS)
#else
#define NK_SCRATCH_FLOATS NK_VECTOR_FLOATS
#endif

/*
 * A matrix as it is stored. `read` gives n adjacent elements of stored row `row` from column `from`
 * on, as fp32: storage that is no plain array (quantised blocks) brings its own, and everything else
 * here stays as it is.
 */
typedef struct nk_matrix {
  const void *data;
  int64_t stride; /* elements between rows */
  int dtype;
  int transposed; /* used as its transpose */
  void (*read)(float *to, const struct nk_matrix *matrix, int64_t row, int64_t from, int64_t n);
  const void *blocks; /* what a reader of quantised blocks knows about them */
} nk_matrix;

/* The element type of a matrix that only its reader can read. */
enum { NK_BLOCKS = 3 };

/* Adjacent elements of a plain matrix. */
static inline __attribute__((unused)) void nk_read_plain(float *to, const nk_matrix *matrix,
                                                         int64_t row, int64_t from, int64_t n) {
  nk_load(to, matrix->data, matrix->dtype, row * matrix->stride + from, n);
}

NK_INLINE nk_matrix nk_plain_matrix(const void *data, int64_t stride, int dtype, int transposed) {
  return (nk_matrix){data, stride, dtype, transposed, nk_read_plain, NULL};
}

/* C (m, n) = alpha · A·B + beta · C, A and B as they are used. */
typedef struct {
  nk_matrix a, b;
  void *c;
  int64_t m, n, k, c_stride;
  int c_type;
  float alpha, beta;
} nk_product;

/* Merges sums, a tile of `stride` floats a row, into C's m rows and n ≤ NK_NC columns from (i0, j0). */
void NK_FN(nk_merge)(const nk_product *p, const float *sums, int64_t stride, int64_t i0, int64_t m,
                     int64_t j0, int64_t n, float beta);

/* Where the micro-kernel finds A[i,k]. */
enum {
  NK_A_ROWS,   /* a[i·stride + k]: A itself */
  NK_A_PANEL,  /* a[i·NK_KC + k]: packed */
  NK_A_COLUMNS /* a[k·stride + i]: A stored transposed */
};

/*
 * c[i,j] (+)= alpha · Σ_k A[i,k] · b[k·b_step + j] for a tile of the kernel's own height and width;
 * whole vectors of c are written. `add` 0 writes, 1 adds.
 */
typedef void (*nk_micro)(int64_t k, const float *a, int64_t stride, const float *b, int64_t b_step,
                         float *c, int64_t c_stride, float alpha, int add);

/* The micro-kernel for height 1…NK_MR and width 1…NK_NV vectors. */
nk_micro NK_FN(nk_micro_for)(int layout, int height, int width);

/* At most W rows of fp32, `stride` apart, become W columns (missing ones zero):
 * to[k·step + i] = from[i·stride + k]. */
void NK_FN(nk_turn)(float *to, int64_t step, const float *from, int64_t stride, int64_t rows,
                    int64_t k);

/* Columns j0…j0+n of B's rows k0…k0+k into panels of NK_NR columns, padded with zeros to a vector. */
void NK_FN(nk_pack_b)(float *to, const nk_matrix *b, int64_t k0, int64_t k, int64_t j0, int64_t n,
                      float *stage);

/* Rows i0…i0+m (at most NK_MR) of A's columns k0…k0+k as they are stored: row after row, NK_KC apart
 * (NK_A_PANEL), or where A is stored transposed, k after k, NK_MR apart (NK_A_COLUMNS). */
void NK_FN(nk_pack_a)(float *to, const nk_matrix *a, int64_t i0, int64_t m, int64_t k0, int64_t k);

/* Rows m ≤ 4, B stored transposed and not quantised. Scratch holds at least m·k floats. */
void NK_FN(nk_few_rows)(void *c, int c_type, int64_t c_stride, const nk_matrix *a,
                        const nk_matrix *b, int64_t m, int64_t n, int64_t k, float alpha,
                        float beta, float *scratch, int threads);

/* C (m, n) = alpha · A·B + beta · C, whatever A and B are stored as; see nk_gemm_forward. */
void NK_FN(nk_matrix_product)(void *c, int c_type, int64_t c_stride, const nk_matrix *a,
                              const nk_matrix *b, int64_t m, int64_t n, int64_t k, float alpha,
                              float beta, void *workspace, int threads);

/* beta of C's old value, without reading it where beta is 0. */
NK_INLINE float nk_blend(float sum, float beta, const void *c, int c_type, int64_t index) {
  return beta == 0.0f ? sum : nk_fma(beta, nk_load1(c, c_type, index), sum);
}

#endif
