/*
 * Attention backward. The equations are in attention.h.
 *
 * One task is a run of key tiles of one key/value head of one sample. It alone writes that run's dK
 * and dV; for dQ of its group's heads it has sums of its own, which a second loop adds up in the
 * runs' order. How a sample is cut depends on its length alone: the same bits for every number of
 * threads, and enough tasks for a long sample with few heads. Keys are the outer loop: their tiles
 * are loaded and turned once.
 */
#include "attention.h"

#include <omp.h>

typedef struct {
  nk_rows grad_q, grad_k, grad_v, grad_out, out, q, k, v;
  const float *log_sum_exp; /* (H, T) */
  const int32_t *starts;
  const int32_t *lows; /* (T), or null */
  int64_t segments, rows, heads, kv_heads, d;
  int causal;
  float scale, softcap;
} nk_backward;

/* Tiles of a thread's scratch, each NK_TILE rows. */
typedef struct {
  float *keys, *keys_turned, *values_turned, *grad_keys, *grad_values; /* of the key tile */
  float *queries, *grad_out, *p, *ds;                                  /* of the query tile */
  float *dots; /* (group, length): rowsum(dO ⊙ O) */
} nk_tiles;

/* Sums of dQ of one head, rows `stride` apart; row 0 is the sample's first. */
typedef struct {
  float *data;
  int64_t stride;
} nk_sums;

/*
 * Into how many runs of equal work a sample's keys are cut. Each run but the first costs its rows of
 * sums; below four tiles a run is too short to pay for that.
 */
NK_INLINE int64_t nk_runs(int64_t length) {
  int64_t tiles = (length + NK_TILE - 1) / NK_TILE;
  return tiles < 4 ? 1 : tiles < 16 ? 2 : 4;
}

/* How pairs are spread: every key with every query, with the queries from it on, or with a few. */
enum { NK_ALL, NK_TRIANGLE, NK_BAND };

NK_INLINE int nk_spread(int causal, const int32_t *lows) {
  return !causal ? NK_ALL : lows ? NK_BAND : NK_TRIANGLE;
}

/*
 * First key of a run. In a triangle keys from x on see (length − x)²/2 pairs: the cuts lie where that
 * is the runs' share; else every key costs the same. Rounded to whole tiles.
 */
NK_INLINE int64_t nk_run_start(int64_t length, int64_t run, int spread) {
  int64_t runs = nk_runs(length);
  if (run == runs) return length;
  double share = (double)(runs - run) / (double)runs;
  double left = spread == NK_TRIANGLE ? sqrt(share) : share;
  return ((int64_t)((double)length * (1.0 - left)) + NK_TILE / 2) / NK_TILE * NK_TILE;
}

/* First query that sees any key of a run. */
NK_INLINE int64_t nk_run_query(int64_t length, int64_t run, int spread) {
  return spread == NK_ALL ? 0 : nk_run_start(length, run, spread);
}

/* Whether the first run's sums are grad_q itself. */
NK_INLINE int nk_sums_in_place(int grad_q_type, int64_t d) {
  return grad_q_type == NK_FP32 && nk_padded(d) == d;
}

/* Rows of sums that a sample keeps in the workspace, for each head. */
NK_INLINE int64_t nk_sum_rows(int64_t length, int in_place, int spread) {
  int64_t rows = 0;
  for (int64_t run = in_place; run < nk_runs(length); run++)
    rows += length - nk_run_query(length, run, spread);
  return rows;
}

NK_INLINE int64_t nk_all_sum_rows(const int32_t *starts, int64_t segments, int in_place,
                                  int spread) {
  int64_t rows = 0;
  for (int64_t s = 0; s < segments; s++)
    rows += nk_sum_rows(starts[s + 1] - starts[s], in_place, spread);
  return rows;
}

