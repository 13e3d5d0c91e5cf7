package dev.nacelle.devices;

import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * What a machine is called and what runs on it. What the files do not say is null.
 *
 * @param name of the board or the product
 * @param system the operating system's name
 * @param kernel its release
 * @param l4t NVIDIA's Linux for Tegra, {@code 36.4.3} say
 * @param jetpack the release of NVIDIA's whole software for a board that has this Linux for Tegra
 * @param cuda version of the toolkit in its usual folder
 * @param gpu what NVIDIA's driver calls the first one
 */
public record Machine(
    @Nullable String name,
    @Nullable String system,
    @Nullable String kernel,
    @Nullable String l4t,
    @Nullable String jetpack,
    @Nullable String cuda,
    @Nullable String gpu) {
  private static final String GPUS = "/proc/driver/nvidia/gpus";
  private static final Pattern L4T =
      Pattern.compile("R(\\d+)\\s*\\(release\\),\\s*REVISION:\\s*([0-9.]+)");
  private static final Pattern PRETTY = Pattern.compile("(?m)^PRETTY_NAME=\"?([^\"\n]*)\"?");
  private static final Pattern CUDA =
      Pattern.compile("\"cuda\"\\s*:\\s*\\{[^}]*\"version\"\\s*:\\s*\"([0-9.]+)\"");

  private static final Pattern OLD_CUDA = Pattern.compile("CUDA Version ([0-9.]+)");

  private static final Pattern MODEL = Pattern.compile("(?m)^Model:\\s*(.+)$");

  /** Reads the files. */
  public static Machine read(DeviceFiles files) {
    String name = files.text("/proc/device-tree/model");
    name = name == null ? files.text("/sys/firmware/devicetree/base/model") : name;
    name = name == null || name.isEmpty() ? null : name;
    name = name == null ? files.text("/sys/class/dmi/id/product_name") : name;
    String release = files.text("/etc/nv_tegra_release");
    String l4t = null;
    if (release != null) {
      Matcher m = L4T.matcher(release);
      if (m.find()) {
        l4t = m.group(1) + "." + m.group(2);
      } else {
        files.senseless("/etc/nv_tegra_release");
      }
    }
    Packages packages = Packages.read(files);
    l4t = l4t == null ? packages.l4t() : l4t;
    String kernel = files.text("/proc/sys/kernel/osrelease");
    return new Machine(
        name == null || name.isEmpty() ? null : name,
        first(PRETTY, files.text("/etc/os-release")),
        kernel,
        l4t,
        JetPack.of(packages.jetpack(), l4t),
        cuda(files),
        gpu(files));
  }

  private static @Nullable String cuda(DeviceFiles files) {
    String version = first(CUDA, files.text("/usr/local/cuda/version.json"));
    return version != null ? version : first(OLD_CUDA, files.text("/usr/local/cuda/version.txt"));
  }

  private static @Nullable String gpu(DeviceFiles files) {
    return files.list(GPUS).stream()
        .map(gpu -> first(MODEL, files.text(GPUS + "/" + gpu + "/information")))
        .filter(Objects::nonNull)
        .findFirst()
        .orElse(null);
  }

  private static @Nullable String first(Pattern pattern, @Nullable String text) {
    Matcher m = pattern.matcher(text == null ? "" : text);
    return m.find() ? m.group(1).strip() : null;
  }
}
