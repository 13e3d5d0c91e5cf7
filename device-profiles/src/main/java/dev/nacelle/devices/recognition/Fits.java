package dev.nacelle.devices.recognition;

import dev.nacelle.devices.profile.DeviceProfile;
import dev.nacelle.devices.profile.Fact;
import dev.nacelle.devices.profile.Sourced;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Whether what a machine shows can be what a profile says. */
final class Fits {
  /**
   * The least share of its memory that a module shows: carve-outs of the firmware take up to a
   * seventh on the smallest boards (MemTotal of the recorded fixtures).
   */
  private static final double LEAST_VISIBLE = 0.8;

  private Fits() {}

  /** Whether the memory fits, or one of the two is not known. */
  static boolean memory(DeviceProfile profile, @Nullable Long total) {
    return total == null || !has(profile) || knownMemory(profile, total);
  }

  /** Whether both are known and fit. */
  static boolean knownMemory(DeviceProfile profile, long total) {
    Sourced<Long> bytes = profile.facts().number(Fact.MEMORY_BYTES).orElse(null);
    return bytes != null && total <= bytes.value() && total >= LEAST_VISIBLE * bytes.value();
  }

  private static boolean has(DeviceProfile profile) {
    return profile.facts().number(Fact.MEMORY_BYTES).isPresent();
  }

  /** Whether a profile has at least the cores that are running; 0 is not known. */
  static boolean cores(DeviceProfile profile, long running) {
    return profile.facts().number(Fact.CPU_CORES).map(c -> running <= c.value()).orElse(true);
  }

  static String memoryInWords(DeviceProfile profile, @Nullable Long total) {
    long has = profile.facts().number(Fact.MEMORY_BYTES).map(Sourced::value).orElse(0L);
    return "the machine has "
        + gib(total == null ? 0 : total)
        + " of memory, and "
        + profile.id()
        + " has "
        + gib(has);
  }

  /** {@code Orin NX} of {@code jetson-orin-nx-16gb}: words of a model that tell modules apart. */
  static String family(DeviceProfile profile) {
    String name = profile.name().replace("NVIDIA Jetson ", "");
    return name.replaceAll("\\s*\\d+ GB.*|, Super|\\s*Industrial.*", "").strip();
  }

  static String gib(long bytes) {
    return String.format(Locale.ROOT, "%.1f GiB", bytes / (double) (1L << 30));
  }
}
