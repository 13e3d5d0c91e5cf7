/*
 * Elements whose storage type is known at launch alone: kernels that mix types, or that are so small
 * that a copy for each type would be most of the source. All threads take the same branch.
 */
#ifndef NK_TYPED_CUH
#define NK_TYPED_CUH

#include "nk_cuda.h"

/* One element of a matrix. */
NK_DEVICE float nk_element(const void *data, int type, int64_t at) {
  return type == NK_FP32   ? ((const float *)data)[at]
         : type == NK_BF16 ? nk_get(((const nk_bf16 *)data)[at])
                           : nk_get(((const nk_fp16 *)data)[at]);
}

NK_DEVICE void nk_put(void *data, int type, int64_t at, float x) {
  if (type == NK_FP32) {
    ((float *)data)[at] = x;
  } else if (type == NK_BF16) {
    nk_set((nk_bf16 *)data + at, x);
  } else {
    nk_set((nk_fp16 *)data + at, x);
  }
}

/* The address of element `at`. */
NK_DEVICE const void *nk_at(const void *data, int type, int64_t at) {
  return (const char *)data + at * (type == NK_FP32 ? 4 : 2);
}

/* nk_read and nk_write of V adjacent elements from element `at` on. */
template <int V>
NK_DEVICE nk_floats<V> nk_read_as(const void *data, int type, int64_t at, int wide, int64_t left) {
  return type == NK_FP32   ? nk_read<V>((const float *)data + at, wide, left)
         : type == NK_BF16 ? nk_read<V>((const nk_bf16 *)data + at, wide, left)
                           : nk_read<V>((const nk_fp16 *)data + at, wide, left);
}

template <int V>
NK_DEVICE void nk_write_as(void *data, int type, int64_t at, const nk_floats<V> &x, int wide,
                           int64_t left) {
  if (type == NK_FP32) {
    nk_write<V>((float *)data + at, x, wide, left);
  } else if (type == NK_BF16) {
    nk_write<V>((nk_bf16 *)data + at, x, wide, left);
  } else {
    nk_write<V>((nk_fp16 *)data + at, x, wide, left);
  }
}

#endif
