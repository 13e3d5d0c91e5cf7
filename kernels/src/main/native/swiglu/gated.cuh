/*
 * The loops of a gated unit on a GPU, elementwise over (rows, C): y from gate and up, and both their
 * gradients. A unit is a type with
 *
 *   y(gate, up)      pull(to_gate, to_up, grad_y, gate, up)
 *
 * Backward needs gate and up alone, and may write its results over them: a thread reads what it
 * overwrites before it writes. A grid of (x, rows) strides; threads walk a row in vectors of V, the
 * elements behind the last whole vector one by one. The plan makes one row of what lies in one piece.
 */
#ifndef NK_GATED_CUH
#define NK_GATED_CUH

#include "nk_cuda.h"

template <int V, class U, class T>
NK_DEVICE void nk_gated_pass(T *y, const T *gate, const T *up) {
  nk_floats<V> g = nk_load<V>(gate), u = nk_load<V>(up), out;
  NK_UNROLL
  for (int i = 0; i < V; i++) out.at[i] = U::y(g.at[i], u.at[i]);
  nk_store<V>(y, out);
}

template <int V, class U, class T>
NK_DEVICE void nk_gated_forward(T *y, const T *gate, const T *up, int64_t rows, int64_t columns,
                                int64_t y_stride, int64_t gate_stride, int64_t up_stride) {
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    T *to = y + row * y_stride;
    const T *g = gate + row * gate_stride, *u = up + row * up_stride;
    int64_t whole = columns / V * V;
    for (int64_t i = nk_thread() * V; i < whole; i += nk_threads() * V)
      nk_gated_pass<V, U>(to + i, g + i, u + i);
    int64_t rest = whole + nk_thread();
    if (V > 1 && rest < columns) nk_gated_pass<1, U>(to + rest, g + rest, u + rest);
  }
}

template <int V, class U, class T>
NK_DEVICE void nk_gated_pull(T *grad_gate, T *grad_up, const T *grad_y, const T *gate, const T *up) {
  nk_floats<V> gy = nk_load<V>(grad_y), g = nk_load<V>(gate), u = nk_load<V>(up), to_g, to_u;
  NK_UNROLL
  for (int i = 0; i < V; i++) U::pull(&to_g.at[i], &to_u.at[i], gy.at[i], g.at[i], u.at[i]);
  nk_store<V>(grad_gate, to_g);
  nk_store<V>(grad_up, to_u);
}

template <int V, class U, class T>
NK_DEVICE void nk_gated_backward(T *grad_gate, T *grad_up, const T *grad_y, const T *gate,
                                 const T *up, int64_t rows, int64_t columns,
                                 int64_t grad_gate_stride, int64_t grad_up_stride,
                                 int64_t grad_y_stride, int64_t gate_stride, int64_t up_stride) {
  for (int64_t row = blockIdx.y; row < rows; row += gridDim.y) {
    T *to_g = grad_gate + row * grad_gate_stride, *to_u = grad_up + row * grad_up_stride;
    const T *gy = grad_y + row * grad_y_stride;
    const T *g = gate + row * gate_stride, *u = up + row * up_stride;
    int64_t whole = columns / V * V;
    for (int64_t i = nk_thread() * V; i < whole; i += nk_threads() * V)
      nk_gated_pull<V, U>(to_g + i, to_u + i, gy + i, g + i, u + i);
    int64_t rest = whole + nk_thread();
    if (V > 1 && rest < columns)
      nk_gated_pull<1, U>(to_g + rest, to_u + rest, gy + rest, g + rest, u + rest);
  }
}

#define NK_GATED_OF(unit, U, type, T, V)                                                           \
  NK_KERNEL(nk_##unit##_forward_##type##_x##V, 256, T *y, const T *gate, const T *up, int64_t rows, \
            int64_t columns, int64_t y_stride, int64_t gate_stride, int64_t up_stride) {           \
    nk_gated_forward<V, U>(y, gate, up, rows, columns, y_stride, gate_stride, up_stride);          \
  }                                                                                                \
  NK_KERNEL(nk_##unit##_backward_##type##_x##V, 256, T *grad_gate, T *grad_up, const T *grad_y,     \
            const T *gate, const T *up, int64_t rows, int64_t columns, int64_t grad_gate_stride,   \
            int64_t grad_up_stride, int64_t grad_y_stride, int64_t gate_stride,                    \
            int64_t up_stride) {                                                                   \
    nk_gated_backward<V, U>(grad_gate, grad_up, grad_y, gate, up, rows, columns, grad_gate_stride, \
                            grad_up_stride, grad_y_stride, gate_stride, up_stride);                \
  }

#define NK_GATED(unit, U)                                                                          \
  NK_GATED_OF(unit, U, fp32, float, 1)                                                             \
  NK_GATED_OF(unit, U, bf16, nk_bf16, 1)                                                           \
  NK_GATED_OF(unit, U, fp16, nk_fp16, 1)                                                           \
  NK_GATED_OF(unit, U, fp32, float, 4)                                                             \
  NK_GATED_OF(unit, U, bf16, nk_bf16, 8)                                                           \
  NK_GATED_OF(unit, U, fp16, nk_fp16, 8)

#endif
