package dev.nacelle.kernels.cuda;

import java.util.Map;

/**
 * Launches of neuron/neuron.cu, behind fourier_filter/fourier_filter.cu where there is a filter.
 */
final class NeuronPlans {
  private static final int FORWARD_THREADS = 256;
  private static final int BACKWARD_THREADS = 64;

  /** Neurons of a thread where there are many. */
  private static final int WIDTH = 4;

  /** Shared memory of a block of backward: what every GPU has, and four blocks find room. */
  private static final long TRACE_BYTES = 40 << 10;

  /** Columns of the parameters' sums: NK_NEURON_SUMS. */
  private static final int SUMS = 4;

  /** Neurons of a run of the C library, by which the face counts rows of sums: NK_RUN. */
  private static final long RUN = 256;

  private NeuronPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_neuron_forward", NeuronPlans::forward);
    plans.put("nk_neuron_backward", NeuronPlans::backward);
  }

  /** What divides by the time constant, or multiplies by its inverse where that gives the same. */
  record Leak(float leak, int multiply) {
    static Leak of(float leak, int multiply) {
      boolean power = (Float.floatToRawIntBits(leak) & 0x7fffff) == 0;
      float inverse = 1 / leak;
      return multiply == 0 && power && Math.abs(inverse) >= Float.MIN_NORMAL
          ? new Leak(inverse, 1)
          : new Leak(leak, multiply);
    }
  }

  private static int width(EntryCall c, long columns, int type, long... tensors) {
    boolean wide =
        columns % WIDTH == 0
            && columns / WIDTH >= c.device().busyThreads()
            && EntryCall.aligned(EntryCall.VECTOR_BYTES, tensors);
    return wide && type >= 0 ? WIDTH : 1;
  }

  private static long forward(EntryCall c) {
    long steps = c.at(12);
    long batch = c.at(13);
    long neurons = c.at(14);
    long columns = batch * neurons;
    if (columns == 0) {
      return 0;
    }
    int type = c.flag(16);
    boolean filtered = c.at(15) > 0;
    long x = c.at(5);
    if (filtered) {
      x = c.scratch(steps * columns, Float.BYTES);
      FourierPlans.forward(
          c,
          new FourierPlans.Sizes(steps, batch, neurons, c.at(15)),
          new FourierPlans.Tensors(x, 0, c.at(5), type),
          new FourierPlans.Gains(c.at(8), c.at(9), c.at(10), c.at(11)));
    }
    Leak leak = Leak.of(c.real(18), c.flag(23));
    KernelArguments with =
        new KernelArguments().addresses(c.at(0), c.at(1), c.at(2), c.at(3), x, c.at(6), c.at(7));
    if (c.flag(17) != 0) {
      scalars(c, with.sizes(steps, batch, neurons), leak, 19, 24, 28);
      long threads = 32 * batch * ((neurons + 31) / 32);
      c.launch(
          "neuron",
          "nk_neuron_forward_bits_" + EntryCall.type(filtered ? 0 : type),
          LaunchShape.of(threads, FORWARD_THREADS),
          with);
      return 0;
    }
    String suffix = suffix(type, filtered);
    int width =
        suffix.startsWith("wide")
            ? 1
            : width(c, columns, type, c.at(0), c.at(1), c.at(2), c.at(3), x, c.at(6), c.at(7));
    scalars(c, with.sizes(steps, columns), leak, 19, 24, 28);
    c.launch(
        "neuron",
        "nk_neuron_forward_" + suffix + "_x" + width,
        LaunchShape.of(columns / width, threads(columns / width, FORWARD_THREADS)),
        with);
    return 0;
  }

  /** Few neurons are spread over many small blocks. */
  private static int threads(long all, int most) {
    int threads = most;
    while (threads > 32 && all < 256L * threads) {
      threads /= 2;
    }
    return threads;
  }

  private static String suffix(int type, boolean filtered) {
    return filtered && type != 0 ? "wide_" + EntryCall.type(type) : EntryCall.type(type);
  }

  /** leak, reals from {@code reals} on, multiply, flags from {@code flags} on. */
  private static void scalars(
      EntryCall c, KernelArguments with, Leak leak, int reals, int flags, int end) {
    with.reals(leak.leak());
    c.pass(with, reals, flags - 1);
    with.flags(leak.multiply());
    c.pass(with, flags, end);
  }

  private static long backward(EntryCall c) {
    long steps = c.at(17);
    long batch = c.at(18);
    long neurons = c.at(19);
    long columns = batch * neurons;
    if (columns == 0) {
      return 0;
    }
    int type = c.flag(22);
    boolean filtered = c.at(20) > 0;
    FourierPlans.Sizes sizes = new FourierPlans.Sizes(steps, batch, neurons, c.at(20));
    FourierPlans.Gains gains = new FourierPlans.Gains(c.at(13), c.at(14), c.at(15), c.at(16));
    long x = c.at(10);
    long gradX = c.at(0);
    if (filtered) {
      x = c.scratch(steps * columns, Float.BYTES);
      gradX = c.scratch(steps * columns, Float.BYTES);
      FourierPlans.forward(c, sizes, new FourierPlans.Tensors(x, 0, c.at(10), type), gains);
    }
    neurons(c, new Data(x, gradX, steps, columns, suffix(type, filtered)));
    if (filtered) {
      FourierPlans.backward(
          c,
          sizes,
          new FourierPlans.Tensors(c.at(0), gradX, c.at(10), type),
          gains,
          c.at(4),
          c.at(21));
    }
    return 0;
  }

  /** What the neurons themselves read and write, behind the filter if there is one. */
  private record Data(long x, long gradX, long steps, long columns, String suffix) {}

  private static void neurons(EntryCall c, Data data) {
    long columns = data.columns;
    boolean adaptive = c.flag(35) != 0;
    int width =
        data.suffix.startsWith("wide")
            ? 1
            : width(
                c,
                columns,
                c.flag(22),
                data.gradX,
                c.at(1),
                c.at(2),
                c.at(6),
                c.at(7),
                c.at(8),
                c.at(9),
                data.x,
                c.at(11),
                c.at(12));
    int threads = threads(columns / width, BACKWARD_THREADS);
    LaunchShape shape = LaunchShape.of(columns / width, threads);
    long stepBytes = (long) threads * width * Float.BYTES * (adaptive ? 2 : 1);
    long most = TRACE_BYTES / stepBytes;
    long segments = (data.steps + most - 1) / most;
    long segment = (data.steps + segments - 1) / segments;
    long checkpoints = segments > 1 ? c.scratch(segments * 2 * columns, Float.BYTES) : 0;
    long sums = c.at(3);
    long partials = sums == 0 ? 0 : c.scratch(shape.gridX() * SUMS, Double.BYTES);
    Leak leak = Leak.of(c.real(23), c.flag(29));
    KernelArguments with =
        new KernelArguments()
            .addresses(data.gradX, c.at(1), c.at(2), partials, checkpoints)
            .addresses(c.at(6), c.at(7), c.at(8), c.at(9), data.x, c.at(11), c.at(12))
            .sizes(data.steps, columns, segment);
    scalars(c, with, leak, 24, 30, 36);
    with.flags(c.flag(29));
    c.launch(
        "neuron",
        "nk_neuron_backward_" + data.suffix + "_x" + width,
        shape.shared(segment * stepBytes),
        with);
    if (sums != 0) {
      long chunks = (c.at(18) + c.at(21) - 1) / c.at(21);
      long items = chunks * ((c.at(19) + RUN - 1) / RUN);
      c.launch(
          "neuron",
          "nk_neuron_sums",
          LaunchShape.blocks(SUMS, 256),
          new KernelArguments().addresses(sums, partials).sizes(items, shape.gridX()));
    }
  }
}
