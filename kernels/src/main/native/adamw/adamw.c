/*
 * AdamW with decoupled decay (Loshchilov and Hutter 2017, arXiv 1711.05101) over many tensors in one
 * call, in place:
 *
 *   m += (1 − beta1)·(g − m)      v = beta2·v + (1 − beta2)·g²
 *   p = p·(1 − lr·decay) − lr/(1 − beta1^t) · m / (√v/√(1 − beta2^t) + eps)
 *
 * Row i of `table` (slots, 6): addresses of parameter, gradient, exp_avg and exp_avg_sq, the number
 * of elements, and the number of the tensor's first block. Blocks of fixed size are what threads
 * share, so many small tensors cost one parallel region. Factors come in double and round once.
 *
 * With 8-bit moments a row has 8 columns: parameter, gradient, codes and scales of exp_avg, codes and
 * scales of exp_avg_sq, elements, first block; adamw_codes.h has the codes. The parameter's step is
 * taken with the moments as they are before they are rounded.
 */
#include "nk_random.h"
#include "nk_view.h"
#include "adamw_codes.h"
#include "adamw_math.h"

/* AdamWTable.BLOCK in Java counts the blocks. */
#define NK_ADAMW_BLOCK 8192
#define NK_ADAMW_COLUMNS 6

NK_INLINE void nk_adamw_run(void *p, const void *g, void *m, void *v, int64_t at, int64_t n,
                            int type, nk_adamw_factors f) {
  float p_buffer[NK_RUN], g_buffer[NK_RUN], m_buffer[NK_RUN], v_buffer[NK_RUN];
  float *pp = nk_target(p_buffer, p, type, at), *mm = nk_target(m_buffer, m, type, at);
  float *vv = nk_target(v_buffer, v, type, at);
  const float *gg = nk_view(g_buffer, g, type, at, n);
  nk_view(p_buffer, p, type, at, n);
  nk_view(m_buffer, m, type, at, n);
  nk_view(v_buffer, v, type, at, n);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    float first = nk_adamw_first(mm[i], gg[i], f);
    float second = nk_adamw_second(vv[i], gg[i], f);
    mm[i] = first;
    vv[i] = second;
    pp[i] = nk_adamw_parameter(pp[i], first, second, f);
  }
  nk_finish(p, type, at, p_buffer, n);
  nk_finish(m, type, at, m_buffer, n);
  nk_finish(v, type, at, v_buffer, n);
}

