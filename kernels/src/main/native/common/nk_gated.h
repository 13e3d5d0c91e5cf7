/*
 * The loops of a gated unit, elementwise over (rows, C). Included once by each unit, behind its own
 * NK_GATED_FORWARD and NK_GATED_BACKWARD (the entry points' names), NK_GATED_Y(gate, up) and
 * NK_GATED_GRADIENTS(to_gate, to_up, grad_y, gate, up).
 *
 * Backward needs gate and up alone, and may write its results over them: each run is copied to the
 * stack before it is written.
 */
#include "nk_view.h"

/* Elements of a row that one iteration of a parallel loop takes. */
#define NK_GATED_BLOCK 4096

NK_EXPORT void NK_FN(NK_GATED_FORWARD)(void *y, const void *gate, const void *up, int64_t rows,
                                       int64_t columns, int64_t y_stride, int64_t gate_stride,
                                       int64_t up_stride, int type, int threads) {
  int64_t blocks = (columns + NK_GATED_BLOCK - 1) / NK_GATED_BLOCK;
  int stream = rows * columns * nk_bytes(type) >= NK_STREAM_BYTES;
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads) \
    if (rows * columns > NK_SERIAL_WORK / 4)
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t block = 0; block < blocks; block++) {
      int64_t end = nk_min(columns, (block + 1) * NK_GATED_BLOCK);
      for (int64_t from = block * NK_GATED_BLOCK; from < end; from += NK_RUN) {
        int64_t n = nk_min(NK_RUN, end - from);
        float g_buffer[NK_RUN], u_buffer[NK_RUN], y_buffer[NK_RUN];
        const float *g = nk_fetch(g_buffer, gate, type, row * gate_stride + from, n);
        const float *u = nk_fetch(u_buffer, up, type, row * up_stride + from, n);
#pragma omp simd
        for (int64_t i = 0; i < n; i++) y_buffer[i] = NK_GATED_Y(g[i], u[i]);
        nk_put(y, type, row * y_stride + from, y_buffer, n, stream);
      }
      nk_stream_end(stream);
    }
  }
}

NK_EXPORT void NK_FN(NK_GATED_BACKWARD)(void *grad_gate, void *grad_up, const void *grad_y,
                                        const void *gate, const void *up, int64_t rows,
                                        int64_t columns, int64_t grad_gate_stride,
                                        int64_t grad_up_stride, int64_t grad_y_stride,
                                        int64_t gate_stride, int64_t up_stride, int type,
                                        int threads) {
  int64_t blocks = (columns + NK_GATED_BLOCK - 1) / NK_GATED_BLOCK;
  int stream = grad_gate != gate && grad_up != up &&
               rows * columns * nk_bytes(type) >= NK_STREAM_BYTES;
#pragma omp parallel for collapse(2) schedule(static) num_threads(threads) \
    if (rows * columns > NK_SERIAL_WORK / 4)
  for (int64_t row = 0; row < rows; row++) {
    for (int64_t block = 0; block < blocks; block++) {
      int64_t end = nk_min(columns, (block + 1) * NK_GATED_BLOCK);
      for (int64_t from = block * NK_GATED_BLOCK; from < end; from += NK_RUN) {
        int64_t n = nk_min(NK_RUN, end - from);
        float g_buffer[NK_RUN], u_buffer[NK_RUN], y_buffer[NK_RUN];
        const float *g = nk_fetch(g_buffer, gate, type, row * gate_stride + from, n);
        const float *u = nk_fetch(u_buffer, up, type, row * up_stride + from, n);
        const float *gy = nk_fetch(y_buffer, grad_y, type, row * grad_y_stride + from, n);
        float gate_out[NK_RUN], up_out[NK_RUN];
#pragma omp simd
        for (int64_t i = 0; i < n; i++)
          NK_GATED_GRADIENTS(gate_out + i, up_out + i, gy[i], g[i], u[i]);
        nk_put(grad_gate, type, row * grad_gate_stride + from, gate_out, n, stream);
        nk_put(grad_up, type, row * grad_up_stride + from, up_out, n, stream);
      }
      nk_stream_end(stream);
    }
  }
}
