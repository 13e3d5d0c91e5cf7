/*
 * Softmax attention on a GPU, tile by tile (FlashAttention, Dao et al. 2022, arXiv 2205.14135).
 * Equations, and what is seen: attention.h.
 *
 *   S = scale · Q·Kᵀ    P = softmax(S)    O = P·V    logSumExp = log Σ exp(S)
 *   dV = Pᵀ·dO    dS = P ⊙ (dO·Vᵀ − rowsum(dO ⊙ O))    dQ = scale · dS·K    dK = scale · dSᵀ·Q
 *
 * A block of 256 threads takes NK_TILE queries (or, for dK and dV, keys) of one head and one sample,
 * which a row of `tiles` names, and walks over the tiles of the other side; a thread has 4 × 4 of a
 * tile's scores in registers. The (T, T) matrix exists only so. Forward keeps a running maximum; its
 * sums, and those of gradients, stay in registers, 4 × WIDTH/16 a thread: a head that is wider than
 * WIDTH takes several blocks, each with its columns of the result, which make the scores again.
 * Backward is three launches: rowsum(dO ⊙ O), then dQ by queries, then dK and dV by keys with all heads
 * of a group, so that nothing is added up in memory, and the scores are made twice.
 *
 * Saved: O and logSumExp. Arithmetic and sums are fp32 whatever the storage, in an order that the shapes
 * alone decide. Hazard: the running maximum keeps exponents at or below 0; it begins at the lowest
 * finite number, so that what is unseen gives 0 and not NaN.
 */
#include "gemm/tile.cuh"
#include "nk_tanh.h"

#define NK_TILE 64
#define NK_ROW (NK_TILE + NK_PAD)
#define NK_LOWEST (-3.402823466e+38f)

/* A (T, heads, D) tensor in its storage; `wide`: four elements may be read as one from every fourth. */
struct nk_heads {
  const void *data;
  int64_t stride;
  int type, wide;
};

/*
 * A row of the table of tiles: first row of the tile, its rows, the sample's first row on the other
 * side, how many rows that has, and the position of the tile's first row in the sample.
 */
struct nk_span {
  int64_t at, rows, start, length, position;
};

NK_DEVICE nk_span nk_span_of(const int64_t *tiles) {
  const int64_t *t = tiles + (int64_t)blockIdx.x * 5;
  nk_span s = {t[0], t[1], t[2], t[3], t[4]};
  return s;
}

/* `rows` rows of head h from row `first` on, columns `from` to d, as an operand of a tile's product. */
NK_DEVICE nk_plain nk_head(nk_heads x, int64_t first, int64_t rows, int64_t h, int64_t d,
                           int64_t from, int across) {
  const void *data = nk_at(x.data, x.type, first * x.stride + h * d + from);
  nk_plain p = {data, x.stride, across ? d - from : rows, across ? rows : d - from, x.type, across,
                x.wide};
  return p;
}

/* sum (4, 4) of a thread += tile i0 of a times tile j0 of b, over their inner dimension. */
NK_DEVICE void nk_scores(float (*sum)[4], const nk_plain &a, const nk_plain &b, int64_t i0,
                         int64_t j0, int64_t depth, float *of_a, float *of_b) {
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  NK_ROLLED
  for (int64_t k0 = 0; k0 < depth; k0 += NK_DEPTH) {
    a.fill<NK_TILE>(of_a, i0, k0);
    b.fill<NK_TILE>(of_b, j0, k0);
    __syncthreads();
    int deep = depth - k0 < NK_DEPTH ? (int)(depth - k0) : NK_DEPTH;
    if (i0 + ty * 4 >= a.outer || j0 + tx * 4 >= b.outer) deep = 0;
    NK_ROLLED
    for (int k = 0; k < deep; k++) {
      nk_floats<4> x = nk_load<4>(of_a + k * NK_ROW + ty * 4);
      nk_floats<4> y = nk_load<4>(of_b + k * NK_ROW + tx * 4);
      NK_UNROLL
      for (int e = 0; e < 16; e++) sum[e / 4][e % 4] = nk_fma(x.at[e / 4], y.at[e % 4], sum[e / 4][e % 4]);
    }
    __syncthreads();
  }
}

