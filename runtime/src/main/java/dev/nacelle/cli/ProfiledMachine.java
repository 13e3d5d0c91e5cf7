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

  @Override
  public long processBytes(BaseModel base, FinetuneOptions options) {
    return here.processBytes(base, options);
  }

  @Override
  public Rates rates() {
    Sourced<Long> flops = choice.fp16Flops();
    Sourced<Long> bandwidth = choice.bandwidth();
    Rates own = here.rates();
    double rate = flops == null ? own.flopsPerSecond() : SHARE * flops.value();
    double bytes = bandwidth == null ? own.fileBytesPerSecond() : 0.5 * bandwidth.value();
    return new Rates(rate, rate, bytes, own.storageBytesPerSecond(), false);
  }
}
