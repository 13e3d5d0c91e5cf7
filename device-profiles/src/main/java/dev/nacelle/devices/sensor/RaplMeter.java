package dev.nacelle.devices.sensor;

import dev.nacelle.devices.DeviceFiles;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The energy counters of x86 processors, one a package, under powercap. They count microjoules and
 * begin again at their range. Most systems let only root read them.
 */
final class RaplMeter implements EnergyMeter {
  private static final String FOLDER = "/sys/class/powercap";

  private final DeviceFiles files;
  private final List<Counter> packages;
  private final long[] before;
  private boolean broken;

  /**
   * A counter.
   *
   * @param range where it begins again; 0 where that is not known
   */
  private record Counter(String name, String file, long range) {}

  private RaplMeter(DeviceFiles files, List<Counter> packages) {
    this.files = files;
    this.packages = packages;
    this.before = new long[packages.size()];
    begin();
  }

  static @Nullable RaplMeter find(DeviceFiles files) {
    List<Counter> packages = new ArrayList<>();
    for (String zone : files.list(FOLDER)) {
      String folder = FOLDER + "/" + zone;
      String name = files.text(folder + "/name");
      // Parts of a package lie below it as well and must not count twice; psys is the whole board.
      boolean whole =
          zone.matches("[a-z-]*rapl:\\d+") && name != null && name.startsWith("package");
      if (name != null && whole && files.number(folder + "/energy_uj") != null) {
        Long range = files.number(folder + "/max_energy_range_uj");
        packages.add(new Counter(name, folder + "/energy_uj", range == null ? 0 : range));
      }
    }
    return packages.isEmpty() ? null : new RaplMeter(files, packages);
  }

  @Override
  public String source() {
    return "rapl " + packages.stream().map(Counter::name).collect(Collectors.joining("+"));
  }

  @Override
  public void begin() {
    broken = false;
    for (int i = 0; i < before.length; i++) {
      Long now = files.number(packages.get(i).file());
      broken |= now == null;
      before[i] = now == null ? 0 : now;
    }
  }

  @Override
  public @Nullable Double joules() {
    long sum = 0;
    for (int i = 0; i < before.length && !broken; i++) {
      Long now = files.number(packages.get(i).file());
      long used = now == null ? -1 : now - before[i];
      if (now != null && used < 0) {
        used += packages.get(i).range();
      }
      broken |= used < 0;
      sum += used;
    }
    return broken ? null : (Double) (sum * 1e-6);
  }

  @Override
  public void close() {}
}
