package dev.nacelle.devices;

import org.jspecify.annotations.Nullable;

/**
 * What the package database of a board says of NVIDIA's releases.
 *
 * @param l4t version of Linux for Tegra; null where the package is not there
 * @param jetpack version of the package of everything; null where it is not there
 */
record Packages(@Nullable String l4t, @Nullable String jetpack) {
  private static final String DATABASE = "/var/lib/dpkg/status";

  static Packages read(DeviceFiles files) {
    String text = files.text(DATABASE);
    String l4t = null;
    String jetpack = null;
    String name = "";
    boolean installed = false;
    for (String line : text == null ? new String[0] : text.split("\n", -1)) {
      if (line.startsWith("Package: ")) {
        name = line.substring(9).strip();
        installed = false;
      } else if (line.startsWith("Status: ")) {
        installed = line.endsWith(" installed");
      } else if (installed && line.startsWith("Version: ")) {
        String version = line.substring(9).strip().split("[-+~]", 2)[0];
        if (version.matches("\\d+(\\.\\d+)*")) {
          l4t = name.equals("nvidia-l4t-core") ? version : l4t;
          jetpack = name.equals("nvidia-jetpack") ? version : jetpack;
        }
      }
    }
    return new Packages(l4t, jetpack);
  }
}
