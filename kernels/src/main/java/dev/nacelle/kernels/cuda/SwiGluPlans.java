package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of swiglu/swiglu.cu. */
final class SwiGluPlans {
  private static final int THREADS = 256;

  private SwiGluPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_swiglu_forward", SwiGluPlans::forward);
    plans.put("nk_swiglu_backward", SwiGluPlans::backward);
  }

  /** y, gate, up; rows, columns, three strides; type. */
  private static long forward(EntryCall c) {
    launch(c, "nk_swiglu_forward_", 3);
    return 0;
  }

  /** grad_gate, grad_up, grad_y, gate, up; rows, columns, five strides; type. */
  private static long backward(EntryCall c) {
    launch(c, "nk_swiglu_backward_", 5);
    return 0;
  }

  private static void launch(EntryCall c, String kernel, int tensors) {
    RowGrid grid = RowGrid.of(c, tensors, c.flag(2 * tensors + 2));
    if (grid.rows() == 0 || grid.columns() == 0) {
      return;
    }
    KernelArguments arguments = new KernelArguments();
    for (int i = 0; i < tensors; i++) {
      arguments.addresses(c.at(i));
    }
    arguments.sizes(grid.rows(), grid.columns());
    c.pass(arguments, tensors + 2, 2 * tensors + 2);
    c.launch("swiglu", kernel + grid.suffix(), grid.shape(THREADS), arguments);
  }
}
