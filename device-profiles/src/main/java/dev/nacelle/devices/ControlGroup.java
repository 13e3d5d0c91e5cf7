package dev.nacelle.devices;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The memory limit that the kernel holds this process to: the least one on the way from its control
 * group up to the root of the hierarchy, version 2 or 1. Inside a container the group's path is
 * often the host's, which is not mounted; the mounted root then is the container's own group.
 *
 * @param limit bytes; null where there is none
 * @param used bytes held against it that cannot be given back at once; null where that is not said
 * @param limitFile which file sets it
 * @param pinned bytes of the group that are in no file, and so cannot be dropped; null where that
 *     is not said
 */
record ControlGroup(
    @Nullable Long limit, @Nullable Long used, @Nullable String limitFile, @Nullable Long pinned) {
  private static final String MEMBERSHIP = "/proc/self/cgroup";
  private static final String MOUNT = "/sys/fs/cgroup";

  /** Version 1 writes its largest number where there is no limit. */
  private static final long UNLIMITED = 1L << 60;

  private record Version(
      String mount, String limit, String used, String cache, String anonymous, String shared) {}

  private static final Version TWO =
      new Version(MOUNT, "memory.max", "memory.current", "inactive_file", "anon", "shmem");
  private static final Version ONE =
      new Version(
          MOUNT + "/memory",
          "memory.limit_in_bytes",
          "memory.usage_in_bytes",
          "total_inactive_file",
          "total_rss",
          "total_shmem");

  static ControlGroup read(DeviceFiles files) {
    return limits(files).stream()
        .min(Comparator.comparing(group -> Objects.requireNonNull(group.limit)))
        .orElse(new ControlGroup(null, null, null, null));
  }

  /** Every limit on the way up, of both versions. */
  static List<ControlGroup> limits(DeviceFiles files) {
    List<ControlGroup> limits = new ArrayList<>();
    String membership = files.text(MEMBERSHIP);
    for (Version version : List.of(TWO, ONE)) {
      for (String folder : folders(version, path(version, membership))) {
        String file = folder + "/" + version.limit;
        Long limit = files.number(file);
        if (limit != null && limit < UNLIMITED) {
          Map<String, Long> stat = stat(files, folder);
          limits.add(
              new ControlGroup(
                  limit, used(files, folder, version, stat), file, pinned(version, stat)));
        }
      }
    }
    return limits;
  }

  /** The group's path: of the line with an empty list of controllers, or with memory in it. */
  private static String path(Version version, @Nullable String membership) {
    for (String line : membership == null ? new String[0] : membership.split("\n", -1)) {
      String[] parts = line.split(":", 3);
      if (parts.length == 3) {
        boolean meant =
            version.equals(TWO)
                ? parts[0].equals("0") && parts[1].isEmpty()
                : List.of(parts[1].split(",", -1)).contains("memory");
        if (meant && parts[2].startsWith("/") && !parts[2].contains("..")) {
          return parts[2];
        }
      }
    }
    return "/";
  }

  private static List<String> folders(Version version, String path) {
    List<String> folders = new ArrayList<>();
    String below = path.equals("/") ? "" : path;
    while (!below.isEmpty()) {
      folders.add(version.mount + below);
      below = below.substring(0, below.lastIndexOf('/'));
    }
    folders.add(version.mount);
    return folders;
  }

  private static @Nullable Long used(
      DeviceFiles files, String folder, Version version, Map<String, Long> stat) {
    Long used = files.number(folder + "/" + version.used);
    return used == null ? null : (Long) Math.max(0, used - stat.getOrDefault(version.cache, 0L));
  }

  private static @Nullable Long pinned(Version version, Map<String, Long> stat) {
    Long anonymous = stat.get(version.anonymous);
    return anonymous == null ? null : (Long) (anonymous + stat.getOrDefault(version.shared, 0L));
  }

  private static Map<String, Long> stat(DeviceFiles files, String folder) {
    Map<String, Long> stat = new HashMap<>();
    String text = files.text(folder + "/memory.stat");
    for (String line : text == null ? new String[0] : text.split("\n", -1)) {
      String[] words = line.split(" ", -1);
      if (words.length == 2 && words[1].matches("\\d{1,18}")) {
        stat.put(words[0], Long.parseLong(words[1]));
      }
    }
    return stat;
  }
}
