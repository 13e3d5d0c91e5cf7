package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of elementwise/elementwise.cu. */
final class ElementwisePlans {
  private static final String SOURCE = "elementwise";
  private static final int THREADS = 256;

  /** Elements of a thread: NK_V. */
  private static final int VECTOR = 4;

  /** The most blocks of a launch: threads stride over the rest. */
  private static final long BLOCKS = 1 << 20;

  private ElementwisePlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_convert_forward", ElementwisePlans::convert);
    plans.put("nk_add_forward", ElementwisePlans::add);
    plans.put("nk_scale_forward", ElementwisePlans::scale);
    plans.put("nk_add_bias_forward", ElementwisePlans::addBias);
    plans.put("nk_gather_rows_forward", ElementwisePlans::gatherRows);
    plans.put("nk_dropout_forward", ElementwisePlans::dropout);
  }

  private static void launch(
      EntryCall c, String kernel, long rows, long columns, KernelArguments with) {
    long items = rows * ((columns + VECTOR - 1) / VECTOR);
    if (items > 0) {
      long blocks = Math.min(BLOCKS, (items + THREADS - 1) / THREADS);
      c.launch(SOURCE, kernel, LaunchShape.blocks(blocks, THREADS), with);
    }
  }

  private static boolean aligned(long address, int type) {
    return address % ((long) VECTOR * EntryCall.bytes(type)) == 0;
  }

  /** y, x; four sizes, four strides of y, four of x; types. */
  private static long convert(EntryCall c) {
    boolean wide =
        c.at(9) == 1
            && c.at(13) == 1
            && aligned(c.at(0), c.flag(14))
            && aligned(c.at(1), c.flag(15));
    for (int i = 0; i < 3; i++) {
      wide &= c.at(2 + i) <= 1 || (c.at(6 + i) % VECTOR == 0 && c.at(10 + i) % VECTOR == 0);
    }
    KernelArguments with = new KernelArguments().addresses(c.at(0), c.at(1));
    c.pass(with, 2, 16).flags(wide ? 1 : 0);
    launch(c, "nk_convert_forward", c.at(2) * c.at(3) * c.at(4), c.at(5), with);
    return 0;
  }

  private static int wide(EntryCall c, int yType, int xType) {
    return aligned(c.at(0), yType) && aligned(c.at(1), xType) ? 1 : 0;
  }

  /** y, x; n; types; factor. */
  private static long add(EntryCall c) {
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0), c.at(1))
            .sizes(c.at(2))
            .flags(c.flag(3), c.flag(4), wide(c, c.flag(3), c.flag(4)))
            .reals(c.real(5));
    launch(c, "nk_add_forward", 1, c.at(2), with);
    return 0;
  }

  /** y; n; type; factor. */
  private static long scale(EntryCall c) {
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0))
            .sizes(c.at(1))
            .flags(c.flag(2), aligned(c.at(0), c.flag(2)) ? 1 : 0)
            .reals(c.real(3));
    launch(c, "nk_scale_forward", 1, c.at(1), with);
    return 0;
  }

  /** y, bias; rows, columns, stride; types. */
  private static long addBias(EntryCall c) {
    boolean rows = c.at(2) <= 1 || c.at(4) % VECTOR == 0;
    KernelArguments with = new KernelArguments().addresses(c.at(0), c.at(1));
    c.pass(with, 2, 7).flags(rows ? wide(c, c.flag(5), c.flag(6)) : 0);
    launch(c, "nk_add_bias_forward", c.at(2), c.at(3), with);
    return 0;
  }

  /**
   * y, table, ids; n, vocabulary, columns, strides of y and table; types of y, table, ids. The
   * number of the first id outside the table with nothing written, or −1.
   */
  private static long gatherRows(EntryCall c) {
    long n = c.at(3);
    int longIds = QuantPlans.longIds(c.flag(10));
    if (n == 0) {
      return -1;
    }
    long bad = QuantPlans.firstBad(c, c.at(2), n, c.at(4), longIds);
    if (bad < n) {
      return bad;
    }
    boolean rows = c.at(7) % VECTOR == 0 && (n <= 1 || c.at(6) % VECTOR == 0);
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0), c.at(1), c.at(2))
            .sizes(n, c.at(5), c.at(6), c.at(7))
            .flags(c.flag(8), c.flag(9), longIds)
            .flags(rows ? wide(c, c.flag(8), c.flag(9)) : 0);
    launch(c, "nk_gather_rows_forward", n, c.at(5), with);
    return -1;
  }

  /** y, x; n; types; p; seed, offset; accumulate. */
  private static long dropout(EntryCall c) {
    float p = c.real(5);
    double threshold = p * 4294967296.0;
    long bound = threshold >= 4294967295.0 ? 0xffffffffL : (long) threshold;
    KernelArguments with =
        new KernelArguments()
            .addresses(c.at(0), c.at(1))
            .sizes(c.at(2), c.at(6), c.at(7))
            .flags(c.flag(3), c.flag(4), (int) bound, c.flag(8))
            .flags(wide(c, c.flag(3), c.flag(4)))
            .reals(p >= 1 ? 0 : 1 / (1 - p));
    launch(c, "nk_dropout_forward", 1, c.at(2), with);
    return 0;
  }
}
