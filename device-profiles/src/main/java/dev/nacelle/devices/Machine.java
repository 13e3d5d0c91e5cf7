package dev.nacelle.devices;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a machine is called and what runs on it. What the files do not say is null.
 *
 * @param name of the board or the product
 * @param system the operating system's name
 * @param kernel its release
 * @param l4t NVIDIA's Linux for Tegra, {@code 36.4.3} say
 * @param cuda version of the toolkit in its usual folder
 * @param gpu what NVIDIA's driver calls the first one
 */
public record Machine(
    @Nullable String name,
    @Nullable String system,
    @Nullable String kernel,
    @Nullable String l4t,
    @Nullable String cuda,
    @Nullable String gpu) {
  private static final Pattern L4T =
      Pattern.compile("R(\\d+)\\s*\\(release\\),\\s*REVISION:\\s*([0-9.]+)");
  private static final Pattern PRETTY = Pattern.compile("(?m)^PRETTY_NAME=\"?([^\"\n]*)\"?");
  private static final Pattern CUDA =
      Pattern.compile("\"cuda\"\\s*:\\s*\\{[^}]*\"version\"\\s*:\\s*\"([0-9.]+)\"");

  private static final Pattern MODEL = Pattern.compile("(?m)^Model:\\s*(.+)$");

  /** Reads the files. */
  public static Machine read(DeviceFiles files) {
    String name = files.text("/proc/device-tree/model");
    name = name == null ? files.text("/sys/firmware/devicetree/base/model") : name;
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
    String kernel = files.text("/proc/sys/kernel/osrelease");
    return new Machine(
        name == null || name.isEmpty() ? null : name,
        first(PRETTY, files.text("/etc/os-release")),
        kernel,
        l4t,
        first(CUDA, files.text("/usr/local/cuda/version.json")),
        gpu(files));
  }

  private static @Nullable String gpu(DeviceFiles files) {
    Path folder = files.at("/proc/driver/nvidia/gpus");
    if (!Files.isDirectory(folder)) {
      return null;
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.map(f -> "/proc/driver/nvidia/gpus/" + f.getFileName() + "/information")
          .sorted()
          .map(path -> first(MODEL, files.text(path)))
          .filter(Objects::nonNull)
          .findFirst()
          .orElse(null);
    } catch (IOException e) {
      files.senseless("/proc/driver/nvidia/gpus");
      return null;
    }
  }

  /** Whether processor and graphics share one memory: true on a Tegra, else not known from here. */
  public @Nullable Boolean unified() {
    return l4t == null ? null : Boolean.TRUE;
  }

  private static @Nullable String first(Pattern pattern, @Nullable String text) {
    Matcher m = pattern.matcher(text == null ? "" : text);
    return m.find() ? m.group(1) : null;
  }
}
