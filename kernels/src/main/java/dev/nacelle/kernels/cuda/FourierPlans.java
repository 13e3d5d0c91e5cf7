package dev.nacelle.kernels.cuda;

import java.util.Map;

/** Launches of fourier_filter/fourier_filter.cu. */
final class FourierPlans {
  private static final int THREADS = 128;
  private static final long SHARED_BYTES = 48 << 10;

  private FourierPlans() {}

  static void add(Map<String, CudaFunctions.Plan> plans) {
    plans.put("nk_fourier_filter_forward", FourierPlans::forward);
    plans.put("nk_fourier_filter_backward", FourierPlans::backward);
    plans.put("nk_fourier_filter_sum", FourierPlans::sum);
  }

  /** (T, B, N) and modes. */
  record Sizes(long steps, long batch, long neurons, long modes) {}

  /**
   * What is read and written.
   *
   * @param out y, or grad_x; fp32 y for a caller that goes on with it
   * @param gradY null in forward
   * @param x in the storage type
   * @param type of x, and of what is not fp32
   */
  record Tensors(long out, long gradY, long x, int type) {}

  /** Gains fp32, roots of unity. */
  record Gains(long re, long im, long cosine, long sine) {}

  /** y, scratch, x, gains, roots; T, B, N, M; type. */
  private static long forward(EntryCall c) {
    Sizes sizes = new Sizes(c.at(7), c.at(8), c.at(9), c.at(10));
    Tensors tensors = new Tensors(c.at(0), 0, c.at(2), c.flag(11));
    launch(c, EntryCall.type(tensors.type), sizes, tensors, gains(c, 3));
    return 0;
  }

  /** The same into fp32, for neurons. */
  static void forward(EntryCall c, Sizes sizes, Tensors tensors, Gains gains) {
    launch(c, wide(tensors.type), sizes, tensors, gains);
  }

  private static String wide(int type) {
    return type == 0 ? EntryCall.type(0) : "wide_" + EntryCall.type(type);
  }

  private static Gains gains(EntryCall c, int from) {
    return new Gains(c.at(from), c.at(from + 1), c.at(from + 2), c.at(from + 3));
  }

  private static void launch(
      EntryCall c, String suffix, Sizes sizes, Tensors tensors, Gains gains) {
    long columns = sizes.batch * sizes.neurons;
    if (columns == 0 || sizes.steps == 0) {
      return;
    }
    Spectrum spectrum = Spectrum.of(c, columns, 2 * sizes.modes);
    c.launch(
        "fourier_filter",
        "nk_fourier_filter_forward_" + suffix,
        spectrum.shape(columns),
        new KernelArguments()
            .addresses(tensors.out, spectrum.scratch, tensors.x)
            .addresses(gains.re, gains.im, gains.cosine, gains.sine)
            .sizes(sizes.steps, sizes.batch, sizes.neurons, sizes.modes));
  }

  /** grad_x, partials, scratch, grad_y, x, gains, roots; T, B, N, M, chunk_rows; type. */
  private static long backward(EntryCall c) {
    Sizes sizes = new Sizes(c.at(9), c.at(10), c.at(11), c.at(12));
    Tensors tensors = new Tensors(c.at(0), c.at(3), c.at(4), c.flag(14));
    launchBack(c, EntryCall.type(tensors.type), sizes, tensors, gains(c, 5), c.at(1), c.at(13));
    return 0;
  }

  /** The same from an fp32 gradient, behind neurons. */
  static void backward(
      EntryCall c, Sizes sizes, Tensors tensors, Gains gains, long partials, long chunkRows) {
    launchBack(c, wide(tensors.type), sizes, tensors, gains, partials, chunkRows);
  }

  private static void launchBack(
      EntryCall c,
      String suffix,
      Sizes sizes,
      Tensors tensors,
      Gains gains,
      long partials,
      long chunkRows) {
    if (sizes.batch * sizes.neurons == 0 || sizes.steps == 0) {
      return;
    }
    // Rows that share nothing need not follow each other.
    long rows = partials == 0 ? 1 : chunkRows;
    long columns = (sizes.batch + rows - 1) / rows * sizes.neurons;
    Spectrum spectrum = Spectrum.of(c, columns, 4 * sizes.modes);
    c.launch(
        "fourier_filter",
        "nk_fourier_filter_backward_" + suffix,
        spectrum.shape(columns),
        new KernelArguments()
            .addresses(tensors.out, partials, spectrum.scratch, tensors.gradY, tensors.x)
            .addresses(gains.re, gains.im, gains.cosine, gains.sine)
            .sizes(sizes.steps, sizes.batch, sizes.neurons, sizes.modes, rows));
  }

  /** Where each thread keeps its spectra: shared memory while that suffices. */
  private record Spectrum(long scratch, int threads, long sharedBytes) {
    static Spectrum of(EntryCall c, long columns, long floats) {
      int threads = THREADS;
      while (threads > 32 && floats * threads * Float.BYTES > SHARED_BYTES) {
        threads /= 2;
      }
      long bytes = floats * threads * Float.BYTES;
      return bytes <= SHARED_BYTES
          ? new Spectrum(0, threads, bytes)
          : new Spectrum(c.scratch(columns * floats, Float.BYTES), THREADS, 0);
    }

    LaunchShape shape(long columns) {
      return LaunchShape.of(columns, threads).shared(sharedBytes);
    }
  }

  /** grad_re, grad_im, partials; chunks, gains. */
  private static long sum(EntryCall c) {
    if (c.at(4) > 0) {
      c.launch(
          "fourier_filter",
          "nk_fourier_filter_sum",
          LaunchShape.of(c.at(4), THREADS),
          new KernelArguments().addresses(c.at(0), c.at(1), c.at(2)).sizes(c.at(3), c.at(4)));
    }
    return 0;
  }
}
