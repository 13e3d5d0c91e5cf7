package dev.nacelle.devices;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * A machine's files below one root: {@code /} for this machine, a recorded tree for another. What
 * is there and cannot be read, or makes no sense, is remembered by its path on the machine.
 */
public final class DeviceFiles {
  /** Far more than any of these files holds; a recorded tree may hold anything. */
  private static final int LONGEST = 4 << 20;

  private final Path root;
  private final Set<String> unread = new TreeSet<>();

  public DeviceFiles(Path root) {
    this.root = root;
  }

  /** The tree that is read. */
  public Path root() {
    return root;
  }

  /** Whether it is this machine and not a recording. */
  public boolean isThisMachine() {
    return root.toAbsolutePath().normalize().equals(Path.of("/"));
  }

  /** Where a path of the machine, {@code /proc/meminfo} say, lies here. */
  public Path at(String path) {
    return root.resolve(path.substring(1));
  }

  public boolean exists(String path) {
    return Files.exists(at(path));
  }

  /** A text file without the zeros that a device tree ends with; null where there is none. */
  public @Nullable String text(String path) {
    Path file = at(path);
    if (!Files.exists(file)) {
      return null;
    }
    try (var in = Files.newInputStream(file)) {
      byte[] bytes = in.readNBytes(LONGEST);
      return new String(bytes, StandardCharsets.UTF_8).replace("\0", "").strip();
    } catch (IOException e) {
      unread.add(path);
      return null;
    }
  }

  /** A text file that every machine has: its absence is worth a word. */
  public @Nullable String required(String path) {
    String text = text(path);
    if (text == null) {
      unread.add(path);
    }
    return text;
  }

  /** A file that holds one number; null where it holds something else, {@code max} say. */
  public @Nullable Long number(String path) {
    String text = text(path);
    if (text == null || !text.matches("\\d{1,19}")) {
      return null;
    }
    try {
      return Long.parseLong(text);
    } catch (NumberFormatException e) {
      return Long.MAX_VALUE; // an unsigned number beyond ours: no limit
    }
  }

  /** Remembers a file that made no sense. */
  public void senseless(String path) {
    unread.add(path);
  }

  /** What should have said something and did not: paths on the machine, sorted. */
  public Set<String> unread() {
    return new TreeSet<>(unread);
  }
}
