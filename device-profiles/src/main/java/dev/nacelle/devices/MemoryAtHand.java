package dev.nacelle.devices;

import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * What this process may hold in all, now, and where the number comes from: the smaller of what the
 * machine has to spare, and what a control group's limit leaves. It changes while a process runs.
 *
 * <p>Of the process's own memory only what is in no file is added to what the kernel calls
 * available: pages of mapped files can be dropped, and the kernel has counted them already.
 *
 * @param bytes the most that the resident set may come to; {@link #UNKNOWN} where no file says
 * @param file which file decided; null where none did
 * @param own bytes that this process holds and that are in no file
 * @param available what the kernel says is available; null where it does not
 * @param reserve what is left to everybody else on the machine; 0 where its memory is not known
 * @param limit of the control group that leaves least; null where there is none
 * @param others bytes that other processes of that group hold against the limit
 */
public record MemoryAtHand(
    long bytes,
    @Nullable String file,
    long own,
    @Nullable Long available,
    long reserve,
    @Nullable Long limit,
    long others) {
  /** More than any machine has. */
  public static final long UNKNOWN = Long.MAX_VALUE;

  private static final String INFO = "/proc/meminfo";
  private static final String STATUS = "/proc/self/status";

  /**
   * A shell that waits, or pages that were counted elsewhere: a budget of exactly the limit is one.
   */
  private static final long FEW = 16L << 20;

  /**
   * Reads the machine's files.
   *
   * @param profileReserve what the device's profile wants to be left to others; null for the larger
   *     of 256 MiB and 5 % of the memory
   */
  public static MemoryAtHand read(DeviceFiles files, @Nullable Long profileReserve) {
    Map<String, Long> info = Kilobytes.read(files.text(INFO));
    Long available = info.get("MemAvailable");
    Long total = info.get("MemTotal");
    long own = own(files);
    long reserve = 0;
    if (profileReserve != null) {
      reserve = profileReserve;
    } else if (total != null) {
      reserve = Memory.reserveOf(total);
    }
    MemoryAtHand least =
        available == null
            ? new MemoryAtHand(UNKNOWN, null, own, null, reserve, null, 0)
            : new MemoryAtHand(
                Math.max(0, own + available - reserve), INFO, own, available, reserve, null, 0);
    for (ControlGroup group : ControlGroup.limits(files)) {
      long limit = Objects.requireNonNull(group.limit());
      Long pinned = group.pinned();
      long others = pinned == null ? 0 : Math.max(0, pinned - own);
      long room = Math.max(0, limit - (others > FEW ? others : 0));
      if (room < least.bytes) {
        least = new MemoryAtHand(room, group.limitFile(), own, available, reserve, limit, others);
      }
    }
    return least;
  }

  private static long own(DeviceFiles files) {
    Map<String, Long> status = Kilobytes.read(files.text(STATUS));
    Long anonymous = status.get("RssAnon"); // since Linux 4.5
    return anonymous == null
        ? status.getOrDefault("VmRSS", 0L)
        : anonymous + status.getOrDefault("RssShmem", 0L);
  }

  /** Whether a control group's limit decided. */
  public boolean isLimited() {
    return limit != null;
  }

  /** Where the number comes from, for a message: a clause without a full stop. */
  public String reason() {
    if (file == null) {
      return "nothing says how much memory there is";
    }
    if (limit != null) {
      return "the control group's limit is "
          + size(limit)
          + (others > FEW ? ", of which other processes hold " + size(others) : "")
          + " ("
          + file
          + ")";
    }
    return size(available == null ? 0 : available)
        + " are available and this process holds "
        + size(own)
        + ", less "
        + size(reserve)
        + " for everybody else ("
        + file
        + ")";
  }

  private static String size(long bytes) {
    return bytes >= 1L << 30
        ? String.format(Locale.ROOT, "%.2f GiB", bytes / (double) (1L << 30))
        : String.format(Locale.ROOT, "%.0f MiB", bytes / (double) (1L << 20));
  }
}
