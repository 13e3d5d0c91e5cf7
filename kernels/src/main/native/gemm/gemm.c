/*
 * C = alpha · op(A)·op(B) + beta · C in fp32, every operand stored as fp32, bf16 or fp16.
 *
 * C is cut into a grid of rectangles, of which threads take the next free one and meet nowhere: for
 * each the packing is done anew, which costs less than waiting for each other. An
 * element's sum runs over K in order, in blocks of equal depth, whoever computes it: the same bits
 * for every number of threads.
 */
#include "amx.h"

#include <omp.h>

/* Multiplications below which waking a second thread costs more than it saves. */
#define NK_SERIAL_PRODUCT 262144

/* Scales C by beta, where nothing is added. */
static void nk_scale_c(const nk_product *p) {
  for (int64_t i = 0; i < p->m; i++)
    for (int64_t j = 0; j < p->n; j++) {
      int64_t at = i * p->c_stride + j;
      nk_store1(p->c, p->c_type, at, nk_blend(0.0f, p->beta, p->c, p->c_type, at));
    }
}

void NK_FN(nk_merge)(const nk_product *p, const float *sums, int64_t stride, int64_t i0, int64_t m,
                     int64_t j0, int64_t n, float beta) {
  float row[NK_NC];
  for (int64_t i = 0; i < m; i++) {
    int64_t at = (i0 + i) * p->c_stride + j0;
    const float *from = sums + i * stride;
    if (beta == 0.0f) {
      nk_store(p->c, p->c_type, at, from, n);
      continue;
    }
    nk_load(row, p->c, p->c_type, at, n);
#pragma omp simd
    for (int64_t j = 0; j < n; j++) row[j] = nk_fma(beta, row[j], from[j]);
    nk_store(p->c, p->c_type, at, row, n);
  }
}

/* One panel of A against one block of B: tiles go to C, or to the fp32 sums beside it. */
typedef struct {
  const float *a;
  int64_t a_stride;
  int layout;
  const float *b;
  int64_t b_stride; /* between rows of B as it is, 0 for one row repeated; −1: packed */
  float *sums;      /* null: each tile goes to C at once */
} nk_operands;

static void nk_panel(const nk_product *p, const nk_operands *o, int64_t i0, int64_t m, int64_t j0,
                     int64_t n, int64_t k, int first) {
  float tile[NK_MR * NK_NR];
  float beta = first ? p->beta : 1.0f;
  nk_micro full = NK_FN(nk_micro_for)(o->layout, (int)m, NK_NV);
  for (int64_t j = 0; j < n; j += NK_NR) {
    int64_t width = nk_min(NK_NR, n - j);
    int64_t vectors = width > NK_W ? NK_NV : 1;
    const float *b = o->b_stride < 0 ? o->b + j * k : o->b + j;
    int64_t step = o->b_stride < 0 ? vectors * NK_W : o->b_stride;
    nk_micro micro = vectors == NK_NV ? full : NK_FN(nk_micro_for)(o->layout, (int)m, 1);
    if (o->sums) {
      micro(k, o->a, o->a_stride, b, step, o->sums + j, NK_NC, p->alpha, !first);
    } else if (p->c_type == NK_FP32 && width == vectors * NK_W &&
               (beta == 0.0f || beta == 1.0f)) {
      float *c = (float *)p->c + i0 * p->c_stride + j0 + j;
      micro(k, o->a, o->a_stride, b, step, c, p->c_stride, p->alpha, beta != 0.0f);
    } else {
      micro(k, o->a, o->a_stride, b, step, tile, NK_NR, p->alpha, 0);
      NK_FN(nk_merge)(p, tile, NK_NR, i0, m, j0 + j, width, beta);
    }
  }
}