/* The tensor that a block belongs to: the last whose first block, in the last column, is not behind. */
NK_INLINE const int64_t *nk_adamw_slot(const int64_t *table, int64_t slots, int64_t columns,
                                       int64_t block) {
  int64_t low = 0, high = slots - 1;
  while (low < high) {
    int64_t middle = (low + high + 1) / 2;
    if (table[(middle + 1) * columns - 1] <= block) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return table + low * columns;
}

NK_EXPORT void NK_FN(nk_adamw_step)(const int64_t *table, int64_t slots, int64_t blocks, int type,
                                    double keep, double weight1, double beta2, double weight2,
                                    double step_size, double root, double eps, int threads) {
  nk_adamw_factors f = {(float)keep,      (float)weight1, (float)beta2, (float)weight2,
                        (float)step_size, (float)root,    (float)eps};
#pragma omp parallel for schedule(static) num_threads(threads) if (blocks > 1)
  for (int64_t block = 0; block < blocks; block++) {
    const int64_t *slot = nk_adamw_slot(table, slots, NK_ADAMW_COLUMNS, block);
    int64_t begin = (block - slot[5]) * NK_ADAMW_BLOCK;
    int64_t end = nk_min(slot[4], begin + NK_ADAMW_BLOCK);
    for (int64_t at = begin; at < end; at += NK_RUN)
      nk_adamw_run((void *)(uintptr_t)slot[0], (const void *)(uintptr_t)slot[1],
                   (void *)(uintptr_t)slot[2], (void *)(uintptr_t)slot[3], at,
                   nk_min(NK_RUN, end - at), type, f);
  }
}

#define NK_ADAMW_COLUMNS_8 8

/* One scale's worth of elements, at most NK_RUN. */
NK_INLINE void nk_adamw_run_8(const int64_t *slot, int64_t at, int64_t n, int type, int64_t step,
                              nk_adamw_factors f) {
  float p_buffer[NK_RUN], g_buffer[NK_RUN], m[NK_RUN], v[NK_RUN];
  void *p = (void *)(uintptr_t)slot[0];
  uint8_t *m_codes = (uint8_t *)(uintptr_t)slot[2] + at, *v_codes = (uint8_t *)(uintptr_t)slot[4] + at;
  float *m_scale = (float *)(uintptr_t)slot[3] + at / NK_RUN;
  float *v_scale = (float *)(uintptr_t)slot[5] + at / NK_RUN;
  float *pp = nk_target(p_buffer, p, type, at);
  const float *gg = nk_view(g_buffer, (const void *)(uintptr_t)slot[1], type, at, n);
  nk_view(p_buffer, p, type, at, n);
  float m_unit = *m_scale, v_unit = *v_scale, m_largest = 0.0f, v_largest = 0.0f, wild = 0.0f;
#pragma omp simd reduction(max : m_largest, v_largest) reduction(+ : wild)
  for (int64_t i = 0; i < n; i++) {
    int k = (int)m_codes[i] - 128;
    float size = nk_moment_value(k < 0 ? -k : k, NK_MOMENT_BIAS_SIGNED) * m_unit;
    float first = nk_adamw_first(k < 0 ? -size : size, gg[i], f);
    float second =
        nk_adamw_second(nk_moment_value(v_codes[i], NK_MOMENT_BIAS) * v_unit, gg[i], f);
    pp[i] = nk_adamw_parameter(pp[i], first, second, f);
    m[i] = first;
    v[i] = second;
    float magnitude = first < 0.0f ? -first : first;
    m_largest = magnitude > m_largest ? magnitude : m_largest;
    v_largest = second > v_largest ? second : v_largest;
    wild += (first + second) * 0.0f;
  }
  nk_finish(p, type, at, p_buffer, n);
  /* A number that is none spoils its block, as it spoils the average. */
  m_unit = (m_largest + wild) / NK_MOMENT_TOP;
  v_unit = (v_largest + wild) / NK_MOMENT_TOP;
  *m_scale = m_unit;
  *v_scale = v_unit;
  uint32_t draw[NK_RUN];
  uint64_t seed = 2 * (uint64_t)step;
  nk_draw_run(draw, (int64_t)seed, (uint64_t)at, (int32_t)n);
  float m_over = m_unit > 0.0f ? m_unit : INFINITY, v_over = v_unit > 0.0f ? v_unit : INFINITY;
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    float size = m[i] < 0.0f ? -m[i] : m[i];
    int k = nk_moment_code(size / m_over, draw[i], NK_MOMENT_BIAS_SIGNED, 127);
    m_codes[i] = (uint8_t)(m[i] < 0.0f ? 128 - k : 128 + k);
  }
  nk_draw_run(draw, (int64_t)(seed + 1), (uint64_t)at, (int32_t)n);
#pragma omp simd
  for (int64_t i = 0; i < n; i++)
    v_codes[i] = (uint8_t)nk_moment_code(v[i] / v_over, draw[i], NK_MOMENT_BIAS, 255);
}

NK_EXPORT void NK_FN(nk_adamw_step_8)(const int64_t *table, int64_t slots, int64_t blocks,
                                      int64_t step, int type, double keep, double weight1,
                                      double beta2, double weight2, double step_size, double root,
                                      double eps, int threads) {
  nk_adamw_factors f = {(float)keep,      (float)weight1, (float)beta2, (float)weight2,
                        (float)step_size, (float)root,    (float)eps};
#pragma omp parallel for schedule(static) num_threads(threads) if (blocks > 1)
  for (int64_t block = 0; block < blocks; block++) {
    const int64_t *slot = nk_adamw_slot(table, slots, NK_ADAMW_COLUMNS_8, block);
    int64_t begin = (block - slot[7]) * NK_ADAMW_BLOCK;
    int64_t end = nk_min(slot[6], begin + NK_ADAMW_BLOCK);
    for (int64_t at = begin; at < end; at += NK_RUN)
      nk_adamw_run_8(slot, at, nk_min(NK_RUN, end - at), type, step, f);
  }
}