/*
 * sums (4, WIDTH/16) += p · x: p in shared memory, row k of the depth at p[k·NK_ROW + i], `depth` of
 * them; x (depth, WIDTH) as an operand across, from its row k0 on. Columns of a thread lie in fours.
 */
template <int WIDTH>
NK_DEVICE void nk_add_rows(float (*sums)[WIDTH / 16], const float *p, const nk_plain &x, int64_t k0,
                           int depth, float *of_x) {
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  NK_UNROLL
  for (int part = 0; part < WIDTH / NK_TILE; part++) {
    if (part * NK_TILE >= x.outer) break;
    NK_ROLLED
    for (int from = 0; from < depth; from += NK_DEPTH) {
      x.fill<NK_TILE>(of_x, part * NK_TILE, k0 + from);
      __syncthreads();
      int deep = depth - from < NK_DEPTH ? depth - from : NK_DEPTH;
      if (part * NK_TILE + tx * 4 >= x.outer) deep = 0;
      NK_ROLLED
      for (int k = 0; k < deep; k++) {
        nk_floats<4> a = nk_load<4>(p + (from + k) * NK_ROW + ty * 4);
        nk_floats<4> b = nk_load<4>(of_x + k * NK_ROW + tx * 4);
        NK_UNROLL
        for (int e = 0; e < 16; e++)
          sums[e / 4][part * 4 + e % 4] = nk_fma(a.at[e / 4], b.at[e % 4], sums[e / 4][part * 4 + e % 4]);
      }
      __syncthreads();
    }
  }
}

/* Rows `at`… of head h of y, columns `from` on, = factor[i] · sums. */
template <int WIDTH>
NK_DEVICE void nk_write_rows(void *y, int type, int64_t stride, float (*sums)[WIDTH / 16],
                             const float *factor, const nk_span &s, int64_t h, int64_t d,
                             int64_t from) {
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  NK_UNROLL
  for (int i = 0; i < 4; i++) {
    if (ty * 4 + i >= s.rows) break;
    int64_t row = (s.at + ty * 4 + i) * stride + h * d;
    NK_UNROLL
    for (int j = 0; j < WIDTH / 16; j++) {
      int64_t column = from + j / 4 * NK_TILE + tx * 4 + j % 4;
      if (column < d) nk_put(y, type, row + column, sums[i][j] * factor[i]);
    }
  }
}

