package dev.nacelle.kernels.cuda;

import java.util.List;
import java.util.Map;

/** Launches of swiglu/swiglu.cu and geglu/geglu.cu, and of sum_of_squares/sum_of_squares.cu. */
final class ElementPlans {
  private static final int THREADS = 256;

  /** Elements of a block's sum: NK_SQUARES_BLOCK. */
  private static final long BLOCK = 8192;

  /** Tensors of a gated unit. Forward: y, gate, up. */
  private static final int FORWARD = 3;

  /** Backward: grad_gate, grad_up, grad_y, gate, up. */
  private static final int BACKWARD = 5;

  private ElementPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    for (String unit : List.of("swiglu", "geglu")) {
      plans.put("nk_" + unit + "_forward", c -> gated(c, unit, "forward", FORWARD));
      plans.put("nk_" + unit + "_backward", c -> gated(c, unit, "backward", BACKWARD));
    }
    plans.put("nk_sum_of_squares_forward", ElementPlans::squares);
    plans.put("nk_sum_of_squares_backward", ElementPlans::squaresBack);
  }

  /** Tensors; rows, columns, a stride for each; type. */
  private static long gated(EntryCall c, String unit, String direction, int tensors) {
    RowGrid grid = RowGrid.of(c, tensors, c.flag(2 * tensors + 2));
    if (grid.rows() > 0 && grid.columns() > 0) {
      KernelArguments arguments = new KernelArguments();
      for (int i = 0; i < tensors; i++) {
        arguments.addresses(c.at(i));
      }
      arguments.sizes(grid.rows(), grid.columns());
      c.pass(arguments, tensors + 2, 2 * tensors + 2);
      c.launch(
          unit,
          "nk_" + unit + "_" + direction + "_" + grid.suffix(),
          grid.shape(THREADS),
          arguments);
    }
    return 0;
  }

  private static int wide(EntryCall c, int type) {
    return EntryCall.aligned(4 * EntryCall.bytes(type), c.at(0), c.at(1)) ? 1 : 0;
  }

  /** sum, partials, x; n; type. */
  private static long squares(EntryCall c) {
    long blocks = (c.at(3) + BLOCK - 1) / BLOCK;
    int type = c.flag(4);
    if (blocks > 0) {
      boolean wide = c.at(2) % (4L * EntryCall.bytes(type)) == 0;
      c.launch(
          "sum_of_squares",
          "nk_sum_of_squares_forward_" + EntryCall.type(type),
          LaunchShape.blocks(blocks, THREADS),
          new KernelArguments().addresses(c.at(1), c.at(2)).sizes(c.at(3)).flags(wide ? 1 : 0));
    }
    c.launch(
        "sum_of_squares",
        "nk_sum_of_squares_add",
        LaunchShape.blocks(1, THREADS),
        new KernelArguments().addresses(c.at(0), c.at(1)).sizes(blocks));
    return 0;
  }

  /** grad_x, x; n; type; grad_sum. */
  private static long squaresBack(EntryCall c) {
    if (c.at(2) > 0) {
      int type = c.flag(3);
      c.launch(
          "sum_of_squares",
          "nk_sum_of_squares_backward_" + EntryCall.type(type),
          LaunchShape.of((c.at(2) + 3) / 4, THREADS),
          new KernelArguments()
              .addresses(c.at(0), c.at(1))
              .sizes(c.at(2))
              .flags(wide(c, type))
              .reals(c.real(4)));
    }
    return 0;
  }
}
