/*
 * Rotary position embedding (Su et al. 2021, arXiv 2104.09864): pair i of a head turns by
 * position·inv_freq[i], rounded to fp32 as the models' own code rounds it.
 *
 *   (y1, y2) = (x1·cos − x2·sin, x2·cos + x1·sin)
 *
 * x, y (B, T, H, D), positions (B, T), inv_freq (D/2). Pairs are (i, i + D/2), or neighbours when
 * interleaved. Backward is the turn the other way (direction −1) and needs nothing saved. y may be x.
 */
#include "nk_view.h"
#include "rope_math.h"

/* Pairs that are turned at a time. */
#define NK_ROPE_RUN (NK_RUN / 2)

/* The fast turn holds up to here; no model's positions come near. */
#define NK_ROPE_LARGEST 1e9f

NK_INLINE void nk_rope_turns(float *cosine, float *sine, const float *inv_freq, int64_t n,
                             float position, float scale, float direction) {
  float largest = 0.0f;
#pragma omp simd reduction(max : largest)
  for (int64_t j = 0; j < n; j++) {
    float size = fabsf(position * inv_freq[j]);
    largest = size > largest ? size : largest;
  }
  if (largest <= NK_ROPE_LARGEST) {
#pragma omp simd
    for (int64_t j = 0; j < n; j++) {
      nk_turn turn = nk_rope_turn(position * inv_freq[j], scale);
      cosine[j] = turn.cosine;
      sine[j] = turn.sine * direction;
    }
    return;
  }
  for (int64_t j = 0; j < n; j++) {
    double angle = (double)(position * inv_freq[j]);
    cosine[j] = (float)(cos(angle) * (double)scale);
    sine[j] = (float)(sin(angle) * (double)scale * (double)direction);
  }
}

NK_INLINE void nk_rope_halves(void *y, const void *x, int64_t to, int64_t from, int64_t half,
                              int64_t n, const float *cosine, const float *sine, int type,
                              int stream) {
  float a_buffer[NK_ROPE_RUN], b_buffer[NK_ROPE_RUN], one[NK_ROPE_RUN], two[NK_ROPE_RUN];
  const float *a = nk_view(a_buffer, x, type, from, n);
  const float *b = nk_view(b_buffer, x, type, from + half, n);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    one[i] = nk_fma(a[i], cosine[i], -(b[i] * sine[i]));
    two[i] = nk_fma(b[i], cosine[i], a[i] * sine[i]);
  }
  nk_put(y, type, to, one, n, stream);
  nk_put(y, type, to + half, two, n, stream);
}

NK_INLINE void nk_rope_neighbours(void *y, const void *x, int64_t to, int64_t from, int64_t n,
                                  const float *cosine, const float *sine, int type, int stream) {
  float in_buffer[2 * NK_ROPE_RUN], out[2 * NK_ROPE_RUN];
  const float *in = nk_view(in_buffer, x, type, from, 2 * n);
#pragma omp simd
  for (int64_t i = 0; i < n; i++) {
    float a = in[2 * i], b = in[2 * i + 1];
    out[2 * i] = nk_fma(a, cosine[i], -(b * sine[i]));
    out[2 * i + 1] = nk_fma(b, cosine[i], a * sine[i]);
  }
  nk_put(y, type, to, out, 2 * n, stream);
}

NK_EXPORT void NK_FN(nk_rope_turn)(void *y, const void *x, const void *positions,
                                   const float *inv_freq, int64_t batch, int64_t tokens,
                                   int64_t heads, int64_t width, int64_t y_b, int64_t y_t,
                                   int64_t y_h, int64_t x_b, int64_t x_t, int64_t x_h, int64_t p_b,
                                   int64_t p_t, int type, int position_type, int interleaved,
                                   float scale, float direction, int threads) {
  int64_t half = width / 2;
  int stream = y != x && batch * tokens * heads * width * nk_bytes(type) >= NK_STREAM_BYTES;
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads) \
    if (batch * tokens * heads * width > NK_SERIAL_WORK)
  for (int64_t b = 0; b < batch; b++) {
    for (int64_t t = 0; t < tokens; t++) {
      int64_t at = b * p_b + t * p_t;
      float position = position_type == NK_I64 ? (float)((const int64_t *)positions)[at]
                                               : (float)((const int32_t *)positions)[at];
      for (int64_t i = 0; i < half; i += NK_ROPE_RUN) {
        int64_t n = nk_min(NK_ROPE_RUN, half - i);
        float cosine[NK_ROPE_RUN], sine[NK_ROPE_RUN];
        nk_rope_turns(cosine, sine, inv_freq + i, n, position, scale, direction);
        for (int64_t h = 0; h < heads; h++) {
          int64_t to = b * y_b + t * y_t + h * y_h, from = b * x_b + t * x_t + h * x_h;
          if (interleaved) {
            nk_rope_neighbours(y, x, to + 2 * i, from + 2 * i, n, cosine, sine, type, stream);
          } else {
            nk_rope_halves(y, x, to + i, from + i, half, n, cosine, sine, type, stream);
          }
        }
      }
      nk_stream_end(stream);
    }
  }
}
