package dev.nacelle.kernels.spikepack;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.nativeaccess.DType;

/** What every implementation of packing asks of its arguments. */
public final class SpikePackArguments {
  private SpikePackArguments() {}

  /** Words that hold {@code columns} bits. */
  public static long words(long columns) {
    return (columns + 31) / 32;
  }

  static void check(Operand bits, Operand spikes) {
    Checks.compute("spikes", spikes);
    Checks.rankAtLeast("spikes", spikes, 1, "(…, N)");
    Checks.dtype("bits", bits, DType.I32);
    long[] shape = spikes.shape();
    shape[shape.length - 1] = words(spikes.size(-1));
    Checks.shape("bits", bits, shape);
  }
}
