/*
 * Rotary position embedding (Su et al. 2021, arXiv 2104.09864) on a GPU: pair i of a head turns by
 * position·inv_freq[i], rounded to fp32 as the models' own code rounds it.
 *
 *   (y1, y2) = (x1·cos − x2·sin, x2·cos + x1·sin)
 *
 * x, y (B, T, H, D), positions (B, T), inv_freq (D/2). Pairs are (i, i + D/2), or neighbours when
 * interleaved. Backward is the turn the other way (direction −1); y may be x.
 *
 * A block takes NK_TOKENS tokens and finds each one's turns once, in shared memory, for all heads; then
 * its threads turn pairs, V at a time. Hazard: beyond an angle of 1e9 the fast turn is wrong, and the
 * double functions are taken.
 */
#include "nk_cuda.h"
#include "rope_math.h"

#define NK_ROPE_LARGEST 1e9f
/* Pairs of a token whose turns are held at a time, and tokens of a block. */
#define NK_ROPE_PAIRS 128
#define NK_TOKENS 8

struct nk_rope_strides {
  int64_t y_b, y_t, y_h, x_b, x_t, x_h;
};

NK_DEVICE nk_turn nk_rope_find(float angle, float scale, float direction) {
  nk_turn turn;
  if ((angle < 0.0f ? -angle : angle) <= NK_ROPE_LARGEST) {
    turn = nk_rope_turn(angle, scale);
    turn.sine *= direction;
  } else {
    turn.cosine = (float)(cos((double)angle) * (double)scale);
    turn.sine = (float)(sin((double)angle) * (double)scale * (double)direction);
  }
  return turn;
}

/* Turns V pairs from pair i of a head on: halves. */
template <int V, class T>
NK_DEVICE void nk_rope_halves(T *y, const T *x, int64_t half, const float *cosine,
                              const float *sine) {
  nk_floats<V> a = nk_load<V>(x), b = nk_load<V>(x + half), one, two;
  NK_UNROLL
  for (int i = 0; i < V; i++) {
    one.at[i] = nk_fma(a.at[i], cosine[i], -(b.at[i] * sine[i]));
    two.at[i] = nk_fma(b.at[i], cosine[i], a.at[i] * sine[i]);
  }
  nk_store<V>(y, one);
  nk_store<V>(y + half, two);
}

/* The same for neighbours: 2·V elements. */
template <int V, class T>
NK_DEVICE void nk_rope_neighbours(T *y, const T *x, const float *cosine, const float *sine) {
  const int W = V == 1 ? 1 : 2 * V;
  nk_floats<2 * V> in, out;
  NK_UNROLL
  for (int from = 0; from < 2 * V; from += W) {
    nk_floats<W> part = nk_load<W>(x + from);
    NK_UNROLL
    for (int i = 0; i < W; i++) in.at[from + i] = part.at[i];
  }
  NK_UNROLL
  for (int i = 0; i < V; i++) {
    float a = in.at[2 * i], b = in.at[2 * i + 1];
    out.at[2 * i] = nk_fma(a, cosine[i], -(b * sine[i]));
    out.at[2 * i + 1] = nk_fma(b, cosine[i], a * sine[i]);
  }
  NK_UNROLL
  for (int from = 0; from < 2 * V; from += W) {
    nk_floats<W> part;
    NK_UNROLL
    for (int i = 0; i < W; i++) part.at[i] = out.at[from + i];
    nk_store<W>(y + from, part);
  }
}

template <int V, class T>
NK_DEVICE void nk_rope(T *y, const T *x, const void *positions, const float *inv_freq, int64_t batch,
                       int64_t tokens, int64_t heads, int64_t width, const nk_rope_strides &s,
                       int64_t p_b, int64_t p_t, int long_positions, int interleaved, float scale,
                       float direction) {
  NK_SHARED(float, cosine, NK_TOKENS *NK_ROPE_PAIRS);
  NK_SHARED(float, sine, NK_TOKENS *NK_ROPE_PAIRS);
  int64_t half = width / 2, first = (int64_t)blockIdx.x * NK_TOKENS, all = batch * tokens;
  int here = all - first < NK_TOKENS ? (int)(all - first) : NK_TOKENS;
  NK_ROLLED
  for (int64_t from = 0; from < half; from += NK_ROPE_PAIRS) {
    int pairs = half - from < NK_ROPE_PAIRS ? (int)(half - from) : NK_ROPE_PAIRS;
    NK_ROLLED
    for (int job = (int)threadIdx.x; job < here * pairs; job += (int)blockDim.x) {
      int token = job / pairs, i = job % pairs;
      int64_t b = (first + token) / tokens, t = (first + token) % tokens, at = b * p_b + t * p_t;
      float position = long_positions ? (float)((const int64_t *)positions)[at]
                                      : (float)((const int32_t *)positions)[at];
      nk_turn turn = nk_rope_find(position * inv_freq[from + i], scale, direction);
      cosine[token * NK_ROPE_PAIRS + i] = turn.cosine;
      sine[token * NK_ROPE_PAIRS + i] = turn.sine;
    }
    __syncthreads();
    int each = pairs / V;
    NK_ROLLED
    for (int64_t job = threadIdx.x; job < here * heads * each; job += blockDim.x) {
      int i = (int)(job % each) * V;
      int64_t h = job / each % heads, token = job / each / heads;
      int64_t b = (first + token) / tokens, t = (first + token) % tokens;
      T *to = y + b * s.y_b + t * s.y_t + h * s.y_h;
      const T *source = x + b * s.x_b + t * s.x_t + h * s.x_h;
      const float *c = cosine + token * NK_ROPE_PAIRS + i, *d = sine + token * NK_ROPE_PAIRS + i;
      if (interleaved) {
        nk_rope_neighbours<V>(to + 2 * (from + i), source + 2 * (from + i), c, d);
      } else {
        nk_rope_halves<V>(to + from + i, source + from + i, half, c, d);
      }
    }
    __syncthreads();
  }
}

#define NK_ROPE(type, T, V)                                                                        \
  NK_KERNEL(nk_rope_turn_##type##_x##V, 256, T *y, const T *x, const void *positions,               \
            const float *inv_freq, int64_t batch, int64_t tokens, int64_t heads, int64_t width,    \
            int64_t y_b, int64_t y_t, int64_t y_h, int64_t x_b, int64_t x_t, int64_t x_h,          \
            int64_t p_b, int64_t p_t, int long_positions, int interleaved, float scale,            \
            float direction) {                                                                     \
    nk_rope_strides s = {y_b, y_t, y_h, x_b, x_t, x_h};                                            \
    nk_rope<V>(y, x, positions, inv_freq, batch, tokens, heads, width, s, p_b, p_t,                \
               long_positions, interleaved, scale, direction);                                     \
  }

NK_ROPE(fp32, float, 1)
NK_ROPE(bf16, nk_bf16, 1)
NK_ROPE(fp16, nk_fp16, 1)
NK_ROPE(fp32, float, 2)
NK_ROPE(bf16, nk_bf16, 4)
NK_ROPE(fp16, nk_fp16, 4)
