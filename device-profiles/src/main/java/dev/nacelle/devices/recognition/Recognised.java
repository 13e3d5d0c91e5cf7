package dev.nacelle.devices.recognition;

import dev.nacelle.devices.profile.DeviceProfile;
import dev.nacelle.devices.profile.PowerMode;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a machine was recognised as.
 *
 * @param rule which rule decided
 * @param ruleFile the file on the machine that it read; null where the absence of files decided
 * @param ruleValue what stood in it
 * @param powerMode what the machine runs in now; null where that is not known
 * @param smCount multiprocessors in that mode, live where the machine says, else the profile's
 * @param contradictions where the machine says otherwise than the profile: the machine is believed
 */
public record Recognised(
    DeviceProfile profile,
    Rule rule,
    @Nullable String ruleFile,
    @Nullable String ruleValue,
    @Nullable LiveMode powerMode,
    @Nullable Long smCount,
    List<String> contradictions) {

  /** Why a profile was taken, from the surest to the last. */
  public enum Rule {
    /** NVIDIA's number of the module. */
    P_NUMBER,
    /** The number names another memory than there is, and a sister module fits. */
    P_NUMBER_AND_MEMORY,
    /** The text of the device tree's model. */
    MODEL,
    /** The chip and the memory leave one module. */
    SOC_AND_MEMORY,
    /** A Tegra that no profile names. */
    TEGRA,
    /** The GPU's number on the PCI bus. */
    PCI_ID,
    /** What the driver calls the GPU. */
    GPU_NAME,
    /** An NVIDIA GPU that no profile names. */
    NVIDIA_GPU,
    /** None of these. */
    NO_GPU;

    /** As doctor prints it. */
    public String label() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /**
   * A power mode as the machine names it.
   *
   * @param name null where its configuration does not say
   */
  public record LiveMode(int id, @Nullable String name) {}

  /** The profile's description of the mode that the machine runs in; null where it has none. */
  public @Nullable PowerMode tableMode() {
    LiveMode live = powerMode;
    if (live == null) {
      return null;
    }
    String name = live.name();
    return profile.mode(name != null ? name : String.valueOf(live.id())).orElse(null);
  }
}
