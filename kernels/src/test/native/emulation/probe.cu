/*
 * Kernels that are wrong on purpose, one fault each, and one that is right: what EmulationTest holds
 * the emulation to. Where a fault can be written with `at`, 0 is harmless.
 */
#include "nk_cuda.h"

/* y = the sum of x over the block, by shared memory, shuffles and ballots, each thread's own in turn. */
NK_KERNEL(nk_probe_right, 256, float *y, const float *x, int64_t n) {
  NK_SHARED(float, turned, 256);
  NK_SHARED(float, room, 32);
  NK_DYNAMIC_SHARED(float, more);
  int i = (int)threadIdx.x, last = (int)blockDim.x - 1;
  turned[last - i] = i < n ? x[i] : 0.0f;
  more[i] = (float)i;
  __syncthreads();
  float mine = turned[i] + more[last - i] - (float)(last - i);
  uint32_t even = __ballot_sync(0xffffffffu, i % 2 == 0);
  float below = __shfl_down_sync(0xffffffffu, mine, 1);
  float first = __shfl_sync(0xffffffffu, mine, 0);
  float sum = nk_block_sum(mine, room);
  if (even == 0x55555555u && i % 32 != 31 && below == turned[i + 1] && first == turned[i / 32 * 32])
    y[i] = sum;
}

/* Every second thread comes to a barrier. */
NK_KERNEL(nk_probe_half_barrier, 256, float *y, int at) {
  if (at == 0 || threadIdx.x % 2 == 0) __syncthreads();
  y[threadIdx.x] = 1.0f;
}

/* Halves of the block come to two barriers. */
NK_KERNEL(nk_probe_two_barriers, 256, float *y, int at) {
  if (at == 0 || threadIdx.x < 32) {
    __syncthreads();
  } else {
    __syncthreads();
  }
  y[threadIdx.x] = 1.0f;
}

/* Some lanes of a warp shuffle. */
NK_KERNEL(nk_probe_half_warp, 256, float *y, int at) {
  float x = 1.0f;
  if (at == 0 || threadIdx.x % 32 < 16) x = __shfl_xor_sync(0xffffffffu, x, 1);
  y[threadIdx.x] = x;
}

/* Reads shared memory that nobody wrote. */
NK_KERNEL(nk_probe_unwritten, 256, float *y, int at) {
  NK_SHARED(float, kept, 256);
  if (at == 0) kept[threadIdx.x] = 1.0f;
  y[threadIdx.x] = kept[threadIdx.x];
}

/* Reads its neighbour's before a barrier: right only if that thread runs first. */
NK_KERNEL(nk_probe_no_barrier, 256, float *y, int at) {
  NK_SHARED(float, kept, 256);
  kept[threadIdx.x] = 1.0f;
  if (at == 0) __syncthreads();
  y[threadIdx.x] = kept[(threadIdx.x + 1) % blockDim.x];
}

/* Writes `at` elements behind shared memory's end. */
NK_KERNEL(nk_probe_shared_end, 256, float *y, int at) {
  NK_SHARED(float, kept, 256);
  volatile float *p = kept;
  p[255 + at] = 1.0f;
  y[threadIdx.x] = p[255 + at];
}

/* Writes `at` elements behind a buffer of one block's threads. */
NK_KERNEL(nk_probe_global_end, 256, float *y, int at) { y[threadIdx.x + (uint32_t)at] = 1.0f; }

/* Moves four floats from element `at` on. */
NK_KERNEL(nk_probe_crooked, 256, float *y, int at) {
  if (threadIdx.x == 0) nk_store<4>(y, nk_load<4>(y + at));
}

/* Takes more shared memory than a block has. */
NK_KERNEL(nk_probe_much_shared, 256, float *y, int at) {
  NK_SHARED(float, first, 8192);
  first[threadIdx.x] = 1.0f;
  if (at != 0) {
    NK_SHARED(float, second, 8192);
    second[threadIdx.x] = 1.0f;
  }
  y[threadIdx.x] = first[threadIdx.x];
}
