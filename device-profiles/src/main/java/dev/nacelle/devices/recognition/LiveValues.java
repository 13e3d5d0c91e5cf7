package dev.nacelle.devices.recognition;

import dev.nacelle.devices.profile.DeviceProfile;
import dev.nacelle.devices.profile.Fact;
import dev.nacelle.devices.profile.PowerMode;
import dev.nacelle.devices.profile.Sourced;
import dev.nacelle.devices.recognition.Recognised.LiveMode;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What the machine says of itself now, held against its profile.
 *
 * @param mode the power mode that it is in
 * @param smCount multiprocessors in it
 */
record LiveValues(@Nullable LiveMode mode, @Nullable Long smCount) {
  /** Pairs of multiprocessors on a chip, whose gates nvpmodel's mask holds: LineageOS's confs. */
  private static final Map<String, Integer> PAIRS = Map.of("tegra194", 4, "tegra234", 8);

  static LiveValues of(
      DeviceProfile profile,
      PowerConfiguration power,
      TegraFiles tegra,
      @Nullable Long memory,
      long cores,
      List<String> contradictions) {
    if (profile.kind() == DeviceProfile.Kind.JETSON
        && !Fits.memory(profile, memory)
        && contradictions.isEmpty()) {
      contradictions.add(Fits.memoryInWords(profile, memory));
    }
    if (profile.kind() == DeviceProfile.Kind.JETSON && !Fits.cores(profile, cores)) {
      contradictions.add(
          cores
              + " processor cores are running, and "
              + profile.id()
              + " has "
              + profile.facts().number(Fact.CPU_CORES).map(Sourced::value).orElse(0L));
    }
    PowerConfiguration.Mode now = power.now();
    LiveMode mode = null;
    if (now != null) {
      mode = new LiveMode(now.id(), now.name());
    } else if (power.current() != null) {
      mode = new LiveMode(power.current(), null);
    }
    PowerMode table = null;
    if (mode != null && !profile.modes().isEmpty()) {
      String asked = now != null ? now.name() : String.valueOf(mode.id());
      table = profile.mode(asked).orElse(null);
      if (table == null) {
        contradictions.add("power mode " + asked + " is not one of " + profile.id());
      }
    }
    Long fromTable =
        (table != null ? table.facts().over(profile.facts()) : profile.facts())
            .number(Fact.SM_COUNT)
            .map(Sourced::value)
            .orElse(null);
    Long live = now == null ? null : live(now, tegra.soc());
    if (now != null
        && live != null
        && fromTable != null
        && !live.equals(fromTable)
        && table != null) {
      contradictions.add(
          PowerConfiguration.CONFIGURATION
              + " leaves "
              + live
              + " multiprocessors in mode "
              + now.name()
              + ", and "
              + profile.id()
              + " says "
              + fromTable);
    }
    return new LiveValues(mode, live != null ? live : fromTable);
  }

  private static @Nullable Long live(PowerConfiguration.Mode mode, TegraFiles.@Nullable Text soc) {
    Integer pairs = soc == null ? null : PAIRS.get(soc.text());
    Integer mask = mode.tpcMask();
    if (pairs == null || mask == null) {
      return null;
    }
    int gated = Integer.bitCount(mask & ((1 << pairs) - 1));
    return gated >= pairs ? null : (Long) (2L * (pairs - gated));
  }
}
