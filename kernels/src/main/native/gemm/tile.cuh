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

#include "typed.cuh"

#define NK_DEPTH 32
#define NK_PAD 4
#define NK_TILE_THREADS 256

/*
 * A plain matrix as an operand: element (i, k) at i·stride + k, or, `across`, at k·stride + i. `wide`
 * says that four adjacent elements may be read as one from every fourth on.
 */
struct nk_plain {
  const void *data;
  int64_t stride, outer, inner; /* outer: how many i, inner: how many k */
  int type, across, wide;

  template <int SIDE, class T>
  __device__ __forceinline__ void fill_of(float *to, const T *from, int64_t i0, int64_t k0) const {
    NK_ROLLED
    for (int job = (int)threadIdx.x; job < SIDE * NK_DEPTH / 4; job += NK_TILE_THREADS) {
      int per = across ? SIDE / 4 : NK_DEPTH / 4;
      int slow = job / per, fast = job % per * 4;
      int64_t i = i0 + (across ? fast : slow), k = k0 + (across ? slow : fast);
      int64_t left = across ? (k < inner ? outer - i : 0) : i < outer ? inner - k : 0;
      nk_floats<4> x = nk_read<4>(from + (across ? k * stride + i : i * stride + k), wide, left);
      NK_UNROLL
      for (int e = 0; e < 4; e++)
        to[across ? slow * (SIDE + NK_PAD) + fast + e : (fast + e) * (SIDE + NK_PAD) + slow] = x.at[e];
    }
  }

  template <int SIDE>
  __device__ __forceinline__ void fill(float *to, int64_t i0, int64_t k0) const {
    if (type == NK_FP32) {
      fill_of<SIDE>(to, (const float *)data, i0, k0);
    } else if (type == NK_BF16) {
      fill_of<SIDE>(to, (const nk_bf16 *)data, i0, k0);
    } else {
      fill_of<SIDE>(to, (const nk_fp16 *)data, i0, k0);
    }
  }
};

/* c = alpha·sum + beta·c; beta 0 does not read c. */
NK_DEVICE void nk_finish(void *c, int type, int64_t at, float sum, float alpha, float beta) {
  float before = beta == 0.0f ? 0.0f : beta * nk_element(c, type, at);
  nk_put(c, type, at, beta == 0.0f ? alpha * sum : nk_fma(alpha, sum, before));
}

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
      /* At the edges: nothing of this thread's is written. */
      if (i0 + ty * 4 >= m || j0 + tx * 4 >= n) depth = 0;
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
    /* A row of each thread at a time through its warp's part of shared memory: two whole rows are
     * written, 32 neighbours at once. */
    int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
    float *mine = of_a + warp * 2 * SIDE;
    NK_UNROLL
    for (int i = 0; i < EACH; i++) {
      int64_t first = i0 + i / 4 * 64 + warp * 8 + i % 4;
      if (first >= m) break;
      NK_UNROLL
      for (int j = 0; j < EACH; j++) mine[ty % 2 * SIDE + j / 4 * 64 + tx * 4 + j % 4] = sum[i][j];
      __syncwarp();
      NK_ROLLED
      for (int at = lane; at < 2 * SIDE; at += 32) {
        int64_t row = first + at / SIDE * 4, column = j0 + at % SIDE;
        if (row < m && column < n)
          nk_finish(c, c_type, row * c_stride + column, mine[at], alpha, beta);
      }
      __syncwarp();
    }
    __syncthreads();
  }
}

#endif
