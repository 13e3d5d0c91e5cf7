/*
 * AdamW with decoupled decay (Loshchilov and Hutter 2017, arXiv 1711.05101) over many tensors in one
 * launch, in place. Equations: adamw.c.
 *
 * Row i of `table` (slots, 6): addresses of parameter, gradient, exp_avg and exp_avg_sq, the number of
 * elements, and the number of the tensor's first block of NK_ADAMW_BLOCK elements. A block of threads
 * takes a block of elements, so hundreds of small tensors fill the device as one large one does; it
 * finds its tensor by halving, and moves vectors where all four are aligned.
 */
#include "nk_cuda.h"
#include "adamw_math.h"

/* BlockTable.BLOCK in Java counts the blocks. */
#define NK_ADAMW_BLOCK 8192
#define NK_ADAMW_COLUMNS 6

template <int V, class T>
NK_DEVICE void nk_adamw_run(T *p, const T *g, T *m, T *v, nk_adamw_factors f) {
  nk_floats<V> pp = nk_load<V>(p), gg = nk_load<V>(g), mm = nk_load<V>(m), vv = nk_load<V>(v);
  NK_UNROLL
  for (int i = 0; i < V; i++) {
    mm.at[i] = nk_adamw_first(mm.at[i], gg.at[i], f);
    vv.at[i] = nk_adamw_second(vv.at[i], gg.at[i], f);
    pp.at[i] = nk_adamw_parameter(pp.at[i], mm.at[i], vv.at[i], f);
  }
  nk_store<V>(p, pp);
  nk_store<V>(m, mm);
  nk_store<V>(v, vv);
}

template <int V, class T>
NK_DEVICE void nk_adamw(const int64_t *table, int64_t slots, nk_adamw_factors f) {
  int64_t block = blockIdx.x, low = 0, high = slots - 1;
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
  int64_t left = slot[4] - begin;
  int n = left < NK_ADAMW_BLOCK ? (int)left : NK_ADAMW_BLOCK;
  T *p = (T *)(uintptr_t)slot[0] + begin, *m = (T *)(uintptr_t)slot[2] + begin;
  T *v = (T *)(uintptr_t)slot[3] + begin;
  const T *g = (const T *)(uintptr_t)slot[1] + begin;
  bool wide = ((slot[0] | slot[1] | slot[2] | slot[3]) & (int64_t)(sizeof(T) * V - 1)) == 0;
  int whole = wide ? n / V * V : 0;
  for (int i = (int)threadIdx.x * V; i < whole; i += (int)blockDim.x * V)
    nk_adamw_run<V>(p + i, g + i, m + i, v + i, f);
  for (int i = whole + (int)threadIdx.x; i < n; i += (int)blockDim.x)
    nk_adamw_run<1>(p + i, g + i, m + i, v + i, f);
}

#define NK_ADAMW(type, T, V)                                                                       \
  NK_KERNEL(nk_adamw_step_##type, 256, const int64_t *table, int64_t slots, float keep,             \
            float weight1, float beta2, float weight2, float step_size, float root, float eps) {   \
    nk_adamw_factors f = {keep, weight1, beta2, weight2, step_size, root, eps};                    \
    nk_adamw<V, T>(table, slots, f);                                                               \
  }

NK_ADAMW(fp32, float, 4)
NK_ADAMW(bf16, nk_bf16, 8)
NK_ADAMW(fp16, nk_fp16, 8)
