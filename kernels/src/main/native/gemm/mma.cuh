/*
 * A product's tile by the matrix units of a GPU (sm_80 on), for operands that lie in bf16 or fp16:
 *
 *   c (M, N) = alpha · a·b + beta · c
 *
 * A block of 256 threads makes 128 × 128 elements of c, each of its eight warps 64 × 32 of them, in
 * products of 16 × 8 × 16 with fp32 sums (mma.sync). Operands go to shared memory as they are stored,
 * row i of an operand NK_STEP adjacent k's and a gap that lets a warp's reads fill the banks; one step's
 * operands are copied while the step before is multiplied. Loaders have
 *
 *   fill(to, outer, inner)    element (i, k) at to[i·NK_MMA_ROW + k], zeros outside
 *
 * Products are exact and sums fp32; in which order the unit adds sixteen of them is the hardware's
 * affair: the same bits on the same architecture. The emulation adds them one by one.
 */
#ifndef NK_MMA_CUH
#define NK_MMA_CUH

#include "tile.cuh"

#define NK_MMA_SIDE 128
#define NK_STEP 32
#define NK_MMA_ROW (NK_STEP + 8)
#define NK_MMA_BUFFER (NK_MMA_SIDE * NK_MMA_ROW)

/* d += a·b: a (16, 16) and b (16, 8) spread over the warp as mma.sync has them. */
#ifdef NK_EMULATION

template <class T>
NK_DEVICE void nk_mma(float *d, const uint32_t *a, const uint32_t *b) {
  struct Fragment {
    uint32_t a[4], b[2];
  } mine = {{a[0], a[1], a[2], a[3]}, {b[0], b[1]}};
  const uint64_t *all = emulation::exchange(NK_SITE("mma.sync"), 0xffffffffu, (uint64_t)&mine);
  int lane = emulation::lane();
  float x[2][16], y[2][16];
  for (int k = 0; k < 16; k++) {
    for (int half = 0; half < 2; half++) {
      int row = lane / 4, column = lane % 4 * 2 + half;
      const Fragment *of_a = (const Fragment *)all[row * 4 + k % 8 / 2];
      const Fragment *of_b = (const Fragment *)all[column * 4 + k % 8 / 2];
      x[half][k] = nk_get(T{(uint16_t)(of_a->a[half + k / 8 * 2] >> k % 2 * 16)});
      y[half][k] = nk_get(T{(uint16_t)(of_b->b[k / 8] >> k % 2 * 16)});
    }
  }
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 16; k++) d[i] += x[i / 2][k] * y[i % 2][k];
  /* Nobody's fragments go before everybody has read them. */
  emulation::exchange(NK_SITE("mma.sync"), 0xffffffffu, 0);
}

NK_DEVICE void nk_copy_16(void *to, const void *from) { memcpy(to, from, 16); }
NK_DEVICE void nk_copies_done() {}

#elif defined(__CUDA_ARCH__) && __CUDA_ARCH__ < 800

/* The launch plans ask the device first. */
template <class T>
NK_DEVICE void nk_mma(float *d, const uint32_t *a, const uint32_t *b) {
  __trap();
}
NK_DEVICE void nk_copy_16(void *to, const void *from) { *(uint4 *)to = *(const uint4 *)from; }
NK_DEVICE void nk_copies_done() {}

#else

#define NK_MMA(T, name)                                                                            \
  template <>                                                                                      \
  __device__ __forceinline__ void nk_mma<T>(float *d, const uint32_t *a, const uint32_t *b) {      \
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32." name "." name                            \
                 ".f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"            \
                 : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])                                  \
                 : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));              \
  }

template <class T>
__device__ __forceinline__ void nk_mma(float *d, const uint32_t *a, const uint32_t *b);
NK_MMA(nk_bf16, "bf16")
NK_MMA(nk_fp16, "f16")

/* 16 bytes on their way from memory to shared memory, past the registers. */
NK_DEVICE void nk_copy_16(void *to, const void *from) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16;"
               :
               : "r"((uint32_t)__cvta_generic_to_shared(to)), "l"(from)
               : "memory");
}
NK_DEVICE void nk_copies_done() { asm volatile("cp.async.wait_all;" : : : "memory"); }

#endif

/* A plain matrix, see nk_plain: `wide` says that eight elements may be read as one. */
template <class T>
struct nk_plain_mma {
  const T *data;
  int64_t stride, outer, inner;
  int across, wide;

