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

/* Where to compute n elements that end at element `index`: in place, or in the buffer. */
NK_INLINE float *nk_target(float *buffer, void *data, int type, int64_t index) {
  return type == NK_FP32 ? (float *)data + index : buffer;
}

/* Brings what was computed at nk_target's place to the tensor. */
NK_INLINE void nk_finish(void *data, int type, int64_t index, const float *buffer, int64_t n) {
  if (type != NK_FP32) nk_store(data, type, index, buffer, n);
}

#endif
