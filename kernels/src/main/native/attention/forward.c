/* Attention forward, over packed samples and over a cache. The equations are in attention.h. */
#include "attention.h"

typedef struct {
  nk_rows out, q, k, v;
  float *log_sum_exp;  /* (H, T), or null */
  const int32_t *lows; /* (T), or null */
  int64_t rows, heads, kv_heads, d, past;
  int causal;
  float scale, softcap;
} nk_forward;

/* Floats of scratch: keys turned, keys or values plain, scores, and for each head of a group
 * queries, sums, maxima and denominators. */
NK_INLINE int64_t nk_forward_floats(int64_t group, int64_t width) {
  return NK_TILE * (2 * width + NK_TILE + group * (2 * width + 2));
}

/*
 * Softmax of a tile's scores, and what came before brought to the new maximum. In three loops, so
 * that rows do not wait for each other's reductions.
 */
static void nk_softmax_rows(float *s, float *sums, float *max, float *denominator, int64_t n,
                            int64_t width, const nk_seen *seen, float softcap) {
  float factor[NK_TILE] = {0.0f};
  int64_t begin[NK_TILE], end[NK_TILE];
  for (int64_t i = 0; i < n; i++) {
    float *row = s + i * NK_TILE;
    nk_seen_row(row, seen, i, softcap, begin + i, end + i);
    nk_v highest = nk_v_set1(max[i]);
    for (int64_t j = begin[i]; j < end[i]; j += NK_W) highest = nk_v_max(nk_v_load(row + j), highest);
    factor[i] = nk_v_highest(highest);
  }
  for (int64_t i = 0; i < n; i += NK_W) {
    nk_v old = nk_v_load(max + i), high = nk_v_load(factor + i);
    nk_v change = nk_v_exp(nk_v_add(old, nk_v_mul(high, nk_v_set1(-1.0f))));
    nk_v_store(max + i, high);
    nk_v_store(factor + i, change);
    nk_v_store(denominator + i, nk_v_mul(nk_v_load(denominator + i), change));
  }
  for (int64_t i = 0; i < n; i++) {
    float *row = s + i * NK_TILE;
    nk_v down = nk_v_set1(-max[i]), sum = nk_v_zero();
    for (int64_t j = begin[i]; j < end[i]; j += NK_W) {
      nk_v p = nk_v_exp(nk_v_add(nk_v_load(row + j), down));
      sum = nk_v_add(sum, p);
      nk_v_store(row + j, p);
    }
    nk_zero_outside(row, begin[i], end[i]);
    denominator[i] += nk_v_sum(sum);
    if (factor[i] != 1.0f) {
      float *to = sums + i * width;
      nk_v change = nk_v_set1(factor[i]);
      for (int64_t j = 0; j < width; j += NK_W)
        nk_v_store(to + j, nk_v_mul(nk_v_load(to + j), change));
    }
  }
}

/* Queries at…at+n (rows) of all heads of one group, of a sample with rows start…end. */
static void nk_forward_tile(const nk_forward *f, int64_t kv, int64_t start, int64_t end, int64_t at,
                            int64_t n, float *scratch) {
  int64_t group = f->heads / f->kv_heads, d = f->d, width = nk_padded(d);
  int64_t position = f->past + at - start;
  float *turned = scratch, *plain = turned + NK_TILE * width, *scores = plain + NK_TILE * width;
  float *queries = scores + NK_TILE * NK_TILE, *sums = queries + group * NK_TILE * width;
  float *max = sums + group * NK_TILE * width, *denominator = max + group * NK_TILE;
  for (int64_t g = 0; g < group; g++) {
    nk_tile_load(queries + g * NK_TILE * width, f->q, at, n, kv * group + g, d);
    for (int64_t i = 0; i < NK_TILE; i++) {
      max[g * NK_TILE + i] = -FLT_MAX; /* no infinity: what is unseen must give 0, not NaN */
      denominator[g * NK_TILE + i] = 0.0f;
    }
  }
  memset(sums, 0, (size_t)(group * NK_TILE * width) * sizeof(float));
  const int32_t *lows = f->lows ? f->lows + at : NULL;
  int64_t seen_end = f->causal ? position + n : end - start;
  for (int64_t key = lows ? lows[0] : 0; key < seen_end; key += NK_TILE) {
    int64_t keys = nk_min(NK_TILE, seen_end - key);
    nk_seen seen = {lows, key, keys, position - key, f->causal};
    nk_tile_ask(f->v, start + key, keys, kv, d);
    nk_tile_turn(turned, nk_tile_load(plain, f->k, start + key, keys, kv, d), keys, d);
    nk_view values = nk_tile_load(plain, f->v, start + key, keys, kv, d);
    nk_tile_ask(f->k, start + key + keys, nk_min(NK_TILE, seen_end - key - keys), kv, d);
    for (int64_t g = 0; g < group; g++) {
      float *own = sums + g * NK_TILE * width;
      nk_tile_scores(scores, nk_loaded(queries + g * NK_TILE * width, f->q, at, kv * group + g, d),
                     turned, n, d, &seen, f->scale);
      nk_softmax_rows(scores, own, max + g * NK_TILE, denominator + g * NK_TILE, n, width, &seen,
                      f->softcap);
      nk_tile_rows(own, width, scores, values, n, d, &seen);
    }
  }
  for (int64_t g = 0; g < group; g++) {
    int64_t head = kv * group + g;
    for (int64_t i = 0; i < n; i++) {
      float sum = denominator[g * NK_TILE + i];
      nk_tile_store(f->out, sums + (g * NK_TILE + i) * width, width, at + i, 1, head, d,
                    1.0f / sum);
      if (f->log_sum_exp)
        f->log_sum_exp[head * f->rows + at + i] = max[g * NK_TILE + i] + logf(sum);
    }
  }
}

