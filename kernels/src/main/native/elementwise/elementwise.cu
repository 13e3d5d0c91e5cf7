/*
 * The small things around the operators on a GPU: copies with conversion, sums, look-ups, dropout.
 * What each computes: elementwise.c.
 *
 * A thread takes NK_V adjacent elements of a row, counted through all rows, so that short rows fill
 * warps as long ones do. Types are known at launch; `wide` says that all tensors may be moved in
 * vectors. Nothing is summed: the same bits for every grid. Where y may be x, a thread reads what it
 * overwrites before it writes.
 */
#include "typed.cuh"
#include "nk_random.h"

#define NK_V 4

/* Which row, and which column first, thread number `item` has in rows of `columns`. */
struct nk_place {
  int64_t row, column;
};

NK_DEVICE nk_place nk_place_of(int64_t item, int64_t rows, int64_t columns) {
  nk_place p = {0, item * NK_V};
  if (rows <= 1) return p;
  int64_t each = (columns + NK_V - 1) / NK_V;
  if (rows * each < 0x7fffffff) {
    /* A division of 32 bits costs a fraction of one of 64. */
    p.row = (uint32_t)item / (uint32_t)each;
  } else {
    p.row = item / each;
  }
  p.column = (item - p.row * each) * NK_V;
  return p;
}

NK_DEVICE int64_t nk_items(int64_t rows, int64_t columns) {
  return rows * ((columns + NK_V - 1) / NK_V);
}

/* y = x, converted; n0·n1·n2 rows of n3 elements, a stride for each dimension of both. */
NK_KERNEL(nk_convert_forward, 256, void *y, const void *x, int64_t n0, int64_t n1, int64_t n2,
          int64_t n3, int64_t y0, int64_t y1, int64_t y2, int64_t y3, int64_t x0, int64_t x1,
          int64_t x2, int64_t x3, int y_type, int x_type, int wide) {
  int64_t rows = n0 * n1 * n2, all = nk_items(rows, n3);
  for (int64_t item = nk_thread(); item < all; item += nk_threads()) {
    nk_place p = nk_place_of(item, rows, n3);
    int64_t left = n3 - p.column, to = p.column * y3, from = p.column * x3;
    if (rows > 1) {
      int64_t k = p.row % n2, ij = p.row / n2, j = ij % n1, i = ij / n1;
      to += i * y0 + j * y1 + k * y2;
      from += i * x0 + j * x1 + k * x2;
    }
    if (x3 == 1 && y3 == 1) {
      nk_write_as<NK_V>(y, y_type, to, nk_read_as<NK_V>(x, x_type, from, wide, left), wide, left);
    } else {
      for (int e = 0; e < NK_V && e < left; e++)
        nk_put(y, y_type, to + e * y3, nk_element(x, x_type, from + e * x3));
    }
  }
}

/* y += factor · x. */
NK_KERNEL(nk_add_forward, 256, void *y, const void *x, int64_t n, int y_type, int x_type, int wide,
          float factor) {
  for (int64_t at = nk_thread() * NK_V; at < n; at += nk_threads() * NK_V) {
    nk_floats<NK_V> a = nk_read_as<NK_V>(y, y_type, at, wide, n - at);
    nk_floats<NK_V> b = nk_read_as<NK_V>(x, x_type, at, wide, n - at);
    NK_UNROLL
    for (int e = 0; e < NK_V; e++) a.at[e] = nk_fma(factor, b.at[e], a.at[e]);
    nk_write_as<NK_V>(y, y_type, at, a, wide, n - at);
  }
}

/* y *= factor. */
NK_KERNEL(nk_scale_forward, 256, void *y, int64_t n, int y_type, int wide, float factor) {
  for (int64_t at = nk_thread() * NK_V; at < n; at += nk_threads() * NK_V) {
    nk_floats<NK_V> a = nk_read_as<NK_V>(y, y_type, at, wide, n - at);
    NK_UNROLL
    for (int e = 0; e < NK_V; e++) a.at[e] *= factor;
    nk_write_as<NK_V>(y, y_type, at, a, wide, n - at);
  }
}

/* y[i,j] += bias[j]. */
NK_KERNEL(nk_add_bias_forward, 256, void *y, const void *bias, int64_t rows, int64_t columns,
          int64_t stride, int y_type, int bias_type, int wide) {
  int64_t all = nk_items(rows, columns);
  for (int64_t item = nk_thread(); item < all; item += nk_threads()) {
    nk_place p = nk_place_of(item, rows, columns);
    int64_t at = p.row * stride + p.column, left = columns - p.column;
    nk_floats<NK_V> a = nk_read_as<NK_V>(y, y_type, at, wide, left);
    nk_floats<NK_V> b = nk_read_as<NK_V>(bias, bias_type, p.column, wide, left);
    NK_UNROLL
    for (int e = 0; e < NK_V; e++) a.at[e] += b.at[e];
    nk_write_as<NK_V>(y, y_type, at, a, wide, left);
  }
}

/* Row i of y = row ids[i] of table; nk_dequantize_ids has looked at the ids before. */
NK_KERNEL(nk_gather_rows_forward, 256, void *y, const void *table, const void *ids, int64_t n,
          int64_t columns, int64_t y_stride, int64_t table_stride, int y_type, int table_type,
          int long_ids, int wide) {
  int64_t all = nk_items(n, columns);
  for (int64_t item = nk_thread(); item < all; item += nk_threads()) {
    nk_place p = nk_place_of(item, n, columns);
    int64_t id = long_ids ? ((const int64_t *)ids)[p.row] : (int64_t)((const int32_t *)ids)[p.row];
    int64_t left = columns - p.column;
    nk_floats<NK_V> x =
        nk_read_as<NK_V>(table, table_type, id * table_stride + p.column, wide, left);
    nk_write_as<NK_V>(y, y_type, p.row * y_stride + p.column, x, wide, left);
  }
}

/* y (+)= keep ? x·factor : 0; element i is kept where its draw, number offset + i, reaches bound. */
NK_KERNEL(nk_dropout_forward, 256, void *y, const void *x, int64_t n, int64_t seed, int64_t offset,
          int y_type, int x_type, int bound, int accumulate, int wide, float factor) {
  for (int64_t at = nk_thread() * NK_V; at < n; at += nk_threads() * NK_V) {
    nk_floats<NK_V> b = nk_read_as<NK_V>(x, x_type, at, wide, n - at);
    nk_floats<NK_V> a = nk_read_as<NK_V>(accumulate ? y : x, accumulate ? y_type : x_type, at, wide,
                                         n - at);
    uint64_t number = (uint64_t)offset + (uint64_t)at, key = nk_draw_key((uint64_t)seed, number);
    NK_UNROLL
    for (int e = 0; e < NK_V; e++) {
      uint64_t own = number + (uint64_t)e;
      /* One key serves 2^32 numbers. */
      if (e > 0 && (uint32_t)own == 0) key = nk_draw_key((uint64_t)seed, own);
      float kept = nk_draw(key, (uint32_t)own) >= (uint32_t)bound ? b.at[e] * factor : 0.0f;
      a.at[e] = accumulate ? a.at[e] + kept : kept;
    }
    nk_write_as<NK_V>(y, y_type, at, a, wide, n - at);
  }
}
