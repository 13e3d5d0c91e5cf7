package dev.nacelle.kernels.spikepack;

import dev.nacelle.kernels.Checks;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.SpikePack;
import dev.nacelle.kernels.common.DTypeCodes;
import dev.nacelle.kernels.common.NativeFunctions;
import dev.nacelle.kernels.common.Rows;
import dev.nacelle.kernels.common.Scratch;
import java.lang.invoke.MethodHandle;

/** The face of spike_pack/spike_pack.c. */
public final class CpuSpikePack implements SpikePack {
  private final int threads;
  private final MethodHandle pack;
  private final MethodHandle unpack;

  public CpuSpikePack(NativeFunctions library) {
    threads = library.threads();
    pack = library.bind("nk_spike_pack_forward", "PPLLII");
    unpack = library.bind("nk_spike_unpack_forward", "PPLLII");
  }

  @Override
  public void pack(Operand bits, Operand spikes) {
    SpikePackArguments.check(bits, spikes);
    Checks.contiguous("bits", bits);
    try (Scratch scratch = new Scratch()) {
      Rows in = Rows.contiguous(scratch.contiguous(spikes));
      pack.invokeExact(
          bits.address(),
          in.address(),
          in.rows(),
          in.columns(),
          DTypeCodes.of(spikes.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_spike_pack_forward", t);
    }
  }

  @Override
  public void unpack(Operand spikes, Operand bits) {
    SpikePackArguments.check(bits, spikes);
    Checks.contiguous("spikes", spikes);
    Rows out = Rows.contiguous(spikes);
    try (Scratch scratch = new Scratch()) {
      unpack.invokeExact(
          out.address(),
          scratch.contiguous(bits).address(),
          out.rows(),
          out.columns(),
          DTypeCodes.of(spikes.dtype()),
          threads);
    } catch (Throwable t) {
      throw NativeFunctions.failure("nk_spike_unpack_forward", t);
    }
  }
}
