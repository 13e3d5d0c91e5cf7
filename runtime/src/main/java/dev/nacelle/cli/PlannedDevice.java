package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.devices.profile.DeviceChoice;
import dev.nacelle.devices.profile.ProfileException;
import dev.nacelle.memory.Budget;
import dev.nacelle.planning.MachineCosts;
import dev.nacelle.train.FinetuneOptions;
import java.nio.file.Path;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * What a plan is made for: this machine, or a device of the table.
 *
 * @param bound what a process may hold there
 */
record PlannedDevice(Supplier<MachineCosts> machine, Supplier<Budget.Look> bound) {
  /**
   * The device that was asked for.
   *
   * @param asked {@code ID[:MODE]}; null for this machine, or for the one that {@code file}
   *     describes
   */
  static PlannedDevice of(@Nullable String asked, @Nullable Path file, FinetuneOptions options) {
    Long budget = options.limits().budget();
    Supplier<MachineCosts> here = () -> ThisMachine.costs(options.threads(), ThisMachine::say);
    if (asked == null && file == null) {
      return new PlannedDevice(here, ThisMachine.budget(budget)::now);
    }
    var profiles = DevicesCommand.profiles(file);
    var own = profiles.own();
    String name = asked != null ? asked : own == null ? "" : own.id();
    try {
      DeviceChoice choice = profiles.choose(name);
      Long usable = choice.usableBytes();
      if (usable == null) {
        throw NacelleException.usage(
            "the profile " + choice.label() + " does not say how much memory there is",
            "describe the board with a --profile FILE of your own that says memory_bytes");
      }
      return new PlannedDevice(
          () -> new ProfiledMachine(here.get(), choice), () -> bound(usable, choice, budget));
    } catch (ProfileException e) {
      throw NacelleException.usage(e.getMessage(), "./nacelle devices lists the profiles");
    }
  }

  private static Budget.Look bound(long usable, DeviceChoice choice, @Nullable Long budget) {
    Budget.Look there = new Budget.Look(usable, "usable on " + choice.label());
    return budget == null || there.bytes() < budget ? there : new Budget.Look(budget, "--budget");
  }
}