/* Where run `run` of sample s adds up dQ of a head. */
static nk_sums nk_sums_of(const nk_backward *b, float *all, int64_t s, int64_t head, int64_t run) {
  int64_t start = b->starts[s], length = b->starts[s + 1] - start, width = nk_padded(b->d);
  int in_place = nk_sums_in_place(b->grad_q.dtype, b->d);
  int spread = nk_spread(b->causal, b->lows);
  if (in_place && run == 0)
    return (nk_sums){(float *)(uintptr_t)b->grad_q.data + start * b->grad_q.stride + head * b->d,
                     b->grad_q.stride};
  int64_t row = b->heads * nk_all_sum_rows(b->starts, s, in_place, spread) +
                head * nk_sum_rows(length, in_place, spread);
  for (int64_t before = in_place; before < run; before++)
    row += length - nk_run_query(length, before, spread);
  return (nk_sums){all + (row - nk_run_query(length, run, spread)) * width, width};
}

NK_INLINE int64_t nk_backward_floats(int64_t group, int64_t width, int64_t longest) {
  int64_t rows = (longest + NK_TILE - 1) / NK_TILE * NK_TILE;
  return NK_TILE * (7 * width + 2 * NK_TILE) + group * rows;
}

static nk_tiles nk_lay_out(float *scratch, int64_t width) {
  int64_t tile = NK_TILE * width;
  nk_tiles t;
  t.keys = scratch;
  t.keys_turned = t.keys + tile;
  t.values_turned = t.keys_turned + tile;
  t.grad_keys = t.values_turned + tile;
  t.grad_values = t.grad_keys + tile;
  t.queries = t.grad_values + tile;
  t.grad_out = t.queries + tile;
  t.p = t.grad_out + tile;
  t.ds = t.p + NK_TILE * NK_TILE;
  t.dots = t.ds + NK_TILE * NK_TILE;
  return t;
}

/* rowsum(dO ⊙ O) of a head's rows from…length, and dQ's sums of these rows set to zero. */
static void nk_begin(const nk_backward *b, const nk_tiles *t, int64_t head, int64_t start,
                     int64_t from, int64_t length, nk_sums sums, float *dots) {
  int64_t d = b->d, width = nk_padded(d);
  for (int64_t at = from; at < length; at += NK_TILE) {
    int64_t n = nk_min(NK_TILE, length - at);
    int64_t next = at + n, more = nk_min(NK_TILE, length - next);
    nk_tile_ask(b->out, start + next, more, head, d);
    nk_tile_ask(b->grad_out, start + next, more, head, d);
    nk_view out = nk_tile_load(t->queries, b->out, start + at, n, head, d);
    nk_view grad = nk_tile_load(t->grad_out, b->grad_out, start + at, n, head, d);
    for (int64_t i = 0; i < n; i++) {
      const float *x = out.data + i * out.stride, *y = grad.data + i * grad.stride;
      float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
      for (int64_t j = 0; j < d; j++) sum += x[j] * y[j];
      dots[at + i] = sum;
      memset(sums.data + (at + i) * sums.stride, 0, (size_t)width * sizeof(float));
    }
  }
}

/* P and dS in place of scores and dP; what is not seen becomes 0 in both. */
static void nk_softmax_gradient(const nk_tiles *t, const float *log_sum_exp, const float *dots,
                                int64_t n, const nk_seen *seen, float softcap) {
  for (int64_t i = 0; i < n; i++) {
    float *p = t->p + i * NK_TILE, *ds = t->ds + i * NK_TILE;
    int64_t begin, end;
    nk_seen_row(p, seen, i, softcap, &begin, &end);
    float slope[NK_TILE];
    if (softcap != 0.0f) {
#pragma omp simd
      for (int64_t j = begin; j < end; j++) {
        float capped = p[j] / softcap;
        slope[j] = nk_fma(-capped, capped, 1.0f);
      }
    }
    /* dP of what is not seen may hold anything, P of it is 0. */
    for (int64_t j = begin; j < end && p[j] == -INFINITY; j++) ds[j] = slope[j] = 0.0f;
    for (int64_t j = end - 1; j >= begin && p[j] == -INFINITY; j--) ds[j] = slope[j] = 0.0f;
    nk_v down = nk_v_set1(-log_sum_exp[i]), less = nk_v_set1(-dots[i]);
    for (int64_t j = begin; j < end; j += NK_W) {
      nk_v value = nk_v_exp(nk_v_add(nk_v_load(p + j), down));
      nk_v change = nk_v_mul(value, nk_v_add(nk_v_load(ds + j), less));
      nk_v_store(p + j, value);
      nk_v_store(ds + j, softcap == 0.0f ? change : nk_v_mul(change, nk_v_load(slope + j)));
    }
    nk_zero_outside(p, begin, end);
    nk_zero_outside(ds, begin, end);
  }
}

