package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of hydra_linear/hydra_linear.cu and dora_linear/dora_linear.cu. */
final class AdapterPlans {
  private static final String HYDRA = "hydra_linear";
  private static final String DORA = "dora_linear";
  private static final int THREADS = 256;

  /** Rows of W of a block: NK_SIDE. */
  private static final long SIDE = 64;

  /** Elements of a thread: NK_V. */
  private static final int VECTOR = 4;

  /** Parts that the magnitude's gradient is summed in. */
  private static final long PARTS = 256;

  private AdapterPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_hydra_linear_forward", AdapterPlans::mix);
    plans.put("nk_hydra_linear_backward", AdapterPlans::unmix);
    plans.put("nk_dora_linear_stride", c -> c.at(0));
    plans.put("nk_dora_linear_norm", AdapterPlans::norm);
    plans.put("nk_dora_linear_forward", AdapterPlans::scale);
    plans.put("nk_dora_linear_rows", AdapterPlans::rows);
    plans.put("nk_dora_linear_backward", AdapterPlans::magnitude);
  }

  /** mixed, omega, hidden; rows, heads, rank; weighed. */
  private static long mix(EntryCall c) {
    if (c.at(3) > 0) {
      KernelArguments with = new KernelArguments().addresses(c.at(0), c.at(1), c.at(2));
      c.launch(
          HYDRA,
          "nk_hydra_linear_forward",
          LaunchShape.of(32 * c.at(3), THREADS),
          c.pass(with, 3, 7));
    }
    return 0;
  }

  /** grad_hidden, grad_logits, grad_omega, grad_mixed, omega, hidden; rows, heads, rank. */
  private static long unmix(EntryCall c) {
    if (c.at(6) > 0) {
      KernelArguments with = new KernelArguments();
      for (int i = 0; i < 6; i++) {
        with.addresses(c.at(i));
      }
      c.launch(
          HYDRA,
          "nk_hydra_linear_backward",
          LaunchShape.of(32 * c.at(6), THREADS),
          c.pass(with, 6, 9));
    }
    return 0;
  }

  /**
   * norms, w, absmax, a, b; outputs, columns, rank, strides of w and a, head_rows; w's type, format
   * or −1; scale.
   */
  private static long norm(EntryCall c) {
    if (c.at(5) == 0) {
      return 0;
    }
    LaunchShape shape = LaunchShape.blocks((c.at(5) + SIDE - 1) / SIDE, THREADS);
    int format = c.flag(12);
    if (format < 0) {
      c.launch(
          DORA,
          "nk_dora_linear_norm_plain",
          shape,
          new KernelArguments()
              .addresses(c.at(0), c.at(1), c.at(3), c.at(4))
              .sizes(c.at(5), c.at(6), c.at(7), c.at(8), c.at(9))
              .flags(c.flag(11))
              .reals(c.real(13)));
      return 0;
    }
    c.launch(
        DORA,
        "nk_dora_linear_norm_" + QuantPlans.format(format),
        shape,
        new KernelArguments()
            .addresses(c.at(0), c.at(1), c.at(2), c.at(3), c.at(4))
            .sizes(c.at(5), c.at(6), c.at(7), c.at(8), c.at(9), c.at(10))
            .reals(c.real(13)));
    return 0;
  }

  private static boolean vectors(long address, long stride, int type) {
    return address % ((long) VECTOR * EntryCall.bytes(type)) == 0 && stride % VECTOR == 0;
  }

  /** y, product, norms, magnitude, bias; rows, columns, two strides; types of y and product. */
  private static long scale(EntryCall c) {
    if (c.at(5) == 0 || c.at(6) == 0) {
      return 0;
    }
    boolean wide =
        vectors(c.at(0), c.at(7), c.flag(9))
            && vectors(c.at(1), c.at(8), c.flag(10))
            && EntryCall.aligned(EntryCall.VECTOR_BYTES, c.at(2), c.at(3), c.at(4));
    KernelArguments with =
        new KernelArguments().addresses(c.at(0), c.at(1), c.at(2), c.at(3), c.at(4));
    c.launch(
        DORA,
        "nk_dora_linear_forward",
        LaunchShape.of((c.at(6) + VECTOR - 1) / VECTOR, THREADS).rows(c.at(5)),
        c.pass(with, 5, 11).flags(wide ? 1 : 0));
    return 0;
  }

  /** x, norms, magnitude; rows, columns. */
  private static long rows(EntryCall c) {
    if (c.at(3) > 0 && c.at(4) > 0) {
      KernelArguments with = new KernelArguments().addresses(c.at(0), c.at(1), c.at(2));
      c.launch(
          DORA,
          "nk_dora_linear_rows",
          LaunchShape.of(c.at(4), THREADS).rows(c.at(3)),
          c.pass(with, 3, 5));
    }
    return 0;
  }

  /**
   * grad_magnitude, partials, grad_y, product, norms; rows, columns, chunk_rows, two strides; types
   * of grad_y and product. The C library's chunks are too few for a GPU: the plan cuts its own.
   */
  private static long magnitude(EntryCall c) {
    long rows = c.at(5);
    long columns = c.at(6);
    if (columns == 0) {
      return 0;
    }
    long chunkRows = Math.max(1, (rows + PARTS - 1) / PARTS);
    long chunks = (rows + chunkRows - 1) / chunkRows;
    long partials = c.scratch(chunks * columns, Double.BYTES);
    if (chunks > 0) {
      KernelArguments with =
          new KernelArguments()
              .addresses(partials, c.at(2), c.at(3))
              .sizes(rows, columns, chunkRows);
      c.launch(
          DORA,
          "nk_dora_linear_partials",
          LaunchShape.of(columns, THREADS).rows(chunks),
          c.pass(with, 8, 12));
    }
    c.launch(
        DORA,
        "nk_dora_linear_sum",
        LaunchShape.of(columns, THREADS),
        new KernelArguments().addresses(c.at(0), partials, c.at(4)).sizes(chunks, columns));
    return 0;
  }
}
