/*
 * Attention backward. The equations are in attention.h.
 *
 * One task is one key/value head of one sample: it alone writes that head's dK and dV and its group's
 * dQ, so nothing is added from two sides and the sums' order is fixed. Keys are the outer loop: their
 * tiles are loaded and turned once; dQ of the whole sample waits in scratch.
 */
#include "attention.h"

#include <omp.h>

typedef struct {
  nk_rows grad_q, grad_k, grad_v, grad_out, out, q, k, v;
  const float *log_sum_exp; /* (H, T) */
  int64_t rows, heads, kv_heads, d;
  float scale;
} nk_backward;

/* Tiles of a task's scratch, each NK_TILE rows. */
typedef struct {
  float *keys, *keys_turned, *values_turned, *grad_keys, *grad_values; /* of the key tile */
  float *queries, *grad_out, *p, *ds;                                  /* of the query tile */
  float *grad_queries; /* (group, length, width) */
  float *dots;         /* (group, length): rowsum(dO ⊙ O) */
} nk_tiles;

NK_INLINE int64_t nk_backward_floats(int64_t group, int64_t width, int64_t length) {
  int64_t rows = (length + NK_TILE - 1) / NK_TILE * NK_TILE;
  return NK_TILE * (7 * width + 2 * NK_TILE) + group * rows * (width + 1);
}

static nk_tiles nk_lay_out(float *scratch, int64_t group, int64_t width, int64_t length) {
  int64_t tile = NK_TILE * width, rows = (length + NK_TILE - 1) / NK_TILE * NK_TILE;
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
  t.grad_queries = t.ds + NK_TILE * NK_TILE;
  t.dots = t.grad_queries + group * rows * width;
  return t;
}

/* rowsum(dO ⊙ O) of a head's rows, and dQ's sums set to zero. */
static void nk_begin(const nk_backward *b, const nk_tiles *t, int64_t kv, int64_t start,
                     int64_t length) {
  int64_t group = b->heads / b->kv_heads, d = b->d, width = nk_padded(d);
  int64_t rows = (length + NK_TILE - 1) / NK_TILE * NK_TILE;
  memset(t->grad_queries, 0, (size_t)(group * rows * width) * sizeof(float));
  for (int64_t g = 0; g < group; g++) {
    for (int64_t at = 0; at < length; at += NK_TILE) {
      int64_t n = nk_min(NK_TILE, length - at);
      nk_view out = nk_tile_load(t->queries, b->out, start + at, n, kv * group + g, d);
      nk_view grad = nk_tile_load(t->grad_out, b->grad_out, start + at, n, kv * group + g, d);
      for (int64_t i = 0; i < n; i++) {
        const float *x = out.data + i * out.stride, *y = grad.data + i * grad.stride;
        float sum = 0.0f;
#pragma omp simd reduction(+ : sum)
        for (int64_t j = 0; j < d; j++) sum += x[j] * y[j];
        t->dots[g * rows + at + i] = sum;
      }
    }
  }
}

/* P and dS in place of scores and dP; what the mask hides becomes 0 in both. */
static void nk_softmax_gradient(const nk_tiles *t, const float *log_sum_exp, const float *dots,
                                int64_t n, int64_t keys, int64_t first) {
  for (int64_t i = 0; i < n; i++) {
    float *p = t->p + i * NK_TILE, *ds = t->ds + i * NK_TILE;
    float lse = log_sum_exp[i], dot = dots[i];
    int64_t valid = nk_min(keys, first + i + 1);
    int64_t columns = (valid + NK_W - 1) / NK_W * NK_W;
    nk_mask(p, valid, columns);
    for (int64_t j = valid; j < columns; j++) ds[j] = 0.0f;
    nk_v down = nk_v_set1(-lse), less = nk_v_set1(-dot);
    for (int64_t j = 0; j < columns; j += NK_W) {
      nk_v value = nk_v_exp(nk_v_add(nk_v_load(p + j), down));
      nk_v_store(p + j, value);
      nk_v_store(ds + j, nk_v_mul(value, nk_v_add(nk_v_load(ds + j), less)));
    }
    for (int64_t j = columns; j < NK_TILE; j++) p[j] = ds[j] = 0.0f;
  }
}

