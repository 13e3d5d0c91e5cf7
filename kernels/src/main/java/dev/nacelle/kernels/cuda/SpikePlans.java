package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of spike_pack, spike_linear and leaky_integrate. */
final class SpikePlans {
  private static final int THREADS = 256;

  /** Words of a warp that packs: NK_WORDS. */
  private static final int WORDS = 4;

  /** Columns of y of a thread, and padding of the transposed weight: NK_OUT, NK_PART. */
  private static final int OUT = 4;

  private static final int PART = 128;
  private static final int TILE = 32;

  private SpikePlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_spike_pack_forward", SpikePlans::pack);
    plans.put("nk_spike_unpack_forward", SpikePlans::unpack);
    plans.put("nk_spike_linear_stride", c -> (c.at(0) + PART - 1) / PART * PART);
    plans.put("nk_spike_linear_turn", SpikePlans::turn);
    plans.put("nk_spike_linear_list", SpikePlans::list);
    plans.put("nk_spike_linear_forward", SpikePlans::linear);
    plans.put("nk_spike_linear_weight", SpikePlans::weight);
    plans.put("nk_spike_linear_bias", SpikePlans::bias);
    plans.put("nk_leaky_integrate_forward", SpikePlans::integrate);
    plans.put("nk_leaky_integrate_backward", SpikePlans::integrateBack);
  }

  private static long words(long columns) {
    return (columns + 31) / 32;
  }

  /** bits, spikes; rows, columns; type. */
  private static long pack(EntryCall c) {
    long words = c.at(2) * words(c.at(3));
    if (words > 0) {
      c.launch(
          "spike_pack",
          "nk_spike_pack_forward_" + EntryCall.type(c.flag(4)),
          LaunchShape.of((words + WORDS - 1) / WORDS * 32, THREADS),
          new KernelArguments().addresses(c.at(0), c.at(1)).sizes(c.at(2), c.at(3)));
    }
    return 0;
  }

  /** spikes, bits; rows, columns; type. */
  private static long unpack(EntryCall c) {
    long words = c.at(2) * words(c.at(3));
    int type = c.flag(4);
    int width = EntryCall.VECTOR_BYTES / EntryCall.bytes(type);
    width = c.at(3) % width == 0 && c.at(0) % EntryCall.VECTOR_BYTES == 0 ? width : 1;
    if (words > 0) {
      c.launch(
          "spike_pack",
          "nk_spike_unpack_forward_" + EntryCall.type(type) + "_x" + width,
          LaunchShape.of(words * (32 / width), THREADS),
          new KernelArguments().addresses(c.at(0), c.at(1)).sizes(c.at(2), c.at(3)));
    }
    return 0;
  }

  /** turned, weight; outputs, columns, stride; type. */
  private static long turn(EntryCall c) {
    if (c.at(2) > 0 && c.at(3) > 0) {
      c.launch(
          "spike_linear",
          "nk_spike_linear_turn_" + EntryCall.type(c.flag(5)),
          LaunchShape.blocks(c.at(4) / TILE, THREADS).rows((c.at(3) + TILE - 1) / TILE),
          new KernelArguments().addresses(c.at(0), c.at(1)).sizes(c.at(2), c.at(3), c.at(4)));
    }
    return 0;
  }

  /** active, counts, bits; rows, columns. */
  private static long list(EntryCall c) {
    if (c.at(3) > 0) {
      c.launch(
          "spike_linear",
          "nk_spike_linear_list",
          LaunchShape.of(32 * c.at(3), THREADS),
          new KernelArguments().addresses(c.at(0), c.at(1), c.at(2)).sizes(c.at(3), c.at(4)));
    }
    return 0;
  }

  /** y, turned, bias, active, counts; rows, columns, outputs, stride; type, bias's type. */
  private static long linear(EntryCall c) {
    if (c.at(5) > 0 && c.at(7) > 0) {
      String types = EntryCall.type(c.flag(9)) + "_" + EntryCall.type(c.flag(10));
      int threads = Math.clamp((c.at(7) + OUT - 1) / OUT, 32, PART) / 32 * 32;
      c.launch(
          "spike_linear",
          "nk_spike_linear_forward_" + types,
          LaunchShape.of((c.at(7) + OUT - 1) / OUT, threads).rows(c.at(5)),
          new KernelArguments()
              .addresses(c.at(0), c.at(1), c.at(2), c.at(3), c.at(4))
              .sizes(c.at(5), c.at(6), c.at(7), c.at(8)));
    }
    return 0;
  }

  /** grad_weight, grad_y, bits; rows, columns, outputs; type. */
  private static long weight(EntryCall c) {
    if (c.at(4) > 0 && c.at(5) > 0) {
      c.launch(
          "spike_linear",
          "nk_spike_linear_weight_" + EntryCall.type(c.flag(6)),
          LaunchShape.of(c.at(5), PART).rows(words(c.at(4))),
          new KernelArguments()
              .addresses(c.at(0), c.at(1), c.at(2))
              .sizes(c.at(3), c.at(4), c.at(5)));
    }
    return 0;
  }

  /** grad_bias, grad_y; rows, outputs; type. */
  private static long bias(EntryCall c) {
    if (c.at(3) > 0) {
      c.launch(
          "spike_linear",
          "nk_spike_linear_bias_" + EntryCall.type(c.flag(4)),
          LaunchShape.of(c.at(3) * 8, THREADS),
          new KernelArguments().addresses(c.at(0), c.at(1)).sizes(c.at(2), c.at(3)));
    }
    return 0;
  }

  private static int width(EntryCall c, long columns) {
    boolean wide =
        columns % 4 == 0
            && columns / 4 >= c.device().busyThreads()
            && EntryCall.aligned(EntryCall.VECTOR_BYTES, c.at(0), c.at(1));
    return wide ? 4 : 1;
  }

  private static LaunchShape steps(long columns, int width) {
    long threads = columns / width;
    return LaunchShape.of(threads, threads < 256L * THREADS ? 64 : THREADS);
  }

  /** v, x; steps, columns; type, tau, decay_input. */
  private static long integrate(EntryCall c) {
    if (c.at(2) > 0 && c.at(3) > 0) {
      int width = width(c, c.at(3));
      NeuronPlans.Leak leak = NeuronPlans.Leak.of(c.real(5), 0);
      c.launch(
          "leaky_integrate",
          "nk_leaky_integrate_forward_" + EntryCall.type(c.flag(4)) + "_x" + width,
          steps(c.at(3), width),
          new KernelArguments()
              .addresses(c.at(0), c.at(1))
              .sizes(c.at(2), c.at(3))
              .reals(leak.leak())
              .flags(leak.multiply(), c.flag(6)));
    }
    return 0;
  }

  /** grad_x, grad_v; steps, columns; type, tau, decay_input. */
  private static long integrateBack(EntryCall c) {
    if (c.at(2) > 0 && c.at(3) > 0) {
      int width = width(c, c.at(3));
      float inverse = 1 / c.real(5);
      c.launch(
          "leaky_integrate",
          "nk_leaky_integrate_backward_" + EntryCall.type(c.flag(4)) + "_x" + width,
          steps(c.at(3), width),
          new KernelArguments()
              .addresses(c.at(0), c.at(1))
              .sizes(c.at(2), c.at(3))
              .reals(1 - inverse, c.flag(6) != 0 ? inverse : 1));
    }
    return 0;
  }
}