/* Rows i0…i1, columns j0…j1 (at most NK_NC) of C over the whole of K. */
static void nk_block(const nk_product *p, int64_t i0, int64_t i1, int64_t j0, int64_t j1,
                     float *scratch) {
  float *b_block = scratch, *a_panel = b_block + NK_B_FLOATS, *stage = a_panel + NK_A_FLOATS;
  int64_t m = i1 - i0, n = j1 - j0;
  int64_t depths = (p->k + NK_KC - 1) / NK_KC;
  int64_t depth = ((p->k + depths - 1) / depths + 15) / 16 * 16;
  int64_t panels = (m + NK_MR - 1) / NK_MR;
  /* Few rows do not repay packing B; a width that is no multiple of vectors would read beyond it. */
  int b_as_is = p->b.dtype == NK_FP32 && !p->b.transposed && panels <= 2 && n % NK_W == 0;
  /* Few columns do not repay packing A; rows a multiple of 1 KiB apart would share sets of L1. */
  int a_as_is = p->a.dtype == NK_FP32 && n <= NK_NR * 4 && (p->a.transposed || p->a.stride % 256 != 0);
  int narrow = p->c_type != NK_FP32 && depths > 1;
  nk_operands o = {0};
  for (int64_t k0 = 0; k0 < p->k; k0 += depth) {
    int64_t k = nk_min(depth, p->k - k0);
    if (b_as_is) {
      o.b = (const float *)p->b.data + k0 * p->b.stride + j0;
      o.b_stride = p->b.stride;
    } else {
      NK_FN(nk_pack_b)(b_block, &p->b, k0, k, j0, n, stage);
      o.b = b_block;
      o.b_stride = -1;
    }
    for (int64_t panel = 0; panel < panels; panel++) {
      int64_t from = i0 + m * panel / panels, to = i0 + m * (panel + 1) / panels;
      if (a_as_is) {
        o.layout = p->a.transposed ? NK_A_COLUMNS : NK_A_ROWS;
        o.a_stride = p->a.stride;
        o.a = (const float *)p->a.data +
              (p->a.transposed ? k0 * p->a.stride + from : from * p->a.stride + k0);
      } else {
        NK_FN(nk_pack_a)(a_panel, &p->a, from, to - from, k0, k);
        o.layout = p->a.transposed ? NK_A_COLUMNS : NK_A_PANEL;
        o.a_stride = NK_MR;
        o.a = a_panel;
      }
      if (narrow) o.sums = stage + NK_STAGE_FLOATS + (from - i0) * NK_NC;
      nk_panel(p, &o, from, to - from, j0, n, k, k0 == 0);
    }
  }
  if (narrow) NK_FN(nk_merge)(p, stage + NK_STAGE_FLOATS, NK_NC, i0, m, j0, n, p->beta);
}

/* Into how many columns of rectangles C is cut: the split whose largest rectangle, with the packing
 * that it pays for, is cheapest. Packing an element of B costs as much as 10 multiplications of a
 * tile, one of A 4 (measured with AVX-512, November 2026). */
static int nk_grid_columns(const nk_product *p, int threads) {
  int best = 1;
  int64_t least = INT64_MAX;
  for (int columns = 1; columns <= threads; columns++) {
    int64_t rows = threads / columns;
    int64_t m = (p->m + rows - 1) / rows;
    int64_t vectors = (p->n + NK_W - 1) / NK_W;
    int64_t n = (vectors + columns - 1) / columns * NK_W;
    int64_t cost = m * n + 10 * n + 4 * m;
    if (cost < least) {
      least = cost;
      best = columns;
    }
  }
  return best;
}

/* The first column of piece `piece` of `pieces`: whole panels where there are enough, else vectors. */
static int64_t nk_piece(int64_t n, int64_t piece, int64_t pieces) {
  int64_t unit = n >= pieces * NK_NR ? NK_NR : NK_W;
  int64_t units = (n + unit - 1) / unit;
  return nk_min(n, units * piece / pieces * unit);
}

/*
 * The tile unit takes what has enough rows and columns: cutting the operands of others costs more than
 * multiplying them. The whole product's sizes decide, so that bits do not depend on threads.
 */
