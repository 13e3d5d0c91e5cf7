package dev.nacelle.kernels.cuda;

import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.Map;

/** Launches of attention/attention.cu. */
final class AttentionPlans {
  private static final String SOURCE = "attention";
  private static final int THREADS = 256;

  /** Rows of a tile: NK_TILE. */
  private static final int TILE = 64;

  /** Numbers of a row of the table of tiles: nk_span. */
  private static final int SPAN = 5;

  /** Columns of a block's result: a head that is wider takes several. */
  private static final int NARROW = 64;

  private static final int BROAD = 128;

  private AttentionPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_attention_forward", AttentionPlans::forward);
    plans.put("nk_attention_cached", AttentionPlans::cached);
    plans.put("nk_attention_backward", AttentionPlans::backward);
    plans.put("nk_attention_forward_workspace", c -> 0);
    plans.put("nk_attention_backward_workspace", c -> 0);
  }

  private static int width(long d) {
    return d <= NARROW ? NARROW : BROAD;
  }

  private static LaunchShape shape(long tiles, long heads, long d) {
    int width = width(d);
    return new LaunchShape(tiles, heads, (d + width - 1) / width, THREADS, 0);
  }

  /** Whether four elements of a head may be read as one from every fourth on. */
  private static int wide(long address, long stride, int type, long d) {
    return d % 4 == 0 ? GemmPlans.wide(address, stride, type) : 0;
  }

  /** The tiles of packed samples, on the device. */
  private record Tiles(long address, long count) {
    /**
     * @param starts address of segments + 1 first rows, which the processor reads
     */
    static Tiles of(EntryCall c, long starts, long segments) {
      NativeBuffer rows = NativeBuffer.borrow(starts, (segments + 1) * Integer.BYTES);
      long count = 0;
      for (long s = 0; s < segments; s++) {
        count += (rows.getInt(s + 1) - rows.getInt(s) + TILE - 1) / TILE;
      }
      try (NativeBuffer table = NativeBuffer.allocate(count * SPAN * Long.BYTES)) {
        long at = 0;
        for (long s = 0; s < segments; s++) {
          long start = rows.getInt(s);
          long length = rows.getInt(s + 1) - start;
          for (long p = 0; p < length; p += TILE) {
            at = put(table, at, start + p, Math.min(TILE, length - p), start, length, p);
          }
        }
        return new Tiles(count == 0 ? 0 : c.upload(table.address(), table.byteSize()), count);
      }
    }

    /** New rows behind {@code past} ones: tiles of rows against the whole cache. */
    static Tiles cached(EntryCall c, long rows, long past) {
      long count = (rows + TILE - 1) / TILE;
      try (NativeBuffer table = NativeBuffer.allocate(count * SPAN * Long.BYTES)) {
        long at = 0;
        for (long row = 0; row < rows; row += TILE) {
          at = put(table, at, row, Math.min(TILE, rows - row), 0, past + rows, past + row);
        }
        return new Tiles(count == 0 ? 0 : c.upload(table.address(), table.byteSize()), count);
      }
    }

    private static long put(NativeBuffer table, long at, long... numbers) {
      for (int i = 0; i < numbers.length; i++) {
        table.setLong(at + i, numbers[i]);
      }
      return at + numbers.length;
    }
  }

  /**
   * out, log_sum_exp, workspace, q, k, v, starts, lows; segments, rows, heads, kv_heads, d, strides
   * of out, q, k, v; their types; causal; scale, softcap.
   */
  private static long forward(EntryCall c) {
    Tiles tiles = Tiles.of(c, c.at(6), c.at(8));
    long lows = c.at(7) == 0 ? 0 : c.upload(c.at(7), c.at(9) * Integer.BYTES);
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0), c.at(1), c.at(3), c.at(4), c.at(5), tiles.address(), lows)
            .sizes(c.at(9), c.at(10) / c.at(11), c.at(12));
    c.pass(with, 13, 21);
    for (int i = 0; i < 3; i++) {
      with.flags(wide(c.at(3 + i), c.at(14 + i), c.flag(18 + i), c.at(12)));
    }
    c.pass(with, 21, 24);
    launch(c, "forward", tiles.count(), c.at(10), c.at(12), with);
    return 0;
  }

  private static void launch(
      EntryCall c, String kernel, long tiles, long heads, long d, KernelArguments with) {
    if (tiles > 0 && heads > 0) {
      c.launch(SOURCE, "nk_attention_" + kernel + "_" + width(d), shape(tiles, heads, d), with);
    }
  }

  /**
   * out, workspace, q, k, v, lows; rows, past, heads, kv_heads, d, strides of out, q, k, v; their
   * types; scale, softcap.
   */
  private static long cached(EntryCall c) {
    Tiles tiles = Tiles.cached(c, c.at(6), c.at(7));
    long lows = c.at(5) == 0 ? 0 : c.upload(c.at(5), c.at(6) * Integer.BYTES);
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0), 0, c.at(2), c.at(3), c.at(4), tiles.address(), lows)
            .sizes(c.at(6), c.at(8) / c.at(9), c.at(10));
    c.pass(with, 11, 19);
    for (int i = 0; i < 3; i++) {
      with.flags(wide(c.at(2 + i), c.at(12 + i), c.flag(16 + i), c.at(10)));
    }
    with.flags(1);
    launch(c, "forward", tiles.count(), c.at(8), c.at(10), c.pass(with, 19, 21));
    return 0;
  }

  /**
   * grad_q, grad_k, grad_v, workspace, grad_out, out, log_sum_exp, q, k, v, starts, lows; segments,
   * rows, heads, kv_heads, d, strides of grad_q, grad_k, grad_v, grad_out, out, q, k, v; their
   * types; causal; scale, softcap.
   */
  private static long backward(EntryCall c) {
    long rows = c.at(13);
    long heads = c.at(14);
    long kvHeads = c.at(15);
    long d = c.at(16);
    Tiles tiles = Tiles.of(c, c.at(10), c.at(12));
    if (tiles.count() == 0 || heads == 0) {
      return 0;
    }
    long lows = c.at(11) == 0 ? 0 : c.upload(c.at(11), rows * Integer.BYTES);
    long dots = c.scratch(rows * heads, Float.BYTES);
    c.launch(
        SOURCE,
        "nk_attention_dots",
        LaunchShape.of(32 * rows * heads, THREADS),
        new KernelArguments()
            .addresses(dots, c.at(4), c.at(5))
            .sizes(rows, heads, d, c.at(20), c.at(21))
            .flags(c.flag(28), c.flag(29)));
    KernelArguments queries =
        new KernelArguments()
            .addresses(c.at(0), c.at(4), c.at(7), c.at(8), c.at(9), c.at(6), dots)
            .addresses(tiles.address(), lows)
            .sizes(rows, heads / kvHeads, d, c.at(17));
    read(c, queries, new int[] {25});
    launch(c, "queries", tiles.count(), heads, d, c.pass(queries, 33, 36));
    KernelArguments keys =
        new KernelArguments()
            .addresses(c.at(1), c.at(2), c.at(4), c.at(7), c.at(8), c.at(9), c.at(6), dots)
            .addresses(tiles.address(), lows)
            .sizes(rows, heads / kvHeads, d, c.at(18), c.at(19));
    read(c, keys, new int[] {26, 27});
    launch(c, "keys", tiles.count(), kvHeads, d, c.pass(keys, 33, 36));
    return 0;
  }

  /** Strides, types and vectors of grad_out, q, k, v; the types of what is written come first. */
  private static void read(EntryCall c, KernelArguments with, int[] written) {
    with.sizes(c.at(20), c.at(22), c.at(23), c.at(24));
    for (int type : written) {
      with.flags(c.flag(type));
    }
    with.flags(c.flag(28), c.flag(30), c.flag(31), c.flag(32));
    with.flags(
        wide(c.at(4), c.at(20), c.flag(28), c.at(16)),
        wide(c.at(7), c.at(22), c.flag(30), c.at(16)),
        wide(c.at(8), c.at(23), c.flag(31), c.at(16)),
        wide(c.at(9), c.at(24), c.flag(32), c.at(16)));
  }
}
