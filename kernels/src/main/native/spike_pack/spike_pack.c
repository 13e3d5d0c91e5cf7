/*
 * Spikes to bits and back: row r of N elements becomes ⌈N/32⌉ words, element n in word n/32, lowest bit
 * first, unused bits 0. Whatever is not 0 is a spike, NaN included. The gradient of packing goes through
 * as if it were none: there is nothing to learn in a format.
 */
#include "nk_view.h"

NK_EXPORT void NK_FN(nk_spike_pack_forward)(void *bits, const void *spikes, int64_t rows,
                                            int64_t columns, int type, int threads) {
  int64_t words = (columns + 31) / 32;
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    uint32_t *to = (uint32_t *)bits + row * words;
    for (int64_t from = 0; from < columns; from += NK_RUN) {
      int64_t n = nk_min(NK_RUN, columns - from);
      float buffer[NK_RUN];
      const float *s = nk_view(buffer, spikes, type, row * columns + from, n);
      for (int64_t at = 0; at < n; at += 32) {
        uint32_t word = 0;
        for (int64_t i = 0; i < nk_min(32, n - at); i++) word |= (uint32_t)(s[at + i] != 0.0f) << i;
        to[(from + at) / 32] = word;
      }
    }
  }
}

NK_EXPORT void NK_FN(nk_spike_unpack_forward)(void *spikes, const void *bits, int64_t rows,
                                              int64_t columns, int type, int threads) {
  int64_t words = (columns + 31) / 32;
#pragma omp parallel for schedule(static) num_threads(threads) if (rows * columns > NK_SERIAL_WORK)
  for (int64_t row = 0; row < rows; row++) {
    const uint32_t *source = (const uint32_t *)bits + row * words;
    for (int64_t from = 0; from < columns; from += NK_RUN) {
      int64_t n = nk_min(NK_RUN, columns - from);
      float buffer[NK_RUN];
      for (int64_t i = 0; i < n; i++)
        buffer[i] = (float)(source[(from + i) / 32] >> ((from + i) % 32) & 1u);
      nk_store(spikes, type, row * columns + from, buffer, n);
    }
  }
}