/* Bytes of workspace for nk_attention_forward and nk_attention_cached. */
NK_EXPORT int64_t NK_FN(nk_attention_forward_workspace)(int64_t heads, int64_t kv_heads, int64_t d,
                                                        int threads) {
  return threads * nk_forward_floats(heads / kv_heads, nk_padded(d)) * 4;
}

#include <omp.h>

static void nk_forward_all(const nk_forward *f, const int32_t *starts, int64_t segments,
                           float *workspace, int threads) {
  int64_t each = nk_forward_floats(f->heads / f->kv_heads, nk_padded(f->d));
  int64_t tiles = 0;
  for (int64_t s = 0; s < segments; s++)
    tiles += (starts[s + 1] - starts[s] + NK_TILE - 1) / NK_TILE;
  int64_t work = f->rows * f->heads * f->d;
  /* Which thread takes a tile changes no bit of it; long ones (the last of a sample) come first. */
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (work > NK_SERIAL_WORK)
  for (int64_t task = 0; task < tiles * f->kv_heads; task++) {
    int64_t left = tiles - 1 - task / f->kv_heads, s = 0;
    for (;; s++) {
      int64_t own = (starts[s + 1] - starts[s] + NK_TILE - 1) / NK_TILE;
      if (left < own) break;
      left -= own;
    }
    int64_t at = starts[s] + left * NK_TILE;
    nk_forward_tile(f, task % f->kv_heads, starts[s], starts[s + 1], at,
                    nk_min(NK_TILE, starts[s + 1] - at), workspace + omp_get_thread_num() * each);
  }
}

/*
 * out (T, H, D), log_sum_exp (H, T); q (T, H, D), k and v (T, K, D); starts: S + 1 rows. lows (T) or
 * null: the first key that each row sees, from its sample's start; causal must be set with it, and it
 * must rise within a sample. softcap 0 is none.
 */
NK_EXPORT void NK_FN(nk_attention_forward)(
    void *out, float *log_sum_exp, void *workspace, const void *q, const void *k, const void *v,
    const int32_t *starts, const int32_t *lows, int64_t segments, int64_t rows, int64_t heads,
    int64_t kv_heads, int64_t d, int64_t out_stride, int64_t q_stride, int64_t k_stride,
    int64_t v_stride, int out_type, int q_type, int k_type, int v_type, int causal, float scale,
    float softcap, int threads) {
  nk_forward f = {{out, out_stride, out_type}, {q, q_stride, q_type}, {k, k_stride, k_type},
                  {v, v_stride, v_type},       log_sum_exp,           lows,
                  rows, heads, kv_heads, d, 0, causal, scale, softcap};
  nk_forward_all(&f, starts, segments, workspace, threads);
}

/* New rows (n, H, D) against a cache (past + n, K, D): row i sees cache rows lows[i]…past+i, from 0
 * where lows is null. */
NK_EXPORT void NK_FN(nk_attention_cached)(
    void *out, void *workspace, const void *q, const void *k, const void *v, const int32_t *lows,
    int64_t rows, int64_t past, int64_t heads, int64_t kv_heads, int64_t d, int64_t out_stride,
    int64_t q_stride, int64_t k_stride, int64_t v_stride, int out_type, int q_type, int k_type,
    int v_type, float scale, float softcap, int threads) {
  nk_forward f = {{out, out_stride, out_type}, {q, q_stride, q_type}, {k, k_stride, k_type},
                  {v, v_stride, v_type}, NULL, lows, rows, heads, kv_heads, d, past, 1, scale,
                  softcap};
  int32_t starts[2] = {0, (int32_t)rows};
  nk_forward_all(&f, starts, 1, workspace, past + rows > 128 ? threads : 1);
}