/* One tile of queries of one head against the key tile at `key`; both count from the sample's start. */
static void nk_pair(const nk_backward *b, const nk_tiles *t, nk_view keys_plain, int64_t head,
                    int64_t start, int64_t at, int64_t n, int64_t key, int64_t keys, nk_sums sums,
                    const float *dots) {
  int64_t d = b->d;
  nk_seen seen = {b->lows ? b->lows + start + at : NULL, key, keys, at - key, b->causal};
  nk_view queries = nk_tile_load(t->queries, b->q, start + at, n, head, d);
  nk_view grad_out = nk_tile_load(t->grad_out, b->grad_out, start + at, n, head, d);
  nk_tile_scores(t->p, queries, t->keys_turned, n, d, &seen, b->scale);
  nk_tile_scores(t->ds, grad_out, t->values_turned, n, d, &seen, 1.0f);
  nk_softmax_gradient(t, b->log_sum_exp + head * b->rows + start + at, dots + at, n, &seen,
                      b->softcap);
  nk_tile_columns(t->grad_values, t->p, grad_out, n, d, &seen);
  nk_tile_columns(t->grad_keys, t->ds, queries, n, d, &seen);
  nk_tile_rows(sums.data + at * sums.stride, sums.stride, t->ds, keys_plain, n, d, &seen);
}

/* One run of keys of one key/value head of sample s. */
static void nk_backward_run(const nk_backward *b, int64_t s, int64_t kv, int64_t run, float *all,
                            float *scratch) {
  int64_t start = b->starts[s], length = b->starts[s + 1] - start;
  int64_t group = b->heads / b->kv_heads, d = b->d, width = nk_padded(d);
  int spread = nk_spread(b->causal, b->lows);
  int64_t from = nk_run_start(length, run, spread), to = nk_run_start(length, run + 1, spread);
  nk_tiles t = nk_lay_out(scratch, width);
  for (int64_t g = 0; g < group; g++)
    nk_begin(b, &t, kv * group + g, start, nk_run_query(length, run, spread), length,
             nk_sums_of(b, all, s, kv * group + g, run),
             t.dots + g * length);
  for (int64_t key = from; key < to; key += NK_TILE) {
    int64_t keys = nk_min(NK_TILE, length - key);
    nk_tile_turn(t.values_turned, nk_tile_load(t.keys, b->v, start + key, keys, kv, d), keys, d);
    nk_view plain = nk_tile_load(t.keys, b->k, start + key, keys, kv, d);
    nk_tile_turn(t.keys_turned, plain, keys, d);
    memset(t.grad_keys, 0, (size_t)(2 * NK_TILE * width) * sizeof(float));
    for (int64_t g = 0; g < group; g++) {
      int64_t head = kv * group + g;
      nk_sums sums = nk_sums_of(b, all, s, head, run);
      for (int64_t at = b->causal ? key : 0; at < length; at += NK_TILE) {
        if (b->lows && b->lows[start + at] >= key + keys) break;
        nk_pair(b, &t, plain, head, start, at, nk_min(NK_TILE, length - at), key, keys, sums,
                t.dots + g * length);
      }
    }
    nk_tile_store(b->grad_k, t.grad_keys, width, start + key, keys, kv, d, b->scale);
    nk_tile_store(b->grad_v, t.grad_values, width, start + key, keys, kv, d, 1.0f);
  }
}

/* Row `at` of sample s: the runs' sums become dQ of a head. */
static void nk_merge_runs(const nk_backward *b, int64_t s, int64_t head, int64_t at, float *all) {
  int64_t length = b->starts[s + 1] - b->starts[s], d = b->d;
  nk_sums first = nk_sums_of(b, all, s, head, 0);
  float *sum = first.data + at * first.stride;
  int spread = nk_spread(b->causal, b->lows);
  for (int64_t run = 1; run < nk_runs(length) && nk_run_query(length, run, spread) <= at; run++) {
    nk_sums next = nk_sums_of(b, all, s, head, run);
    const float *more = next.data + at * next.stride;
#pragma omp simd
    for (int64_t j = 0; j < d; j++) sum[j] += more[j];
  }
#pragma omp simd
  for (int64_t j = 0; j < d; j++) sum[j] *= b->scale;
  if (!nk_sums_in_place(b->grad_q.dtype, d))
    nk_store((void *)(uintptr_t)b->grad_q.data, b->grad_q.dtype,
             (b->starts[s] + at) * b->grad_q.stride + head * d, sum, d);
}

