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
 */
#include "nk_view.h"
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

NK_EXPORT void NK_FN(nk_adamw_step)(const int64_t *table, int64_t slots, int64_t blocks, int type,
                                    double keep, double weight1, double beta2, double weight2,
                                    double step_size, double root, double eps, int threads) {
  nk_adamw_factors f = {(float)keep,      (float)weight1, (float)beta2, (float)weight2,
                        (float)step_size, (float)root,    (float)eps};
#pragma omp parallel for schedule(static) num_threads(threads) if (blocks > 1)
  for (int64_t block = 0; block < blocks; block++) {
    int64_t low = 0, high = slots - 1;
    while (low < high) {
      int64_t middle = (low + high + 1) / 2;
      if (table[middle * NK_ADAMW_COLUMNS + 5] <= block) {
        low = middle;
      } else {
        high = middle - 1;
      }
    }
    const int64_t *slot = table + low * NK_ADAMW_COLUMNS;
    int64_t begin = (block - slot[5]) * NK_ADAMW_BLOCK;
    int64_t end = nk_min(slot[4], begin + NK_ADAMW_BLOCK);
    for (int64_t at = begin; at < end; at += NK_RUN)
      nk_adamw_run((void *)(uintptr_t)slot[0], (const void *)(uintptr_t)slot[1],
                   (void *)(uintptr_t)slot[2], (void *)(uintptr_t)slot[3], at,
                   nk_min(NK_RUN, end - at), type, f);
  }
}