/* One tile of queries of one head against the key tile at `key`; both count from the sample's start. */
static void nk_pair(const nk_backward *b, const nk_tiles *t, nk_view keys_plain, int64_t head,
                    int64_t start, int64_t at, int64_t n, int64_t key, int64_t keys,
                    float *grad_queries, const float *dots) {
  int64_t d = b->d, first = at - key;
  nk_view queries = nk_tile_load(t->queries, b->q, start + at, n, head, d);
  nk_view grad_out = nk_tile_load(t->grad_out, b->grad_out, start + at, n, head, d);
  nk_tile_scores(t->p, queries, t->keys_turned, n, keys, d, first, b->scale);
  nk_tile_scores(t->ds, grad_out, t->values_turned, n, keys, d, first, 1.0f);
  nk_softmax_gradient(t, b->log_sum_exp + head * b->rows + start + at, dots, n, keys, first);
  nk_tile_columns(t->grad_values, t->p, grad_out, n, keys, d, first);
  nk_tile_columns(t->grad_keys, t->ds, queries, n, keys, d, first);
  nk_tile_rows(grad_queries, t->ds, keys_plain, n, keys, d, first);
}

/* One key/value head of rows start…start+length. */
static void nk_backward_head(const nk_backward *b, int64_t kv, int64_t start, int64_t length,
                             float *scratch) {
  int64_t group = b->heads / b->kv_heads, d = b->d, width = nk_padded(d);
  int64_t rows = (length + NK_TILE - 1) / NK_TILE * NK_TILE;
  nk_tiles t = nk_lay_out(scratch, group, width, length);
  nk_begin(b, &t, kv, start, length);
  for (int64_t key = 0; key < length; key += NK_TILE) {
    int64_t keys = nk_min(NK_TILE, length - key);
    nk_tile_turn(t.values_turned, nk_tile_load(t.keys, b->v, start + key, keys, kv, d), keys, d);
    nk_view plain = nk_tile_load(t.keys, b->k, start + key, keys, kv, d);
    nk_tile_turn(t.keys_turned, plain, keys, d);
    memset(t.grad_keys, 0, (size_t)(2 * NK_TILE * width) * sizeof(float));
    for (int64_t g = 0; g < group; g++)
      for (int64_t at = key; at < length; at += NK_TILE)
        nk_pair(b, &t, plain, kv * group + g, start, at, nk_min(NK_TILE, length - at), key, keys,
                t.grad_queries + (g * rows + at) * width, t.dots + g * rows + at);
    nk_tile_store(b->grad_k, t.grad_keys, width, start + key, keys, kv, d, b->scale);
    nk_tile_store(b->grad_v, t.grad_values, width, start + key, keys, kv, d, 1.0f);
  }
  for (int64_t g = 0; g < group; g++)
    nk_tile_store(b->grad_q, t.grad_queries + g * rows * width, width, start, length,
                  kv * group + g, d, b->scale);
}

/* Bytes of workspace, where the longest sample has `longest` rows. */
NK_EXPORT int64_t NK_FN(nk_attention_backward_workspace)(int64_t heads, int64_t kv_heads, int64_t d,
                                                         int64_t longest, int threads) {
  return threads * nk_backward_floats(heads / kv_heads, nk_padded(d), longest) * 4;
}

/* grad_q (T, H, D), grad_k and grad_v (T, K, D), written; the rest as in forward. */
NK_EXPORT void NK_FN(nk_attention_backward)(
    void *grad_q, void *grad_k, void *grad_v, void *workspace, const void *grad_out,
    const void *out, const float *log_sum_exp, const void *q, const void *k, const void *v,
    const int32_t *starts, int64_t segments, int64_t longest, int64_t rows, int64_t heads,
    int64_t kv_heads, int64_t d, int64_t grad_q_stride, int64_t grad_k_stride,
    int64_t grad_v_stride, int64_t grad_out_stride, int64_t out_stride, int64_t q_stride,
    int64_t k_stride, int64_t v_stride, int grad_q_type, int grad_k_type, int grad_v_type,
    int grad_out_type, int out_type, int q_type, int k_type, int v_type, float scale, int threads) {
  nk_backward b = {{grad_q, grad_q_stride, grad_q_type},
                   {grad_k, grad_k_stride, grad_k_type},
                   {grad_v, grad_v_stride, grad_v_type},
                   {grad_out, grad_out_stride, grad_out_type},
                   {out, out_stride, out_type},
                   {q, q_stride, q_type},
                   {k, k_stride, k_type},
                   {v, v_stride, v_type},
                   log_sum_exp, rows, heads, kv_heads, d, scale};
  int64_t each = nk_backward_floats(heads / kv_heads, nk_padded(d), longest);
#pragma omp parallel for schedule(dynamic) num_threads(threads) \
    if (rows * heads * d > NK_SERIAL_WORK)
  for (int64_t task = 0; task < segments * kv_heads; task++) {
    int64_t s = task / kv_heads;
    nk_backward_head(&b, task % kv_heads, starts[s], starts[s + 1] - starts[s],
                     (float *)workspace + omp_get_thread_num() * each);
  }
}
