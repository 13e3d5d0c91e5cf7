package dev.nacelle.devices.recognition;

import dev.nacelle.devices.DeviceFiles;
import dev.nacelle.devices.Machine;
import dev.nacelle.devices.Memory;
import dev.nacelle.devices.MemoryWatch;
import dev.nacelle.devices.Processor;
import dev.nacelle.devices.profile.Fact;
import dev.nacelle.devices.profile.Facts;
import dev.nacelle.devices.profile.Profiles;
import dev.nacelle.devices.profile.Sourced;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** What the profile of a machine wants a budget to leave to everybody else. */
public final class ProfileReserve {
  private ProfileReserve() {}

  /** Watches this machine, with the reserve of its profile. */
  public static MemoryWatch watchThisMachine() {
    DeviceFiles files = new DeviceFiles(Path.of("/"));
    return new MemoryWatch(files, of(files, Profiles.builtIn()));
  }

  /**
   * The reserve in bytes; null where the profile says nothing. Reading all profiles to recognise a
   * machine costs time and heap: that is spared where none of them has a reserve.
   */
  public static @Nullable Long of(DeviceFiles files, Profiles profiles) {
    if (!profiles.mention(Fact.RESERVE_BYTES)) {
      return null;
    }
    Recognised recognised =
        Recogniser.recognise(
            files, profiles, Machine.read(files), Memory.read(files), Processor.read(files));
    Facts facts = recognised.profile().facts();
    // A card's own memory is another one than the machine's.
    return facts.flag(Fact.UNIFIED).orElse(false)
        ? facts.number(Fact.RESERVE_BYTES).map(Sourced::value).orElse(null)
        : null;
  }
}
