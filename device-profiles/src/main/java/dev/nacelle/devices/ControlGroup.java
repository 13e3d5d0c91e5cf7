package dev.nacelle.devices;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The memory limit that the kernel holds this process to: the least one on the way from its control
 * group up to the root of the hierarchy, version 2 or 1. Inside a container the group's path is
 * often the host's, which is not mounted; the mounted root then is the container's own group.
 *
 * @param limit bytes; null where there is none
 * @param used bytes held against it that cannot be given back at once; null where that is not said
 * @param limitFile which file sets it
 */
record ControlGroup(@Nullable Long limit, @Nullable Long used, @Nullable String limitFile) {
  private static final String MEMBERSHIP = "/proc/self/cgroup";
  private static final String MOUNT = "/sys/fs/cgroup";

  /** Version 1 writes its largest number where there is no limit. */
  private static final long UNLIMITED = 1L << 60;

  private record Version(String mount, String limit, String used, String cache) {}

  private static final Version TWO =
      new Version(MOUNT, "memory.max", "memory.current", "inactive_file");
  private static final Version ONE =
      new Version(
          MOUNT + "/memory",
          "memory.limit_in_bytes",
          "memory.usage_in_bytes",
          "total_inactive_file");

  static ControlGroup read(DeviceFiles files) {
    ControlGroup least = new ControlGroup(null, null, null);
    String membership = files.text(MEMBERSHIP);
    for (Version version : List.of(TWO, ONE)) {
      for (String folder : folders(version, path(version, membership))) {
        String file = folder + "/" + version.limit;
        Long limit = files.number(file);
        boolean lower =
            limit != null && limit < UNLIMITED && (least.limit == null || limit < least.limit);
        if (lower) {
          least = new ControlGroup(limit, used(files, folder, version), file);
        }
      }
    }
    return least;
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

  private static @Nullable Long used(DeviceFiles files, String folder, Version version) {
    Long used = files.number(folder + "/" + version.used);
    if (used == null) {
      return null;
    }
    String stat = files.text(folder + "/memory.stat");
    for (String line : stat == null ? new String[0] : stat.split("\n", -1)) {
      String[] words = line.split(" ", -1);
      if (words.length == 2 && words[0].equals(version.cache) && words[1].matches("\\d{1,18}")) {
        return Math.max(0, used - Long.parseLong(words[1]));
      }
    }
    return used;
  }
}
