package dev.nacelle.devices;

import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A machine's memory in bytes. What the files do not say is null.
 *
 * @param total of the machine
 * @param available without swapping, as the kernel estimates it, and within the control group's
 *     limit
 * @param limit of the control group; null where there is none
 * @param limitFile which file sets the limit
 */
public record Memory(
    @Nullable Long total,
    @Nullable Long available,
    @Nullable Long limit,
    @Nullable String limitFile) {
  private static final String FILE = "/proc/meminfo";
  private static final long LEAST_RESERVE = 256L << 20;

  /** Reads {@code /proc/meminfo} and the control group's files, of either version. */
  public static Memory read(DeviceFiles files) {
    Map<String, Long> info = Kilobytes.read(files.required(FILE));
    Long total = info.get("MemTotal");
    Long available = info.get("MemAvailable");
    if (files.exists(FILE) && (total == null || available == null)) {
      files.senseless(FILE);
    }
    ControlGroup group = ControlGroup.read(files);
    Long limit = group.limit();
    if (limit != null && total != null && limit >= total) {
      // More than there is: the limit of a machine without one.
      return new Memory(total, available, null, null);
    }
    if (limit != null) {
      Long used = group.used();
      long room = Math.max(0, limit - (used == null ? 0 : used));
      available = available == null ? room : Math.min(available, room);
    }
    return new Memory(total, available, limit, group.limitFile());
  }

  /**
   * What a budget leaves to everybody else: the larger of 256 MiB and 5 % of the memory that there
   * is; null where that is not known.
   */
  public @Nullable Long reserve() {
    Long whole = limit != null ? limit : total;
    return whole == null ? null : (Long) reserveOf(whole);
  }

  /** The larger of 256 MiB and 5 % of a memory. */
  static long reserveOf(long whole) {
    return Math.max(LEAST_RESERVE, whole / 20);
  }
}
