package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of cross_entropy/cross_entropy.cu; the products between them are gemm's. */
final class HeadPlans {
  private static final int THREADS = 256;

  private HeadPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_cross_entropy_take", HeadPlans::take);
    plans.put("nk_cross_entropy_losses", HeadPlans::losses);
    plans.put("nk_cross_entropy_finish", HeadPlans::finish);
    plans.put("nk_cross_entropy_gradient", HeadPlans::gradient);
    plans.put("nk_cross_entropy_gather", c -> move(c, "nk_cross_entropy_gather_"));
    plans.put("nk_cross_entropy_scatter", c -> move(c, "nk_cross_entropy_scatter_"));
  }

  private static LaunchShape grid(long rows, long columns) {
    return LaunchShape.of(columns, THREADS).rows(rows);
  }

  /** Whole warps, no more than a row has columns for. */
  private static int rowThreads(long columns) {
    return Math.clamp((columns + 31) / 32 * 32, 32, THREADS);
  }

  /**
   * max, sum, wanted, wide, narrow, logits, targets; rows, columns, first, channels, rank; keep;
   * softcap.
   */
  private static long take(EntryCall c) {
    if (c.at(7) > 0) {
      KernelArguments with = new KernelArguments();
      for (int i = 0; i < 7; i++) {
        with.addresses(c.at(i));
      }
      c.launch(
          "cross_entropy",
          "nk_cross_entropy_take",
          LaunchShape.blocks(c.at(7), rowThreads(c.at(8))),
          c.pass(with, 8, 14));
    }
    return 0;
  }

  /** losses, max, sum, wanted; rows. */
  private static long losses(EntryCall c) {
    if (c.at(4) > 0) {
      c.launch(
          "cross_entropy",
          "nk_cross_entropy_losses",
          LaunchShape.of(c.at(4), THREADS),
          new KernelArguments().addresses(c.at(0), c.at(1), c.at(2), c.at(3)).sizes(c.at(4)));
    }
    return 0;
  }

  /** x, sum, wanted, weight, targets, weights; rows, columns, stride; type; factor, softcap. */
  private static long finish(EntryCall c) {
    if (c.at(6) > 0 && c.at(7) > 0) {
      KernelArguments with = new KernelArguments();
      for (int i = 0; i < 6; i++) {
        with.addresses(c.at(i));
      }
      c.pass(with, 6, 9);
      c.launch(
          "cross_entropy",
          "nk_cross_entropy_finish_" + EntryCall.type(c.flag(9)),
          grid(c.at(6), c.at(7)),
          c.pass(with, 10, 12));
    }
    return 0;
  }

  /** logits, max, sum, targets, weights; rows, columns, first; grad_scale, softcap. */
  private static long gradient(EntryCall c) {
    if (c.at(5) > 0 && c.at(6) > 0) {
      KernelArguments with = new KernelArguments();
      for (int i = 0; i < 5; i++) {
        with.addresses(c.at(i));
      }
      c.launch(
          "cross_entropy",
          "nk_cross_entropy_gradient",
          grid(c.at(5), c.at(6)),
          c.pass(with, 5, 10));
    }
    return 0;
  }

  /** y, x, numbers; n, columns, stride; type. */
  private static long move(EntryCall c, String kernel) {
    if (c.at(3) > 0 && c.at(4) > 0) {
      KernelArguments with = new KernelArguments().addresses(c.at(0), c.at(1), c.at(2));
      c.launch(
          "cross_entropy",
          kernel + EntryCall.type(c.flag(6)),
          grid(c.at(3), c.at(4)),
          c.pass(with, 3, 6));
    }
    return 0;
  }
}
