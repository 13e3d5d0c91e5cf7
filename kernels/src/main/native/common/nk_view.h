/*
 * Runs of a row as fp32: fp32 memory is read where it lies, other types are converted into a buffer
 * on the caller's stack.
 */
#ifndef NK_VIEW_H
#define NK_VIEW_H

#include "nk.h"

/* n ≤ NK_RUN elements from element `index` on; a null tensor reads as zeros. */
NK_INLINE const float *nk_view(float *buffer, const void *data, int type, int64_t index, int64_t n) {
  if (data == NULL) {
    memset(buffer, 0, (size_t)n * 4);
    return buffer;
  }
  if (type == NK_FP32) return (const float *)data + index;
  nk_load(buffer, data, type, index, n);
  return buffer;
}

/* Bytes that are fetched ahead: arithmetic of a run or two hides the memory's delay. */
#define NK_AHEAD 2048

/* The same of a tensor that is read for the first time: what comes next is fetched meanwhile. */
NK_INLINE const float *nk_fetch(float *buffer, const void *data, int type, int64_t index,
                                int64_t n) {
  nk_ask(data, type, index + NK_AHEAD / nk_bytes(type), n);
  return nk_view(buffer, data, type, index, n);
}

/* Where to compute n elements that end at element `index`: in place, or in the buffer. */
NK_INLINE float *nk_target(float *buffer, void *data, int type, int64_t index) {
  return type == NK_FP32 ? (float *)data + index : buffer;
}

/* Brings what was computed at nk_target's place to the tensor. */
NK_INLINE void nk_finish(void *data, int type, int64_t index, const float *buffer, int64_t n) {
  if (type != NK_FP32) nk_store(data, type, index, buffer, n);
}

/* Σ a·b in double. */
NK_INLINE double nk_dot(const float *a, const float *b, int64_t n) {
  double sum = 0.0;
#pragma omp simd reduction(+ : sum)
  for (int64_t i = 0; i < n; i++) sum += (double)a[i] * (double)b[i];
  return sum;
}

/* Rounds to bf16 and back within 32 bits, which vectorises better than going through 16. */
NK_INLINE float nk_round_bf16(float x) {
  uint32_t bits = nk_to_bits(x);
  uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) & 0xffff0000u;
  return x == x ? nk_from_bits(rounded) : x;
}

/*
 * Results from this size on leave the caches before anybody reads them: they are written past the
 * caches, which saves reading each line before it is overwritten.
 */
#define NK_STREAM_BYTES ((int64_t)32 << 20)

/* nk_store, past the caches where `stream` is set; nk_stream_end must follow on the same thread. */
NK_INLINE void nk_put(void *data, int type, int64_t index, const float *from, int64_t n,
                      int stream) {
#if defined(__AVX512F__)
  float *to = (float *)data + index;
  if (stream && type == NK_FP32 && ((uintptr_t)to & 63) == 0) {
    int64_t i = 0;
    for (; i + 16 <= n; i += 16) _mm512_stream_ps(to + i, _mm512_loadu_ps(from + i));
    for (; i < n; i++) to[i] = from[i];
    return;
  }
#elif defined(__AVX2__)
  float *to = (float *)data + index;
  if (stream && type == NK_FP32 && ((uintptr_t)to & 31) == 0) {
    int64_t i = 0;
    for (; i + 8 <= n; i += 8) _mm256_stream_ps(to + i, _mm256_loadu_ps(from + i));
    for (; i < n; i++) to[i] = from[i];
    return;
  }
#endif
  (void)stream;
  nk_store(data, type, index, from, n);
}

/* Orders what was written past the caches before what follows. */
NK_INLINE void nk_stream_end(int stream) {
#if defined(__AVX2__)
  if (stream) _mm_sfence();
#endif
  (void)stream;
}

#endif
