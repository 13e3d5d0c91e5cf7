package dev.nacelle.kernels.cuda;

import dev.nacelle.kernels.BlockFormat;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.util.Map;

/** Launches of dequantize/dequantize.cu and quantized_linear/quantized_linear.cu. */
final class QuantPlans {
  /** Elements that a thread widens: NK_GROUP. */
  private static final long GROUP = 32;

  private static final int WIDEN_THREADS = 128;
  private static final int THREADS = 256;

  /** Rows of x that take no tiles: NK_FEW. */
  private static final long FEW = 4;

  /** NK_I64. */
  private static final int LONG_IDS = 4;

  private QuantPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_dequantize_forward", QuantPlans::dequantize);
    plans.put("nk_quantized_linear_forward", QuantPlans::forward);
    plans.put("nk_quantized_linear_backward", QuantPlans::backward);
  }

  /** The part of a kernel's name that says its format. */
  static String format(int code) {
    for (BlockFormat format : BlockFormat.values()) {
      if (format.code() == code) {
        return format.label();
      }
    }
    throw new IllegalArgumentException("no block format has the number " + code);
  }

  /**
   * y, blocks, absmax, ids; n, vocabulary, columns, y's stride, row bytes, head rows; y's type,
   * ids' type, format. The number of the first id outside the vocabulary with nothing written, or
   * −1.
   */
  private static long dequantize(EntryCall c) {
    long n = c.at(4);
    boolean ids = c.at(3) != 0;
    int longIds = ids ? longIds(c.flag(11)) : 0;
    if (ids && n > 0) {
      long bad = firstBad(c, c.at(3), n, c.at(5), longIds);
      if (bad < n) {
        return bad;
      }
    }
    long groups = n * ((c.at(6) + GROUP - 1) / GROUP);
    if (groups > 0) {
      c.launch(
          "dequantize",
          "nk_dequantize_forward_" + format(c.flag(12)) + "_" + EntryCall.type(c.flag(10)),
          LaunchShape.of(groups, WIDEN_THREADS),
          new KernelArguments()
              .addresses(c.at(0), c.at(1), c.at(2), c.at(3))
              .sizes(n, c.at(6), c.at(7), c.at(8), c.at(9))
              .flags(longIds));
    }
    return -1;
  }

  /** 1 where ids are I64, 0 where they are I32. */
  static int longIds(int type) {
    return type == LONG_IDS ? 1 : 0;
  }

  /** The number of the first id outside 0…vocabulary−1; n where there is none. */
  static long firstBad(EntryCall c, long ids, long n, long vocabulary, int longIds) {
    try (NativeBuffer first = NativeBuffer.allocate(DType.I32.bytes())) {
      first.setInt(0, (int) Math.min(n, Integer.MAX_VALUE));
      long bad = c.upload(first.address(), first.byteSize());
      c.launch(
          "dequantize",
          "nk_dequantize_ids",
          LaunchShape.of(n, THREADS),
          new KernelArguments().addresses(bad, ids).sizes(n, vocabulary).flags(longIds));
      c.device().download(first.address(), bad, first.byteSize());
      return first.getInt(0);
    }
  }

  /**
   * y, workspace, x, blocks, absmax; m, n, k, strides of y and x, row bytes, head rows; types,
   * format.
   */
  private static long forward(EntryCall c) {
    long m = c.at(5);
    long n = c.at(6);
    if (m == 0 || n == 0) {
      return 0;
    }
    if (m > FEW) {
      tiles(c, m, n, c.at(7), false, 0);
      return 0;
    }
    c.launch(
        "quantized_linear",
        "nk_quantized_linear_few_" + format(c.flag(14)),
        LaunchShape.of(n * 32, THREADS),
        new KernelArguments()
            .addresses(c.at(0), c.at(2), c.at(3), c.at(4))
            .sizes(m, n, c.at(7), c.at(8), c.at(9), c.at(10), c.at(11))
            .flags(c.flag(12), c.flag(13)));
    return 0;
  }

  /** The same with grad_x for y and grad_y for x, and beta behind the format. */
  private static long backward(EntryCall c) {
    if (c.at(5) > 0 && c.at(7) > 0) {
      tiles(c, c.at(5), c.at(7), c.at(6), true, c.real(15));
    }
    return 0;
  }

  /** A product (m, depth) · (depth, n) whose right side is blocks, rows of them across or along. */
  private static void tiles(EntryCall c, long m, long n, long depth, boolean across, float beta) {
    c.launch(
        "quantized_linear",
        "nk_quantized_linear_tile_" + format(c.flag(14)),
        GemmPlans.shape(GemmPlans.SMALL, m, n),
        new KernelArguments()
            .addresses(c.at(0), c.at(2), c.at(3), c.at(4))
            .sizes(m, n, depth, c.at(8), c.at(9), c.at(10), c.at(7), c.at(11))
            .flags(c.flag(12), c.flag(13), GemmPlans.wide(c.at(2), c.at(9), c.flag(13)))
            .flags(across ? 1 : 0)
            .reals(beta));
  }
}