  __device__ __forceinline__ void fill(T *to, int64_t i0, int64_t k0) const {
    NK_ROLLED
    for (int job = (int)threadIdx.x; job < NK_MMA_SIDE * NK_STEP / 8; job += NK_TILE_THREADS) {
      int per = across ? NK_MMA_SIDE / 8 : NK_STEP / 8;
      int slow = job / per, fast = job % per * 8;
      int64_t i = i0 + (across ? fast : slow), k = k0 + (across ? slow : fast);
      int64_t left = across ? (k < inner ? outer - i : 0) : i < outer ? inner - k : 0;
      const T *from = data + (across ? k * stride + i : i * stride + k);
      if (!across && wide && left >= 8) {
        nk_copy_16(to + slow * NK_MMA_ROW + fast, from);
        continue;
      }
      nk_vector<T, 8> x;
      if (wide && left >= 8) {
        x = *(const nk_vector<T, 8> *)from;
      } else {
        NK_UNROLL
        for (int e = 0; e < 8; e++) x.at[e].bits = e < left ? from[e].bits : (uint16_t)0;
      }
      NK_UNROLL
      for (int e = 0; e < 8; e++)
        to[across ? (fast + e) * NK_MMA_ROW + slow : slow * NK_MMA_ROW + fast + e] = x.at[e];
    }
  }
};

/* The tile of block (x, y); blocks along x are rows. */
template <class T, class A, class B>
NK_DEVICE void nk_tile_mma(void *c, const A &a, const B &b, int64_t m, int64_t n, int64_t k,
                           int64_t c_stride, int c_type, float alpha, float beta) {
  NK_SHARED(uint4, memory, 4 * NK_MMA_BUFFER * 2 / 16);
  T *of_a = (T *)memory, *of_b = of_a + 2 * NK_MMA_BUFFER;
  int lane = (int)threadIdx.x % 32, warp = (int)threadIdx.x / 32;
  int row0 = warp / 4 * 64, column0 = warp % 4 * 32;
  int64_t i0 = (int64_t)blockIdx.x * NK_MMA_SIDE, steps = (k + NK_STEP - 1) / NK_STEP;
  NK_ROLLED
  for (int64_t j0 = (int64_t)blockIdx.y * NK_MMA_SIDE; j0 < n;
       j0 += (int64_t)gridDim.y * NK_MMA_SIDE) {
    /* Sixteens of rows that this warp has elements of; none where its columns lie outside. */
    int64_t below = m - i0 - row0;
    int parts = n - j0 - column0 <= 0 || below <= 0 ? 0 : below >= 64 ? 4 : (int)(below + 15) / 16;
    float sum[4][4][4];
    NK_UNROLL
    for (int i = 0; i < 64; i++) sum[i / 16][i / 4 % 4][i % 4] = 0.0f;
    NK_ROLLED
    for (int64_t step = -1; step < steps; step++) {
      int64_t next = step + 1;
      T *to_a = of_a + next % 2 * NK_MMA_BUFFER, *to_b = of_b + next % 2 * NK_MMA_BUFFER;
      if (next < steps) {
        a.fill(to_a, i0, next * NK_STEP);
        b.fill(to_b, j0, next * NK_STEP);
      }
      const T *from_a = of_a + (next + 1) % 2 * NK_MMA_BUFFER + (row0 + lane / 4) * NK_MMA_ROW;
      const T *from_b = of_b + (next + 1) % 2 * NK_MMA_BUFFER + (column0 + lane / 4) * NK_MMA_ROW;
      NK_UNROLL
      for (int kk = 0; kk < NK_STEP; kk += 16) {
        if (step < 0 || parts == 0) break;
        int at = kk + lane % 4 * 2;
        uint32_t fa[4][4], fb[4][2];
        NK_UNROLL
        for (int i = 0; i < 4; i++)
          NK_UNROLL
          for (int e = 0; e < 4; e++)
            fa[i][e] =
                *(const uint32_t *)(from_a + (i * 16 + e % 2 * 8) * NK_MMA_ROW + at + e / 2 * 8);
        NK_UNROLL
        for (int j = 0; j < 4; j++)
          NK_UNROLL
          for (int e = 0; e < 2; e++)
            fb[j][e] = *(const uint32_t *)(from_b + j * 8 * NK_MMA_ROW + at + e * 8);
        NK_UNROLL
        for (int i = 0; i < 4; i++) {
          if (i >= parts) break;
          NK_UNROLL
          for (int j = 0; j < 4; j++) nk_mma<T>(sum[i][j], fa[i], fb[j]);
        }
      }
      nk_copies_done();
      __syncthreads();
    }
    /* 16 rows of a warp at a time through its own part of shared memory: what is written are rows. */
    float *mine = (float *)memory + warp * 16 * 33;
    NK_UNROLL
    for (int i = 0; i < 4; i++) {
      if (i >= parts) break;
      NK_UNROLL
      for (int j = 0; j < 4; j++)
        NK_UNROLL
        for (int e = 0; e < 4; e++)
          mine[(lane / 4 + e / 2 * 8) * 33 + j * 8 + lane % 4 * 2 + e % 2] = sum[i][j][e];
      __syncwarp();
      NK_ROLLED
      for (int r = 0; r < 16; r++) {
        int64_t row = i0 + row0 + i * 16 + r, column = j0 + column0 + lane;
        if (row < m && column < n)
          nk_finish(c, c_type, row * c_stride + column, mine[r * 33 + lane], alpha, beta);
      }
      __syncwarp();
    }
    __syncthreads();
  }
}

#endif
