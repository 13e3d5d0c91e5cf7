package dev.nacelle.kernels.spikepack;

import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikePack;
import dev.nacelle.kernels.common.Elements;

/** Packing in plain Java, bit by bit. */
public final class ReferenceSpikePack implements SpikePack {
  /** Whether bit {@code column} of row {@code row} is set; bits (…, ⌈N/32⌉), any strides. */
  public static boolean isSet(Operand bits, long row, long column) {
    long at = Elements.rowOffset(bits, row) + column / 32 * bits.stride(-1);
    return (Elements.getInteger(bits, at) >> (column % 32) & 1) != 0;
  }

  @Override
  public void pack(Operand bits, Operand spikes) {
    SpikePackArguments.check(bits, spikes);
    Elements.fill(bits, 0);
    long columns = spikes.size(-1);
    for (long i = 0; i < spikes.elements(); i++) {
      if (Elements.get(spikes, Elements.offset(spikes, i)) != 0) {
        long row = i / columns;
        long column = i % columns;
        long at = Elements.rowOffset(bits, row) + column / 32 * bits.stride(-1);
        Elements.setInt(bits, at, (int) Elements.getInteger(bits, at) | 1 << (column % 32));
      }
    }
  }

  @Override
  public void unpack(Operand spikes, Operand bits) {
    SpikePackArguments.check(bits, spikes);
    long columns = spikes.size(-1);
    for (long i = 0; i < spikes.elements(); i++) {
      double spike = isSet(bits, i / columns, i % columns) ? 1 : 0;
      Elements.set(spikes, Elements.offset(spikes, i), spike);
    }
  }
}
