package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of gemm/gemm.cu. */
final class GemmPlans {
  static final int THREADS = 256;
  static final int SMALL = 64;
  static final int LARGE = 128;

  /** The side of a tile of the matrix units: NK_MMA_SIDE. */
  static final int UNITS_SIDE = 128;

  private GemmPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_gemm_forward", GemmPlans::forward);
    plans.put("nk_gemm_workspace", c -> 0);
  }

  /** The side of a tile: large ones where they keep the device busy. */
  static int side(EntryCall c, long m, long n) {
    long tiles = (m + LARGE - 1) / LARGE * ((n + LARGE - 1) / LARGE);
    return tiles * THREADS >= c.device().busyThreads() && m >= LARGE && n >= LARGE ? LARGE : SMALL;
  }

  static LaunchShape shape(int side, long m, long n) {
    return LaunchShape.blocks((m + side - 1) / side, THREADS).rows((n + side - 1) / side);
  }

  /** Whether four elements may be read as one from every fourth element of every row on. */
  static int wide(long address, long stride, int type) {
    return address % (4L * EntryCall.bytes(type)) == 0 && stride % 4 == 0 ? 1 : 0;
  }

  /** Whether the matrix units take operands of this type. */
  static boolean units(EntryCall c, int type) {
    return type != 0 && c.device().hasMatrixUnits();
  }

  /** Whether eight elements may be read as one from every eighth element of every row on. */
  static int octets(long address, long stride) {
    return address % EntryCall.VECTOR_BYTES == 0 && stride % 8 == 0 ? 1 : 0;
  }

  private static void units(EntryCall c, long m, long n) {
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0), c.at(2), c.at(3))
            .sizes(m, n, c.at(6), c.at(7), c.at(8), c.at(9))
            .flags(c.flag(10), c.flag(13), c.flag(14))
            .flags(octets(c.at(2), c.at(8)), octets(c.at(3), c.at(9)));
    c.pass(with, 15, 17);
    c.launch("gemm", "nk_gemm_mma_" + EntryCall.type(c.flag(11)), shape(UNITS_SIDE, m, n), with);
  }

  /** c, workspace, a, b; m, n, k, three strides; three types, two transpositions; alpha, beta. */
  private static long forward(EntryCall c) {
    long m = c.at(4);
    long n = c.at(5);
    if (m == 0 || n == 0) {
      return 0;
    }
    if (units(c, c.flag(11)) && c.flag(11) == c.flag(12)) {
      units(c, m, n);
      return 0;
    }
    int side = side(c, m, n);
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0), c.at(2), c.at(3))
            .sizes(m, n, c.at(6), c.at(7), c.at(8), c.at(9));
    c.pass(with, 10, 15);
    with.flags(wide(c.at(2), c.at(8), c.flag(11)), wide(c.at(3), c.at(9), c.flag(12)));
    c.pass(with, 15, 17);
    c.launch("gemm", "nk_gemm_forward_" + side, shape(side, m, n), with);
    return 0;
  }
}
