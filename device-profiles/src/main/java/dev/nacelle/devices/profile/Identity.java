package dev.nacelle.devices.profile;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a device is recognised by its files. What does not apply is empty or null.
 *
 * @param soc {@code tegra234}, say, at the end of the device tree's {@code compatible}
 * @param pNumbers NVIDIA's module numbers, {@code p3767-0003}, or {@code CARRIER+MODULE}
 * @param models whole texts of the device tree's property model
 * @param pciIds {@code VENDOR:DEVICE} in hexadecimal
 * @param gpuNames what NVIDIA's driver calls it
 * @param isSuper whether it is the module under JetPack 6.2's Super configuration
 */
public record Identity(
    @Nullable String soc,
    List<String> pNumbers,
    List<String> models,
    List<String> pciIds,
    List<String> gpuNames,
    boolean isSuper) {
  /** By nothing: taken where nothing else is. */
  public static final Identity NONE =
      new Identity(null, List.of(), List.of(), List.of(), List.of(), false);
}