NK_INLINE int64_t nk_longest(const int32_t *starts, int64_t segments) {
  int64_t longest = 0;
  for (int64_t s = 0; s < segments; s++) longest = nk_max(longest, starts[s + 1] - starts[s]);
  return longest;
}

/* Bytes of workspace for samples that begin at `starts`; `window` says whether there will be lows. */
NK_EXPORT int64_t NK_FN(nk_attention_backward_workspace)(const int32_t *starts, int64_t segments,
                                                         int64_t heads, int64_t kv_heads, int64_t d,
                                                         int grad_q_type, int causal, int window,
                                                         int threads) {
  int spread = !causal ? NK_ALL : window ? NK_BAND : NK_TRIANGLE;
  int64_t width = nk_padded(d), longest = nk_longest(starts, segments);
  int64_t sums =
      nk_all_sum_rows(starts, segments, nk_sums_in_place(grad_q_type, d), spread) * heads * width;
  return (threads * nk_backward_floats(heads / kv_heads, width, longest) + sums) * 4;
}

/* grad_q (T, H, D), grad_k and grad_v (T, K, D), written; the rest as in forward. */
NK_EXPORT void NK_FN(nk_attention_backward)(
    void *grad_q, void *grad_k, void *grad_v, void *workspace, const void *grad_out,
    const void *out, const float *log_sum_exp, const void *q, const void *k, const void *v,
    const int32_t *starts, const int32_t *lows, int64_t segments, int64_t rows, int64_t heads,
    int64_t kv_heads, int64_t d, int64_t grad_q_stride, int64_t grad_k_stride, int64_t grad_v_stride,
    int64_t grad_out_stride, int64_t out_stride, int64_t q_stride, int64_t k_stride,
    int64_t v_stride, int grad_q_type, int grad_k_type, int grad_v_type, int grad_out_type,
    int out_type, int q_type, int k_type, int v_type, int causal, float scale, float softcap,
    int threads) {
  nk_backward b = {{grad_q, grad_q_stride, grad_q_type},
                   {grad_k, grad_k_stride, grad_k_type},
                   {grad_v, grad_v_stride, grad_v_type},
                   {grad_out, grad_out_stride, grad_out_type},
                   {out, out_stride, out_type},
                   {q, q_stride, q_type},
                   {k, k_stride, k_type},
                   {v, v_stride, v_type},
                   log_sum_exp, starts, lows, segments, rows, heads, kv_heads, d, causal, scale, softcap};
  int64_t each = nk_backward_floats(heads / kv_heads, nk_padded(d), nk_longest(starts, segments));
  float *all = (float *)workspace + threads * each;
  int64_t tasks = 0;
  for (int64_t s = 0; s < segments; s++) tasks += nk_runs(starts[s + 1] - starts[s]) * kv_heads;
#pragma omp parallel num_threads(threads) if (rows * heads * d > NK_SERIAL_WORK)
  {
#pragma omp for schedule(dynamic)
    for (int64_t task = 0; task < tasks; task++) {
      int64_t left = task, s = 0;
      for (; left >= nk_runs(starts[s + 1] - starts[s]) * kv_heads; s++)
        left -= nk_runs(starts[s + 1] - starts[s]) * kv_heads;
      nk_backward_run(&b, s, left % kv_heads, left / kv_heads, all,
                      (float *)workspace + omp_get_thread_num() * each);
    }
#pragma omp for schedule(static)
    for (int64_t row = 0; row < rows; row++) {
      int64_t s = 0;
      while (starts[s + 1] <= row) s++;
      for (int64_t head = 0; head < heads; head++) nk_merge_runs(&b, s, head, row - starts[s], all);
    }
  }
}
