/*
 * A product's tile on a GPU, for plain matrices and quantised ones alike:
 *
 *   c (M, N) = alpha · a·b + beta · c
 *
 * A block of 256 threads makes a tile of SIDE × SIDE elements of c, a thread SIDE/16 × SIDE/16 of them
 * in registers. Steps of NK_DEPTH along K go through shared memory, fp32 whatever the storage, K by K
 * so that a thread's operands are neighbours. Loaders fill shared memory: each has
 *
 *   fill<SIDE>(to, outer, inner, depth)    element (k, i) at to[k·(SIDE + NK_PAD) + i], zeros outside
 *
 * Sums are fp32, in K's order: the same bits on every GPU, and for every grid.
 */
#ifndef NK_TILE_CUH
#define NK_TILE_CUH

#include "nk_cuda.h"

#define NK_DEPTH 32
#define NK_PAD 4
#define NK_TILE_THREADS 256

/* One element of a matrix whose type is known at launch alone. */
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

NK_DEVICE nk_floats<4> nk_four(const void *data, int type, int64_t at) {
  return type == NK_FP32   ? nk_load<4>((const float *)data + at)
         : type == NK_BF16 ? nk_load<4>((const nk_bf16 *)data + at)
                           : nk_load<4>((const nk_fp16 *)data + at);
}

/*
 * A plain matrix as an operand: element (i, k) at i·stride + k, or, `across`, at k·stride + i. `wide`
 * says that four adjacent elements may be read as one from every fourth on.
 */
struct nk_plain {
  const void *data;
  int64_t stride, outer, inner; /* outer: how many i, inner: how many k */
  int type, across, wide;

  template <int SIDE>
  __device__ __forceinline__ void fill(float *to, int64_t i0, int64_t k0) const {
    const int fours = SIDE * NK_DEPTH / 4;
    NK_UNROLL
    for (int job = (int)threadIdx.x; job < fours; job += NK_TILE_THREADS) {
      int per = across ? SIDE / 4 : NK_DEPTH / 4;
      int slow = job / per, fast = job % per * 4;
      int64_t i = i0 + (across ? fast : slow), k = k0 + (across ? slow : fast);
      int64_t at = across ? k * stride + i : i * stride + k;
      bool row = across ? k < inner : i < outer;
      int64_t left = !row ? 0 : across ? outer - i : inner - k;
      nk_floats<4> x = {{0.0f, 0.0f, 0.0f, 0.0f}};
      if (wide && left >= 4) {
        x = nk_four(data, type, at);
      } else {
        NK_UNROLL
        for (int e = 0; e < 4; e++)
          if (e < left) x.at[e] = nk_element(data, type, at + e);
      }
      NK_UNROLL
      for (int e = 0; e < 4; e++) {
        int ki = across ? slow : fast + e, ii = across ? fast + e : slow;
        to[ki * (SIDE + NK_PAD) + ii] = x.at[e];
      }
    }
  }
};

/* The tile of block (x, y); blocks along x are columns. */
template <int SIDE, class A, class B>
NK_DEVICE void nk_tile(void *c, const A &a, const B &b, int64_t m, int64_t n, int64_t k,
                       int64_t c_stride, int c_type, float alpha, float beta) {
  const int EACH = SIDE / 16, ROW = SIDE + NK_PAD;
  NK_SHARED(float, of_a, NK_DEPTH *(SIDE + NK_PAD));
  NK_SHARED(float, of_b, NK_DEPTH *(SIDE + NK_PAD));
  int tx = (int)threadIdx.x % 16, ty = (int)threadIdx.x / 16;
  int64_t i0 = (int64_t)blockIdx.x * SIDE;
  NK_ROLLED
  for (int64_t j0 = (int64_t)blockIdx.y * SIDE; j0 < n; j0 += (int64_t)gridDim.y * SIDE) {
    float sum[EACH][EACH];
    NK_UNROLL
    for (int i = 0; i < EACH; i++)
      NK_UNROLL
      for (int j = 0; j < EACH; j++) sum[i][j] = 0.0f;
    NK_ROLLED
    for (int64_t k0 = 0; k0 < k; k0 += NK_DEPTH) {
      a.template fill<SIDE>(of_a, i0, k0);
      b.template fill<SIDE>(of_b, j0, k0);
      __syncthreads();
      int depth = k - k0 < NK_DEPTH ? (int)(k - k0) : NK_DEPTH;
      NK_ROLLED
      for (int kk = 0; kk < depth; kk++) {
        float x[EACH], y[EACH];
        NK_UNROLL
        for (int i = 0; i < EACH; i += 4) {
          /* Fours of a thread lie 64 apart, so that a warp's reads fill the banks. */
          nk_floats<4> fx = nk_load<4>(of_a + kk * ROW + i * 16 + ty * 4);
          nk_floats<4> fy = nk_load<4>(of_b + kk * ROW + i * 16 + tx * 4);
          NK_UNROLL
          for (int e = 0; e < 4; e++) {
            x[i + e] = fx.at[e];
            y[i + e] = fy.at[e];
          }
        }
        NK_UNROLL
        for (int i = 0; i < EACH; i++)
          NK_UNROLL
          for (int j = 0; j < EACH; j++) sum[i][j] = nk_fma(x[i], y[j], sum[i][j]);
      }
      __syncthreads();
    }
    NK_UNROLL
    for (int i = 0; i < EACH; i++) {
      int64_t row = i0 + i / 4 * 64 + ty * 4 + i % 4;
      NK_UNROLL
      for (int j = 0; j < EACH; j++) {
        int64_t column = j0 + j / 4 * 64 + tx * 4 + j % 4;
        if (row < m && column < n) {
          int64_t at = row * c_stride + column;
          float before = beta == 0.0f ? 0.0f : beta * nk_element(c, c_type, at);
          nk_put(c, c_type, at, beta == 0.0f ? alpha * sum[i][j] : nk_fma(alpha, sum[i][j], before));
        }
      }
    }
  }
}

#endif
