/*
 * What every .cu file includes first. The same source is compiled by NVRTC for a GPU, and as C++ for
 * this processor, where a header of the same words maps blocks and threads on fibers (emulation.h).
 *
 * The convention (swiglu/swiglu.cu is the worked example, with its loops in gated.cuh):
 *
 *   NK_KERNEL(nk_<operator>_<direction>_<type>[_x<width>], most threads of a block,
 *             outputs, inputs, sizes, scalars)
 *
 * - Sizes and strides are int64_t and count elements, flags are int, optional tensors are null.
 * - Storage is float, nk_bf16 or nk_fp16; arithmetic is fp32, or what the operator's top comment says.
 * - `x<width>` names how many adjacent elements a thread moves at once. A kernel without it asks for
 *   no more than the element's own alignment; the launch plan chooses (dev.nacelle.kernels.cuda).
 * - Nothing depends on the order in which blocks run, and no sum on the number of multiprocessors:
 *   same input, same bits. No atomics on floating-point numbers.
 * - Compiled with --fmad=false: what is fused is written nk_fma.
 * - No header of the C library or of the CUDA toolkit is needed, so that a board needs NVRTC alone.
 */
#ifndef NK_CUDA_H
#define NK_CUDA_H

#ifdef NK_EMULATION
#include "emulation.h"
#else

typedef signed char int8_t;
typedef unsigned char uint8_t;
typedef short int16_t;
typedef unsigned short uint16_t;
typedef int int32_t;
typedef unsigned int uint32_t;
typedef long long int64_t;
typedef unsigned long long uint64_t;
typedef unsigned long long uintptr_t;

#define NK_KERNEL(name, threads, ...)                                                              \
  extern "C" __global__ void __launch_bounds__(threads) name(__VA_ARGS__)
#define NK_SHARED(type, name, count) __shared__ type name[count]
#define NK_DYNAMIC_SHARED(type, name)                                                              \
  extern __shared__ __align__(16) unsigned char nk_dynamic_shared[];                               \
  type *name = (type *)nk_dynamic_shared
#define NK_UNROLL _Pragma("unroll")
/* A loop that is long enough as it is: unrolled it would cost registers. */
#define NK_ROLLED _Pragma("unroll 1")
#define NK_ALIGNED(address, bytes)
#define NK_INFINITY __int_as_float(0x7f800000)

#endif

#include "nk_math.h"

#define NK_DEVICE static __device__ __forceinline__
/* The same of a member of a class, where static means another thing. */
#define NK_STATIC_DEVICE static __device__ __forceinline__

/* Element types as the launch plans number them (NK_FP32 … of nk.h). */
enum { NK_FP32 = 0, NK_BF16 = 1, NK_FP16 = 2, NK_I64 = 4, NK_I32 = 5 };

struct nk_bf16 {
  uint16_t bits;
};

struct nk_fp16 {
  uint16_t bits;
};

NK_DEVICE float nk_get(float x) { return x; }
NK_DEVICE float nk_get(nk_bf16 x) { return __uint_as_float((uint32_t)x.bits << 16); }
NK_DEVICE float nk_get(nk_fp16 x) { return nk_fp16_to_fp32(x.bits); }

/* To nearest, ties to even; a NaN stays one. */
NK_DEVICE void nk_set(float *to, float x) { *to = x; }
NK_DEVICE void nk_set(nk_bf16 *to, float x) {
  uint32_t bits = __float_as_uint(x);
  uint32_t rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  to->bits = (uint16_t)(x == x ? rounded : (bits >> 16) | 0x40u);
}
NK_DEVICE void nk_set(nk_fp16 *to, float x) { to->bits = nk_fp32_to_fp16(x); }

/* What a value becomes by being stored. */
template <class T>
NK_DEVICE float nk_rounded(float x) {
  T stored;
  nk_set(&stored, x);
  return nk_get(stored);
}

/* V adjacent elements, moved as one where they are aligned as one. */
template <class T, int V>
struct alignas(sizeof(T) * V) nk_vector {
  T at[V];
};

