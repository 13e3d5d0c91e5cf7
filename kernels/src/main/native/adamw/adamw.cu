/*
 * AdamW with decoupled decay (Loshchilov and Hutter 2017, arXiv 1711.05101) over many tensors in one
 * launch, in place. Equations: adamw.c.
 *
 * Row i of `table` (slots, 6): addresses of parameter, gradient, exp_avg and exp_avg_sq, the number of
 * elements, and the number of the tensor's first block of NK_ADAMW_BLOCK elements. A block of threads
 * takes a block of elements, so hundreds of small tensors fill the device as one large one does; it
 * finds its tensor by halving, and moves vectors where all four are aligned.
 *
 * With 8-bit moments a row has 8 columns, as adamw.c says, and a warp takes the NK_SCALED elements of a
 * scale: 8 a lane, in registers from the old codes to the new ones.
 */
#include "nk_cuda.h"
#include "nk_random.h"
#include "adamw_codes.h"
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

/* The tensor of a block: the last whose first block, in the last column, is not behind. */
template <int COLUMNS>
NK_DEVICE const int64_t *nk_adamw_slot(const int64_t *table, int64_t slots, int64_t block) {
  int64_t low = 0, high = slots - 1;
  while (low < high) {
    int64_t middle = (low + high + 1) / 2;
    if (table[(middle + 1) * COLUMNS - 1] <= block) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return table + low * COLUMNS;
}

template <int V, class T>
NK_DEVICE void nk_adamw(const int64_t *table, int64_t slots, nk_adamw_factors f) {
  int64_t block = blockIdx.x;
  const int64_t *slot = nk_adamw_slot<NK_ADAMW_COLUMNS>(table, slots, block);
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

/* Elements that share a scale, and of them a lane's, in vectors of NK_MOMENT_V. */
#define NK_SCALED 256
#define NK_MOMENT_V 4
#define NK_MOMENT_PARTS (NK_SCALED / 32 / NK_MOMENT_V)
#define NK_ADAMW_COLUMNS_8 8

struct nk_codes {
  uint8_t at[NK_MOMENT_V];
};

NK_DEVICE nk_codes nk_codes_read(const uint8_t *from, int wide, int left) {
  nk_codes codes;
  uint32_t word = wide && left >= NK_MOMENT_V ? *(const uint32_t *)from : 0u;
  NK_UNROLL
  for (int e = 0; e < NK_MOMENT_V; e++)
    codes.at[e] = wide && left >= NK_MOMENT_V ? (uint8_t)(word >> (8 * e))
                  : e < left                  ? from[e]
                                              : (uint8_t)0;
  return codes;
}

NK_DEVICE void nk_codes_write(uint8_t *to, nk_codes codes, int wide, int left) {
  if (wide && left >= NK_MOMENT_V) {
    uint32_t word = 0;
    NK_UNROLL
    for (int e = 0; e < NK_MOMENT_V; e++) word |= (uint32_t)codes.at[e] << (8 * e);
    *(uint32_t *)to = word;
    return;
  }
  NK_UNROLL
  for (int e = 0; e < NK_MOMENT_V; e++)
    if (e < left) to[e] = codes.at[e];
}

/* The elements of one scale, from element `at` of the tensor on, n of them; a whole warp comes here. */
template <class T>
NK_DEVICE void nk_adamw_run_8(const int64_t *slot, int64_t at, int n, int64_t step,
                              nk_adamw_factors f) {
  T *p = (T *)(uintptr_t)slot[0] + at;
  const T *g = (const T *)(uintptr_t)slot[1] + at;
  uint8_t *m_codes = (uint8_t *)(uintptr_t)slot[2] + at, *v_codes = (uint8_t *)(uintptr_t)slot[4] + at;
  float *m_scale = (float *)(uintptr_t)slot[3] + at / NK_SCALED;
  float *v_scale = (float *)(uintptr_t)slot[5] + at / NK_SCALED;
  int lane = (int)threadIdx.x % 32;
  int wide = ((slot[0] | slot[1]) & (int64_t)(sizeof(T) * NK_MOMENT_V - 1)) == 0 &&
             ((slot[2] | slot[4]) & 3) == 0;
  float m_unit = *m_scale, v_unit = *v_scale, m_largest = 0.0f, v_largest = 0.0f, wild = 0.0f;
  float m[NK_MOMENT_PARTS][NK_MOMENT_V], v[NK_MOMENT_PARTS][NK_MOMENT_V];
  NK_UNROLL
  for (int part = 0; part < NK_MOMENT_PARTS; part++) {
    int i = (part * 32 + lane) * NK_MOMENT_V, left = n - i;
    nk_floats<NK_MOMENT_V> pp = nk_read<NK_MOMENT_V>(p + i, wide, left);
    nk_floats<NK_MOMENT_V> gg = nk_read<NK_MOMENT_V>(g + i, wide, left);
    nk_codes mc = nk_codes_read(m_codes + i, wide, left), vc = nk_codes_read(v_codes + i, wide, left);
    NK_UNROLL
    for (int e = 0; e < NK_MOMENT_V; e++) {
      int k = (int)mc.at[e] - 128;
      float size = nk_moment_value(k < 0 ? -k : k, NK_MOMENT_BIAS_SIGNED) * m_unit;
      float first = nk_adamw_first(k < 0 ? -size : size, gg.at[e], f);
      float second = nk_adamw_second(nk_moment_value(vc.at[e], NK_MOMENT_BIAS) * v_unit, gg.at[e], f);
      pp.at[e] = nk_adamw_parameter(pp.at[e], first, second, f);
      m[part][e] = first;
      v[part][e] = second;
      if (e >= left) continue;
      float magnitude = first < 0.0f ? -first : first;
      m_largest = magnitude > m_largest ? magnitude : m_largest;
      v_largest = second > v_largest ? second : v_largest;
      wild += (first + second) * 0.0f;
    }
    nk_write<NK_MOMENT_V>(p + i, pp, wide, left);
  }
  m_largest = nk_warp_max(m_largest);
  v_largest = nk_warp_max(v_largest);
  wild = nk_warp_sum(wild);
  /* A number that is none spoils its block, as it spoils the average. */
  m_unit = (m_largest + wild) / NK_MOMENT_TOP;
  v_unit = (v_largest + wild) / NK_MOMENT_TOP;
  if (lane == 0) {
    *m_scale = m_unit;
    *v_scale = v_unit;
  }
  float m_over = m_unit > 0.0f ? m_unit : NK_INFINITY, v_over = v_unit > 0.0f ? v_unit : NK_INFINITY;
  /* Elements of a scale never straddle 2^32: it divides that number. */
  uint64_t seed = 2 * (uint64_t)step;
  uint64_t m_key = nk_draw_key(seed, (uint64_t)at), v_key = nk_draw_key(seed + 1, (uint64_t)at);
  NK_UNROLL
  for (int part = 0; part < NK_MOMENT_PARTS; part++) {
    int i = (part * 32 + lane) * NK_MOMENT_V;
    nk_codes mc, vc;
    NK_UNROLL
    for (int e = 0; e < NK_MOMENT_V; e++) {
      uint32_t low = (uint32_t)(at + i + e);
      float first = m[part][e], size = first < 0.0f ? -first : first;
      int k = nk_moment_code(size / m_over, nk_draw(m_key, low), NK_MOMENT_BIAS_SIGNED, 127);
      mc.at[e] = (uint8_t)(first < 0.0f ? 128 - k : 128 + k);
      vc.at[e] = (uint8_t)nk_moment_code(v[part][e] / v_over, nk_draw(v_key, low), NK_MOMENT_BIAS, 255);
    }
    nk_codes_write(m_codes + i, mc, wide, n - i);
    nk_codes_write(v_codes + i, vc, wide, n - i);
  }
}

template <class T>
NK_DEVICE void nk_adamw_8(const int64_t *table, int64_t slots, int64_t step, nk_adamw_factors f) {
  int64_t block = blockIdx.x;
  const int64_t *slot = nk_adamw_slot<NK_ADAMW_COLUMNS_8>(table, slots, block);
  int64_t begin = (block - slot[7]) * NK_ADAMW_BLOCK, left = slot[6] - begin;
  int n = left < NK_ADAMW_BLOCK ? (int)left : NK_ADAMW_BLOCK;
  NK_ROLLED
  for (int at = (int)threadIdx.x / 32 * NK_SCALED; at < n; at += (int)blockDim.x / 32 * NK_SCALED)
    nk_adamw_run_8<T>(slot, begin + at, n - at < NK_SCALED ? n - at : NK_SCALED, step, f);
}

#define NK_ADAMW_8(type, T)                                                                        \
  NK_KERNEL(nk_adamw_step_8_##type, 256, const int64_t *table, int64_t slots, int64_t step,         \
            float keep, float weight1, float beta2, float weight2, float step_size, float root,    \
            float eps) {                                                                           \
    nk_adamw_factors f = {keep, weight1, beta2, weight2, step_size, root, eps};                    \
    nk_adamw_8<T>(table, slots, step, f);                                                          \
  }

NK_ADAMW_8(fp32, float)
NK_ADAMW_8(bf16, nk_bf16)
NK_ADAMW_8(fp16, nk_fp16)
