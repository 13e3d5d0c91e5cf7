package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of quantize_activation/quantize_activation.cu. */
final class ActivationPlans {
  private static final String SOURCE = "quantize_activation";
  private static final int THREADS = 256;
  private static final int WARP = 32;

  /** Elements of a thread's item: NK_V. */
  private static final int VECTOR = 4;

  /** The most blocks of a launch: threads stride over the rest. */
  private static final long BLOCKS = 1 << 20;

  private ActivationPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_quantize_activation_forward", ActivationPlans::quantize);
    plans.put("nk_dequantize_activation_forward", ActivationPlans::dequantize);
  }

  private static boolean wide(
      long codes, long floats, int type, long rows, long block, long stride) {
    return codes % VECTOR == 0
        && block % VECTOR == 0
        && floats % ((long) VECTOR * EntryCall.bytes(type)) == 0
        && (rows <= 1 || stride % VECTOR == 0);
  }

  /** codes, scales, x; rows, columns, block, stride; seed; bits, type. */
  private static long quantize(EntryCall c) {
    long block = c.at(5);
    long blocks = c.at(3) * ((c.at(4) + block - 1) / block);
    if (blocks == 0) {
      return 0;
    }
    int lanes = 1;
    while (lanes < WARP && (long) lanes * VECTOR < block) {
      lanes *= 2;
    }
    KernelArguments with = new KernelArguments().addresses(c.at(0), c.at(1), c.at(2));
    c.pass(with, 3, 10).flags(lanes);
    boolean wide = wide(c.at(0), c.at(2), c.flag(9), c.at(3), block, c.at(6));
    c.launch(
        SOURCE,
        "nk_quantize_activation_forward",
        LaunchShape.of(blocks * lanes, THREADS),
        with.flags(wide ? 1 : 0));
    return 0;
  }

  /** y, codes, scales; rows, columns, block, stride; bits, type. */
  private static long dequantize(EntryCall c) {
    long block = c.at(5);
    long items = c.at(3) * ((c.at(4) + block - 1) / block) * ((block + VECTOR - 1) / VECTOR);
    if (items == 0) {
      return 0;
    }
    KernelArguments with = new KernelArguments().addresses(c.at(0), c.at(1), c.at(2));
    c.pass(with, 3, 9);
    boolean wide = wide(c.at(1), c.at(0), c.flag(8), c.at(3), block, c.at(6));
    c.launch(
        SOURCE,
        "nk_dequantize_activation_forward",
        LaunchShape.blocks(Math.min(BLOCKS, (items + THREADS - 1) / THREADS), THREADS),
        with.flags(wide ? 1 : 0));
    return 0;
  }
}