static void nk_rectangle(const nk_product *p, int64_t i0, int64_t i1, int64_t j0, int64_t j1,
                         float *scratch) {
#if defined(__AMX_BF16__)
  if (p->m >= 32 && p->n >= 64 && p->k >= 32) {
    NK_FN(nk_amx_block)(p, i0, i1, j0, j1, scratch);
    return;
  }
#endif
  nk_block(p, i0, i1, j0, j1, scratch);
}

static void nk_multiply(const nk_product *p, float *scratch, int threads) {
  int used = p->m * p->n * p->k > NK_SERIAL_PRODUCT ? threads : 1;
  int columns = nk_grid_columns(p, used);
  int rows = used / columns;
  /* As many pieces a thread as B's blocks ask for anyway: whoever is free takes the next, which
   * changes no bit and helps where something else runs on a core. */
  int64_t panels = (p->n + NK_NR - 1) / NK_NR;
  int64_t widest = (panels + columns - 1) / columns * NK_NR;
  int64_t pieces = columns * ((widest + NK_NC - 1) / NK_NC);
  int64_t height = p->c_type == NK_FP32 || p->k <= NK_KC ? p->m : NK_MC;
#pragma omp parallel for schedule(dynamic) num_threads(used) if (used > 1)
  for (int64_t task = 0; task < rows * pieces; task++) {
    int64_t row = task / pieces, piece = task % pieces;
    int64_t i0 = p->m * row / rows, i1 = p->m * (row + 1) / rows;
    int64_t j0 = nk_piece(p->n, piece, pieces), j1 = nk_piece(p->n, piece + 1, pieces);
    if (j0 == j1) continue;
    float *own = scratch + omp_get_thread_num() * (int64_t)NK_SCRATCH_FLOATS;
    for (int64_t i = i0; i < i1; i += height)
      nk_rectangle(p, i, nk_min(i1, i + height), j0, j1, own);
  }
}

void NK_FN(nk_matrix_product)(void *c, int c_type, int64_t c_stride, const nk_matrix *a,
                              const nk_matrix *b, int64_t m, int64_t n, int64_t k, float alpha,
                              float beta, void *workspace, int threads) {
  nk_product p = {*a, *b, c, m, n, k, c_stride, c_type, alpha, beta};
  if (m == 0 || n == 0) return;
  if (k == 0 || alpha == 0.0f) {
    if (beta != 1.0f) nk_scale_c(&p);
  } else if (m <= 4 && b->transposed && b->dtype != NK_BLOCKS && m * k <= NK_SCRATCH_FLOATS) {
    NK_FN(nk_few_rows)(c, c_type, c_stride, a, b, m, n, k, alpha, beta, workspace, threads);
  } else {
    nk_multiply(&p, workspace, threads);
  }
}

/* Bytes of workspace that nk_gemm_forward wants for a number of threads. */
NK_EXPORT int64_t NK_FN(nk_gemm_workspace)(int threads) {
  return (int64_t)threads * NK_SCRATCH_FLOATS * 4;
}

/*
 * C (m, n) = alpha · A·B + beta · C; A (m, k) or stored (k, m), B (k, n) or stored (n, k). Strides
 * count elements between stored rows. beta 0 never reads C. The workspace is 64-byte aligned.
 */
NK_EXPORT void NK_FN(nk_gemm_forward)(void *c, void *workspace, const void *a, const void *b,
                                      int64_t m, int64_t n, int64_t k, int64_t c_stride,
                                      int64_t a_stride, int64_t b_stride, int c_type, int a_type,
                                      int b_type, int a_transposed, int b_transposed, float alpha,
                                      float beta, int threads) {
  nk_matrix left = nk_plain_matrix(a, a_stride, a_type, a_transposed);
  nk_matrix right = nk_plain_matrix(b, b_stride, b_type, b_transposed);
  NK_FN(nk_matrix_product)(c, c_type, c_stride, &left, &right, m, n, k, alpha, beta, workspace,
                           threads);
}
