/*
 * Spikes to bits and back on a GPU: row r of N elements becomes ⌈N/32⌉ words, element n in word n/32,
 * lowest bit first, unused bits 0. Whatever is not 0 is a spike, NaN included.
 *
 * Packing: a warp takes NK_WORDS adjacent words, a lane one element of each, all loads under way before
 * the first vote. Unpacking: a thread writes V adjacent elements of a word. Words are counted over all
 * rows, so that many short rows fill a block as one long row does.
 */
#include "nk_cuda.h"

/* Words of a warp. */
#define NK_WORDS 4

template <class T>
NK_DEVICE void nk_spike_pack(uint32_t *bits, const T *spikes, int64_t rows, int64_t columns) {
  int64_t words = (columns + 31) / 32, all = rows * words;
  int64_t first = nk_thread() / 32 * NK_WORDS;
  int lane = (int)threadIdx.x % 32;
  bool spike[NK_WORDS];
  NK_UNROLL
  for (int k = 0; k < NK_WORDS; k++) {
    int64_t word = first + k, row = word / words, n = word % words * 32 + lane;
    spike[k] = word < all && n < columns && nk_get(spikes[row * columns + n]) != 0.0f;
  }
  NK_UNROLL
  for (int k = 0; k < NK_WORDS; k++) {
    uint32_t vote = __ballot_sync(0xffffffffu, spike[k]);
    if (lane == k && first + k < all) bits[first + k] = vote;
  }
}

template <int V, class T>
NK_DEVICE void nk_spike_unpack(T *spikes, const uint32_t *bits, int64_t rows, int64_t columns) {
  int64_t words = (columns + 31) / 32, parts = 32 / V, part = nk_thread();
  if (part >= rows * words * parts) return;
  int64_t word = part / parts, row = word / words;
  int shift = (int)(part % parts) * V;
  int64_t n = word % words * 32 + shift;
  uint32_t mine = bits[word] >> shift;
  nk_floats<V> s;
  NK_UNROLL
  for (int i = 0; i < V; i++) s.at[i] = (float)(mine >> i & 1u);
  if (n < columns) nk_store<V>(spikes + row * columns + n, s);
}

#define NK_SPIKES(type, T, V)                                                                      \
  NK_KERNEL(nk_spike_unpack_forward_##type##_x##V, 256, T *spikes, const uint32_t *bits,            \
            int64_t rows, int64_t columns) {                                                       \
    nk_spike_unpack<V>(spikes, bits, rows, columns);                                               \
  }

#define NK_PACK(type, T)                                                                           \
  NK_KERNEL(nk_spike_pack_forward_##type, 256, uint32_t *bits, const T *spikes, int64_t rows,       \
            int64_t columns) {                                                                     \
    nk_spike_pack(bits, spikes, rows, columns);                                                    \
  }

NK_PACK(fp32, float)
NK_PACK(bf16, nk_bf16)
NK_PACK(fp16, nk_fp16)
NK_SPIKES(fp32, float, 1)
NK_SPIKES(bf16, nk_bf16, 1)
NK_SPIKES(fp16, nk_fp16, 1)
NK_SPIKES(fp32, float, 4)
NK_SPIKES(bf16, nk_bf16, 8)
NK_SPIKES(fp16, nk_fp16, 8)
