package dev.nacelle.devices.profile;

import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A device: what it has and how to recognise it.
 *
 * @param id lower case, digits and dashes; unique
 * @param name for a person
 * @param modes in order; none where there are none or none are known
 */
public record DeviceProfile(
    String id, String name, Kind kind, Identity identity, Facts facts, List<PowerMode> modes) {

  /** What a device is. */
  public enum Kind {
    /** A module or kit with one memory for processor and graphics. */
    JETSON,
    /** A board with NVIDIA's graphics in a computer. */
    GPU,
    /** A computer whose graphics do not matter. */
    CPU;

    /** As it is written in a file. */
    public String key() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /** The mode that a board starts in. */
  public Optional<PowerMode> defaultMode() {
    return modes.stream().filter(PowerMode::isDefault).findFirst();
  }

  /** A mode by its number or its name, whatever the case. */
  public Optional<PowerMode> mode(String idOrName) {
    return modes.stream()
        .filter(m -> m.name().equalsIgnoreCase(idOrName) || String.valueOf(m.id()).equals(idOrName))
        .findFirst();
  }
}
