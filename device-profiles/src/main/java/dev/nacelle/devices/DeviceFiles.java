package dev.nacelle.devices;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentSkipListSet;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A machine's files below one root: {@code /} for this machine, a recorded tree for another. What
 * is there and cannot be read, or makes no sense, is remembered by its path on the machine.
 */
public final class DeviceFiles {
  /** Far more than any of these files holds; a recorded tree may hold anything. */
  private static final int LONGEST = 8 << 20;

  private static final int MOST_LINKS = 40;

  private final Path root;

  /** A meter reads on a thread of its own. */
  private final Set<String> unread = new ConcurrentSkipListSet<>();

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

  /**
   * Where a path of the machine, {@code /proc/meminfo} say, lies here. A link of the machine leads
   * to where it would lead there, and never out of the tree.
   */
  public Path at(String path) {
    return isThisMachine() ? root.resolve(path.substring(1)) : inside(path);
  }

  private Path inside(String path) {
    Deque<String> ahead = new ArrayDeque<>(names(path));
    List<String> done = new ArrayList<>();
    int links = 0;
    while (!ahead.isEmpty()) {
      String name = ahead.pop();
      if (name.equals("..")) {
        if (!done.isEmpty()) {
          done.removeLast();
        }
        continue;
      }
      done.add(name);
      Path here = root.resolve(String.join("/", done));
      if (Files.isSymbolicLink(here) && links++ < MOST_LINKS) {
        String target = target(here);
        done.removeLast();
        if (target.startsWith("/")) {
          done.clear();
        }
        names(target).reversed().forEach(ahead::push);
      }
    }
    return root.resolve(String.join("/", done));
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return "";
    }
  }

  private static List<String> names(String path) {
    return Arrays.stream(path.split("/", -1)).filter(n -> !n.isEmpty() && !n.equals(".")).toList();
  }

  /** The names in a folder, sorted; none where there is none. */
  public List<String> list(String folder) {
    Path at = at(folder);
    if (!Files.isDirectory(at)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(at)) {
      return all.map(f -> String.valueOf(f.getFileName())).sorted().toList();
    } catch (IOException | UncheckedIOException e) {
      unread.add(folder);
      return List.of();
    }
  }

  public boolean exists(String path) {
    return Files.exists(at(path));
  }

  /** A text file without the zeros that a device tree ends with; null where there is none. */
  public @Nullable String text(String path) {
    byte[] bytes = bytes(path);
    return bytes == null
        ? null
        : new String(bytes, StandardCharsets.UTF_8).replace("\0", "").strip();
  }

  private byte @Nullable [] bytes(String path) {
    Path file = at(path);
    if (!Files.exists(file)) {
      return null;
    }
    try (var in = Files.newInputStream(file)) {
      return in.readNBytes(LONGEST);
    } catch (IOException e) {
      unread.add(path);
      return null;
    }
  }

  /**
   * The texts of a device tree's property, which end with a zero each; none where there is none.
   */
  public List<String> strings(String path) {
    byte[] bytes = bytes(path);
    return bytes == null
        ? List.of()
        : Arrays.stream(new String(bytes, StandardCharsets.UTF_8).split("\0", -1))
            .map(String::strip)
            .filter(t -> !t.isEmpty())
            .toList();
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