/* Σ and the largest over the sixteen threads that share rows: half a warp. */
NK_DEVICE float nk_half_sum(float x) {
  NK_UNROLL
  for (int step = 8; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}

NK_DEVICE float nk_half_max(float x) {
  NK_UNROLL
  for (int step = 8; step > 0; step /= 2) {
    float other = __shfl_xor_sync(0xffffffffu, x, step);
    x = other > x ? other : x;
  }
  return x;
}

/* What a score becomes before the softmax; 0 is no cap. */
NK_DEVICE float nk_capped(float s, float softcap) {
  return softcap == 0.0f ? s : softcap * nk_tanh(s / softcap);
}

/* The first key that the query at row `row`, position `p`, sees, and the one behind the last. */
NK_DEVICE int64_t nk_first_seen(const int32_t *lows, int64_t row) { return lows ? lows[row] : 0; }
NK_DEVICE int64_t nk_end_seen(int causal, int64_t p, int64_t length) {
  return causal && p + 1 < length ? p + 1 : length;
}

/*
 * out (T, H, D) and log_sum_exp (H, rows), which may be null; q (T, H, D), k and v (…, K, D). Grid:
 * tiles of queries, heads, widths. lows (T) or null.
 */
template <int WIDTH>
NK_DEVICE void nk_attention_forward(void *out, float *log_sum_exp, nk_heads q, nk_heads k,
                                    nk_heads v, const int64_t *tiles, const int32_t *lows,
                                    int64_t rows, int64_t group, int64_t d, int64_t out_stride,
                                    int out_type, int causal, float scale, float softcap) {
  NK_SHARED(float, of_a, NK_DEPTH *NK_ROW);
  NK_SHARED(float, of_b, NK_DEPTH *NK_ROW);
  NK_SHARED(float, p, NK_TILE *NK_ROW);
  nk_span s = nk_span_of(tiles);
  int64_t h = blockIdx.y, kv = h / group, from = (int64_t)blockIdx.z * WIDTH;
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  nk_plain queries = nk_head(q, s.at, s.rows, h, d, 0, 0);
  nk_plain keys = nk_head(k, s.start, s.length, kv, d, 0, 0);
  nk_plain values = nk_head(v, s.start, s.length, kv, d, from, 1);
  float sums[4][WIDTH / 16], most[4], all[4];
  NK_UNROLL
  for (int i = 0; i < 4; i++) {
    most[i] = NK_LOWEST;
    all[i] = 0.0f;
    NK_UNROLL
    for (int j = 0; j < WIDTH / 16; j++) sums[i][j] = 0.0f;
  }
  int64_t end = nk_end_seen(causal, s.position + s.rows - 1, s.length);
  NK_ROLLED
  for (int64_t key = nk_first_seen(lows, s.at); key < end; key += NK_TILE) {
    float score[4][4] = {};
    nk_scores(score, queries, keys, 0, key, d, of_a, of_b);
    NK_UNROLL
    for (int i = 0; i < 4; i++) {
      int row = ty * 4 + i;
      bool there = row < s.rows;
      int64_t low = there ? nk_first_seen(lows, s.at + row) : 0;
      int64_t high = there ? nk_end_seen(causal, s.position + row, s.length) : 0;
      float largest = most[i];
      NK_UNROLL
      for (int j = 0; j < 4; j++) {
        int64_t at = key + tx * 4 + j;
        score[i][j] = at >= low && at < high ? nk_capped(score[i][j] * scale, softcap) : -NK_INFINITY;
        largest = score[i][j] > largest ? score[i][j] : largest;
      }
      largest = nk_half_max(largest);
      float change = nk_exp(most[i] - largest), part = 0.0f;
      NK_UNROLL
      for (int j = 0; j < 4; j++) {
        float e = nk_exp(score[i][j] - largest);
        part += e;
        p[(tx * 4 + j) * NK_ROW + row] = e;
      }
      all[i] = nk_fma(all[i], change, nk_half_sum(part));
      most[i] = largest;
      NK_UNROLL
      for (int j = 0; j < WIDTH / 16; j++) sums[i][j] *= change;
    }
    __syncthreads();
    int depth = end - key < NK_TILE ? (int)(end - key) : NK_TILE;
    nk_add_rows<WIDTH>(sums, p, values, key, depth, of_b);
  }
  NK_UNROLL
  for (int i = 0; i < 4; i++) {
    int row = ty * 4 + i;
    if (log_sum_exp && tx == 0 && blockIdx.z == 0 && row < s.rows)
      log_sum_exp[h * rows + s.at + row] = most[i] + logf(all[i]);
    all[i] = 1.0f / all[i];
  }
  nk_write_rows<WIDTH>(out, out_type, out_stride, sums, all, s, h, d, from);
}

/* dots (H, T) = rowsum(dO ⊙ O): a warp a row of a head. */
NK_KERNEL(nk_attention_dots, 256, float *dots, const void *grad_out, const void *out, int64_t rows,
          int64_t heads, int64_t d, int64_t grad_out_stride, int64_t out_stride, int grad_out_type,
          int out_type) {
  int64_t item = nk_thread() / 32, row = item / heads, h = item % heads;
  int lane = (int)threadIdx.x % 32;
  float sum = 0.0f;
  for (int64_t j = lane; row < rows && j < d; j += 32)
    sum = nk_fma(nk_element(grad_out, grad_out_type, row * grad_out_stride + h * d + j),
                 nk_element(out, out_type, row * out_stride + h * d + j), sum);
  sum = nk_warp_sum(sum);
  if (row < rows && lane == 0) dots[h * rows + row] = sum;
}

/* P of a score, and dS of it and of dP; 0 both where the key is not seen. */
NK_DEVICE void nk_score_gradient(float *p, float *ds, bool seen, float score, float dp, float lse,
                                 float dot, float softcap) {
  float s = nk_capped(score, softcap), value = nk_exp(s - lse), change = value * (dp - dot);
  if (softcap != 0.0f) {
    float capped = s / softcap;
    change *= nk_fma(-capped, capped, 1.0f);
  }
  *p = seen ? value : 0.0f;
  *ds = seen ? change : 0.0f;
}

/* grad_q (T, H, D). Grid as forward's. */
template <int WIDTH>
NK_DEVICE void nk_attention_queries(void *grad_q, nk_heads grad_out, nk_heads q, nk_heads k,
                                    nk_heads v, const float *log_sum_exp, const float *dots,
                                    const int64_t *tiles, const int32_t *lows, int64_t rows,
                                    int64_t group, int64_t d, int64_t grad_q_stride,
                                    int grad_q_type, int causal, float scale, float softcap) {
  NK_SHARED(float, of_a, NK_DEPTH *NK_ROW);
  NK_SHARED(float, of_b, NK_DEPTH *NK_ROW);
  NK_SHARED(float, of_ds, NK_TILE *NK_ROW);
  nk_span s = nk_span_of(tiles);
  int64_t h = blockIdx.y, kv = h / group, from = (int64_t)blockIdx.z * WIDTH;
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  nk_plain queries = nk_head(q, s.at, s.rows, h, d, 0, 0);
  nk_plain pulls = nk_head(grad_out, s.at, s.rows, h, d, 0, 0);
  nk_plain keys = nk_head(k, s.start, s.length, kv, d, 0, 0);
  nk_plain values = nk_head(v, s.start, s.length, kv, d, 0, 0);
  nk_plain across = nk_head(k, s.start, s.length, kv, d, from, 1);
  float sums[4][WIDTH / 16], factor[4];
  NK_UNROLL
  for (int i = 0; i < 4; i++) {
    factor[i] = scale;
    NK_UNROLL
    for (int j = 0; j < WIDTH / 16; j++) sums[i][j] = 0.0f;
  }
  int64_t end = nk_end_seen(causal, s.position + s.rows - 1, s.length);
  NK_ROLLED
  for (int64_t key = nk_first_seen(lows, s.at); key < end; key += NK_TILE) {
    float score[4][4] = {}, dp[4][4] = {};
    nk_scores(score, queries, keys, 0, key, d, of_a, of_b);
    nk_scores(dp, pulls, values, 0, key, d, of_a, of_b);
    NK_UNROLL
    for (int i = 0; i < 4; i++) {
      int row = ty * 4 + i;
      bool there = row < s.rows;
      int64_t low = there ? nk_first_seen(lows, s.at + row) : 0;
      int64_t high = there ? nk_end_seen(causal, s.position + row, s.length) : 0;
      float lse = there ? log_sum_exp[h * rows + s.at + row] : 0.0f;
      float dot = there ? dots[h * rows + s.at + row] : 0.0f, p;
      NK_UNROLL
      for (int j = 0; j < 4; j++) {
        int64_t at = key + tx * 4 + j;
        nk_score_gradient(&p, of_ds + (tx * 4 + j) * NK_ROW + row, at >= low && at < high,
                          score[i][j] * scale, dp[i][j], lse, dot, softcap);
      }
    }
    __syncthreads();
    int depth = end - key < NK_TILE ? (int)(end - key) : NK_TILE;
    nk_add_rows<WIDTH>(sums, of_ds, across, key, depth, of_b);
  }
  nk_write_rows<WIDTH>(grad_q, grad_q_type, grad_q_stride, sums, factor, s, h, d, from);
}

/*
 * grad_k and grad_v (T, K, D). Grid: tiles of keys, key/value heads, widths. Scores are made turned,
 * keys down and queries along, so that P and dS lie query by query as the products want them.
 */
template <int WIDTH>
NK_DEVICE void nk_attention_keys(void *grad_k, void *grad_v, nk_heads grad_out, nk_heads q,
                                 nk_heads k, nk_heads v, const float *log_sum_exp,
                                 const float *dots, const int64_t *tiles, const int32_t *lows,
                                 int64_t rows, int64_t group, int64_t d, int64_t grad_k_stride,
                                 int64_t grad_v_stride, int grad_k_type, int grad_v_type,
                                 int causal, float scale, float softcap) {
  NK_SHARED(float, of_a, NK_DEPTH *NK_ROW);
  NK_SHARED(float, of_b, NK_DEPTH *NK_ROW);
  NK_SHARED(float, of_p, NK_TILE *NK_ROW);
  nk_span s = nk_span_of(tiles);
  int64_t kv = blockIdx.y, from = (int64_t)blockIdx.z * WIDTH;
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  nk_plain keys = nk_head(k, s.at, s.rows, kv, d, 0, 0);
  nk_plain values = nk_head(v, s.at, s.rows, kv, d, 0, 0);
  float to_k[4][WIDTH / 16], to_v[4][WIDTH / 16], factor[4], one[4];
  NK_UNROLL
  for (int i = 0; i < 4; i++) {
    factor[i] = scale;
    one[i] = 1.0f;
    NK_UNROLL
    for (int j = 0; j < WIDTH / 16; j++) to_k[i][j] = to_v[i][j] = 0.0f;
  }
  NK_ROLLED
  for (int64_t h = kv * group; h < (kv + 1) * group; h++) {
    nk_plain queries = nk_head(q, s.start, s.length, h, d, 0, 0);
    nk_plain pulls = nk_head(grad_out, s.start, s.length, h, d, 0, 0);
    NK_ROLLED
    for (int64_t query = causal ? s.position : 0; query < s.length; query += NK_TILE) {
      /* First keys rise: once they are behind this tile, so are all that follow. */
      if (nk_first_seen(lows, s.start + query) >= s.position + s.rows) break;
      float score[4][4] = {}, dp[4][4] = {}, ds[4][4];
      nk_scores(score, keys, queries, 0, query, d, of_a, of_b);
      nk_scores(dp, values, pulls, 0, query, d, of_a, of_b);
      NK_UNROLL
      for (int j = 0; j < 4; j++) {
        int64_t at = query + tx * 4 + j, row = s.start + at;
        bool there = at < s.length;
        int64_t low = there ? nk_first_seen(lows, row) : 0;
        int64_t high = there ? nk_end_seen(causal, at, s.length) : 0;
        float lse = there ? log_sum_exp[h * rows + row] : 0.0f;
        float dot = there ? dots[h * rows + row] : 0.0f;
        NK_UNROLL
        for (int i = 0; i < 4; i++) {
          int64_t key = s.position + ty * 4 + i;
          nk_score_gradient(of_p + (tx * 4 + j) * NK_ROW + ty * 4 + i, &ds[i][j],
                            key >= low && key < high && ty * 4 + i < s.rows, score[i][j] * scale,
                            dp[i][j], lse, dot, softcap);
        }
      }
      __syncthreads();
      int depth = s.length - query < NK_TILE ? (int)(s.length - query) : NK_TILE;
      nk_add_rows<WIDTH>(to_v, of_p, nk_head(grad_out, s.start, s.length, h, d, from, 1), query,
                         depth, of_b);
      NK_UNROLL
      for (int e = 0; e < 16; e++)
        of_p[(tx * 4 + e % 4) * NK_ROW + ty * 4 + e / 4] = ds[e / 4][e % 4];
      __syncthreads();
      nk_add_rows<WIDTH>(to_k, of_p, nk_head(q, s.start, s.length, h, d, from, 1), query, depth,
                         of_b);
    }
  }
  nk_write_rows<WIDTH>(grad_k, grad_k_type, grad_k_stride, to_k, factor, s, kv, d, from);
  nk_write_rows<WIDTH>(grad_v, grad_v_type, grad_v_stride, to_v, one, s, kv, d, from);
}

#define NK_ATTENTION(width)                                                                        \
  NK_KERNEL(nk_attention_forward_##width, 256, void *out, float *log_sum_exp, const void *q,        \
            const void *k, const void *v, const int64_t *tiles, const int32_t *lows, int64_t rows, \
            int64_t group, int64_t d, int64_t out_stride, int64_t q_stride, int64_t k_stride,      \
            int64_t v_stride, int out_type, int q_type, int k_type, int v_type, int q_wide,        \
            int k_wide, int v_wide, int causal, float scale, float softcap) {                      \
    nk_heads of_q = {q, q_stride, q_type, q_wide}, of_k = {k, k_stride, k_type, k_wide};           \
    nk_heads of_v = {v, v_stride, v_type, v_wide};                                                 \
    nk_attention_forward<width>(out, log_sum_exp, of_q, of_k, of_v, tiles, lows, rows, group, d,   \
                                out_stride, out_type, causal, scale, softcap);                     \
  }                                                                                                \
  NK_KERNEL(nk_attention_queries_##width, 256, void *grad_q, const void *grad_out, const void *q,   \
            const void *k, const void *v, const float *log_sum_exp, const float *dots,             \
            const int64_t *tiles, const int32_t *lows, int64_t rows, int64_t group, int64_t d,     \
            int64_t grad_q_stride, int64_t grad_out_stride, int64_t q_stride, int64_t k_stride,    \
            int64_t v_stride, int grad_q_type, int grad_out_type, int q_type, int k_type,          \
            int v_type, int grad_out_wide, int q_wide, int k_wide, int v_wide, int causal,         \
            float scale, float softcap) {                                                          \
    nk_heads of_g = {grad_out, grad_out_stride, grad_out_type, grad_out_wide};                     \
    nk_heads of_q = {q, q_stride, q_type, q_wide}, of_k = {k, k_stride, k_type, k_wide};           \
    nk_heads of_v = {v, v_stride, v_type, v_wide};                                                 \
    nk_attention_queries<width>(grad_q, of_g, of_q, of_k, of_v, log_sum_exp, dots, tiles, lows,    \
                                rows, group, d, grad_q_stride, grad_q_type, causal, scale,         \
                                softcap);                                                          \
  }                                                                                                \
  NK_KERNEL(nk_attention_keys_##width, 256, void *grad_k, void *grad_v, const void *grad_out,       \
            const void *q, const void *k, const void *v, const float *log_sum_exp,                 \
            const float *dots, const int64_t *tiles, const int32_t *lows, int64_t rows,            \
            int64_t group, int64_t d, int64_t grad_k_stride, int64_t grad_v_stride,                \
            int64_t grad_out_stride, int64_t q_stride, int64_t k_stride, int64_t v_stride,         \
            int grad_k_type, int grad_v_type, int grad_out_type, int q_type, int k_type,           \
            int v_type, int grad_out_wide, int q_wide, int k_wide, int v_wide, int causal,         \
            float scale, float softcap) {                                                          \
    nk_heads of_g = {grad_out, grad_out_stride, grad_out_type, grad_out_wide};                     \
    nk_heads of_q = {q, q_stride, q_type, q_wide}, of_k = {k, k_stride, k_type, k_wide};           \
    nk_heads of_v = {v, v_stride, v_type, v_wide};                                                 \
    nk_attention_keys<width>(grad_k, grad_v, of_g, of_q, of_k, of_v, log_sum_exp, dots, tiles,     \
                             lows, rows, group, d, grad_k_stride, grad_v_stride, grad_k_type,      \
                             grad_v_type, causal, scale, softcap);                                 \
  }

NK_ATTENTION(64)
NK_ATTENTION(128)
