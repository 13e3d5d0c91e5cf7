package dev.nacelle.cli;

import dev.nacelle.devices.profile.DeviceChoice;
import dev.nacelle.devices.profile.Sourced;
import dev.nacelle.planning.MachineCosts;
import dev.nacelle.planning.Rates;
import dev.nacelle.train.BaseModel;
import dev.nacelle.train.FinetuneOptions;

/**
 * A device of the table: rates derived from its numbers, and the process as it is here, since
 * nobody has measured it there.
 */
record ProfiledMachine(MachineCosts here, DeviceChoice choice) implements MachineCosts {
  /** Share of the dense fp16 peak that training reaches where kernels are well made. */
  private static final double SHARE = 0.35;

  /** Share of the memory's bandwidth that a copy reaches. */
  private static final double BANDWIDTH_SHARE = 0.8;

  @Override
  public long loadBytes(BaseModel base, FinetuneOptions options) {
    return here.loadBytes(base, options);
  }

  @Override
  public long runBytes(BaseModel base, FinetuneOptions options) {
    return here.runBytes(base, options);
  }

  @Override
  public Rates rates() {
    Sourced<Long> flops = choice.fp16Flops();
    Sourced<Long> bandwidth = choice.bandwidth();
    Rates own = here.rates();
    double rate = flops == null ? own.speed().attention().flops() : SHARE * flops.value();
    double copy =
        bandwidth == null ? own.speed().bytes().copy() : BANDWIDTH_SHARE * bandwidth.value();
    return Rates.derived(rate, copy, own.storageBytesPerSecond());
  }
}