/* V elements as fp32. */
template <int V>
struct nk_floats {
  float at[V];
};

template <int V, class T>
NK_DEVICE nk_floats<V> nk_load(const T *from) {
  NK_ALIGNED(from, sizeof(T) * V);
  nk_vector<T, V> raw = *(const nk_vector<T, V> *)from;
  nk_floats<V> x;
  NK_UNROLL
  for (int i = 0; i < V; i++) x.at[i] = nk_get(raw.at[i]);
  return x;
}

/* The same of a tensor that may be absent: zeros. */
template <int V, class T>
NK_DEVICE nk_floats<V> nk_load_or_zero(const T *from, int64_t at) {
  if (from) return nk_load<V>(from + at);
  nk_floats<V> x;
  NK_UNROLL
  for (int i = 0; i < V; i++) x.at[i] = 0.0f;
  return x;
}

template <int V, class T>
NK_DEVICE void nk_store(T *to, const nk_floats<V> &x) {
  NK_ALIGNED(to, sizeof(T) * V);
  nk_vector<T, V> raw;
  NK_UNROLL
  for (int i = 0; i < V; i++) nk_set(&raw.at[i], x.at[i]);
  *(nk_vector<T, V> *)to = raw;
}

/*
 * V adjacent elements that are aligned as one only where `wide` says so: which elements a thread has,
 * and with them the order of its sums, is the same either way. Elements from `left` on read as zeros
 * and are not written.
 */
template <int V, class T>
NK_DEVICE nk_floats<V> nk_read(const T *from, int wide, int64_t left) {
  if (wide && left >= V) return nk_load<V>(from);
  nk_floats<V> x;
  NK_UNROLL
  for (int i = 0; i < V; i++) x.at[i] = i < left ? nk_get(from[i]) : 0.0f;
  return x;
}

template <int V, class T>
NK_DEVICE void nk_write(T *to, const nk_floats<V> &x, int wide, int64_t left) {
  if (wide && left >= V) {
    nk_store<V>(to, x);
    return;
  }
  NK_UNROLL
  for (int i = 0; i < V; i++)
    if (i < left) nk_set(to + i, x.at[i]);
}

/* The number of this thread, and of all threads, in a grid of one dimension. */
NK_DEVICE int64_t nk_thread() { return (int64_t)blockIdx.x * blockDim.x + threadIdx.x; }
NK_DEVICE int64_t nk_threads() { return (int64_t)gridDim.x * blockDim.x; }

/* Σ over the lanes of a warp, the same bits in every lane. */
template <class T>
NK_DEVICE T nk_warp_sum(T x) {
  NK_UNROLL
  for (int step = 16; step > 0; step /= 2) x += __shfl_xor_sync(0xffffffffu, x, step);
  return x;
}

NK_DEVICE float nk_warp_max(float x) {
  NK_UNROLL
  for (int step = 16; step > 0; step /= 2) {
    float other = __shfl_xor_sync(0xffffffffu, x, step);
    x = other > x ? other : x;
  }
  return x;
}

/*
 * Σ over a block of whole warps, one dimension, the same bits in every thread. `room` holds one
 * number a warp; it may be used again at once.
 */
template <class T>
NK_DEVICE T nk_block_sum(T x, T *room) {
  x = nk_warp_sum(x);
  if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = x;
  __syncthreads();
  T sum = room[0];
  for (int warp = 1; warp < (int)blockDim.x / 32; warp++) sum += room[warp];
  __syncthreads();
  return sum;
}

NK_DEVICE float nk_block_max(float x, float *room) {
  x = nk_warp_max(x);
  if (threadIdx.x % 32 == 0) room[threadIdx.x / 32] = x;
  __syncthreads();
  float most = room[0];
  for (int warp = 1; warp < (int)blockDim.x / 32; warp++) most = room[warp] > most ? room[warp] : most;
  __syncthreads();
  return most;
}

#endif
