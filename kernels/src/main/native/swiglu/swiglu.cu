/*
 * Gated unit (Shazeer 2020, arXiv 2002.05202), elementwise over (rows, C):
 *
 *   y = g·σ(g)·u      grad_u = grad_y·g·σ      grad_g = grad_y·u·σ·(1 + g·(1 − σ))
 *
 * Backward needs gate and up alone, and may write its results over them: a thread reads what it
 * overwrites before it writes. A grid of (x, rows) strides; threads walk a row in vectors of V, the
 * elements behind the last whole vector one by one. The plan makes one row of what lies in one piece.
 * Hazard: e^(−g) overflows to infinity for g below −88, where g·σ(g) is the zero that it should be.
 */
#include "nk_cuda.h"
#include "swiglu_math.h"

template <int V, class T>
NK_DEVICE void nk_swiglu_pass(T *y, const T *gate, const T *up) {
  nk_floats<V> g = nk_load<V>(gate), u = nk_load<V>(up), out;
  NK_UNROLL
  for (int i = 0; i < V; i++) out.at[i] = nk_swiglu_y(g.at[i], u.at[i]);
  nk_store<V>(y, out);
}

template <int V, class T>
NK_DEVICE void nk_swiglu_forward(T *y, const T *gate, const T *up, int64_t rows, int64_t columns,
                                 int64_t y_stride, int64_t gate_stride, int64_t up_stride) {
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    T *to = y + row * y_stride;
    const T *g = gate + row * gate_stride, *u = up + row * up_stride;
    int64_t whole = columns / V * V;
    for (int64_t i = nk_thread() * V; i < whole; i += nk_threads() * V)
      nk_swiglu_pass<V>(to + i, g + i, u + i);
    int64_t rest = whole + nk_thread();
    if (V > 1 && rest < columns) nk_swiglu_pass<1>(to + rest, g + rest, u + rest);
  }
}

template <int V, class T>
NK_DEVICE void nk_swiglu_pull(T *grad_gate, T *grad_up, const T *grad_y, const T *gate,
                              const T *up) {
  nk_floats<V> gy = nk_load<V>(grad_y), g = nk_load<V>(gate), u = nk_load<V>(up), to_g, to_u;
  NK_UNROLL
  for (int i = 0; i < V; i++) {
    float sigmoid = 1.0f / (1.0f + nk_exp(-g.at[i]));
    to_g.at[i] = nk_swiglu_grad_gate(gy.at[i], g.at[i], u.at[i], sigmoid);
    to_u.at[i] = nk_swiglu_grad_up(gy.at[i], g.at[i], sigmoid);
  }
  nk_store<V>(grad_gate, to_g);
  nk_store<V>(grad_up, to_u);
}

template <int V, class T>
NK_DEVICE void nk_swiglu_backward(T *grad_gate, T *grad_up, const T *grad_y, const T *gate,
                                  const T *up, int64_t rows, int64_t columns,
                                  int64_t grad_gate_stride, int64_t grad_up_stride,
                                  int64_t grad_y_stride, int64_t gate_stride, int64_t up_stride) {
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    T *to_g = grad_gate + row * grad_gate_stride, *to_u = grad_up + row * grad_up_stride;
    const T *gy = grad_y + row * grad_y_stride;
    const T *g = gate + row * gate_stride, *u = up + row * up_stride;
    int64_t whole = columns / V * V;
    for (int64_t i = nk_thread() * V; i < whole; i += nk_threads() * V)
      nk_swiglu_pull<V>(to_g + i, to_u + i, gy + i, g + i, u + i);
    int64_t rest = whole + nk_thread();
    if (V > 1 && rest < columns)
      nk_swiglu_pull<1>(to_g + rest, to_u + rest, gy + rest, g + rest, u + rest);
  }
}

#define NK_SWIGLU(type, T, V)                                                                      \
  NK_KERNEL(nk_swiglu_forward_##type##_x##V, 256, T *y, const T *gate, const T *up, int64_t rows,   \
            int64_t columns, int64_t y_stride, int64_t gate_stride, int64_t up_stride) {           \
    nk_swiglu_forward<V>(y, gate, up, rows, columns, y_stride, gate_stride, up_stride);            \
  }                                                                                                \
  NK_KERNEL(nk_swiglu_backward_##type##_x##V, 256, T *grad_gate, T *grad_up, const T *grad_y,       \
            const T *gate, const T *up, int64_t rows, int64_t columns, int64_t grad_gate_stride,   \
            int64_t grad_up_stride, int64_t grad_y_stride, int64_t gate_stride,                    \
            int64_t up_stride) {                                                                   \
    nk_swiglu_backward<V>(grad_gate, grad_up, grad_y, gate, up, rows, columns, grad_gate_stride,   \
                          grad_up_stride, grad_y_stride, gate_stride, up_stride);                  \
  }

NK_SWIGLU(fp32, float, 1)
NK_SWIGLU(bf16, nk_bf16, 1)
NK_SWIGLU(fp16, nk_fp16, 1)
NK_SWIGLU(fp32, float, 4)
NK_SWIGLU(bf16, nk_bf16, 8)
NK_SWIGLU(fp16, nk_fp16, 8)
