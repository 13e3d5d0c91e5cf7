package dev.nacelle.nativeaccess;

import dev.nacelle.nativeaccess.ffm.Libc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What of this process is resident, and giving back what starting and loading left behind: pages of
 * libraries and class archives that were read once, and memory that the C library keeps after it
 * was freed. What is used again comes back from the system's cache of files.
 */
public final class ProcessPages {
  private static final Path SMAPS = Path.of("/proc/self/smaps");
  private static final Pattern HEADER =
      Pattern.compile("([0-9a-f]{1,16})-([0-9a-f]{1,16}) (\\S{4}) \\S+ \\S+ (\\d+)\\s*(.*)");
  private static final Pattern FIELD = Pattern.compile("(\\w+):\\s+(\\d+) kB");

  private ProcessPages() {}

  /**
   * A range of addresses.
   *
   * @param name of the mapped file, {@code [heap]} and its like, or empty
   * @param access as {@code rw-p}
   * @param isFile whether a file lies behind it
   * @param resident bytes of it in memory
   * @param anonymous bytes of it in memory that are no file's, or no longer
   */
  public record Mapping(
      long from,
      long to,
      String access,
      boolean isFile,
      String name,
      long resident,
      long anonymous) {
    /** Whether no page of it can have been written: the file still holds all of it. */
    boolean isClean() {
      return isFile
          && anonymous == 0
          && resident > 0
          && access.charAt(1) != 'w'
          && access.endsWith("p");
    }
  }

  /** The mappings of this process that are in memory; none where the system does not tell. */
  public static List<Mapping> resident() {
    List<Mapping> found = new ArrayList<>();
    try (var lines = Files.newBufferedReader(SMAPS)) {
      Matcher header = null;
      long resident = 0;
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Matcher next = HEADER.matcher(line);
        if (next.matches()) {
          header = next;
          continue;
        }
        Matcher field = FIELD.matcher(line);
        if (header == null || !field.matches()) {
          continue;
        }
        if (field.group(1).equals("Rss")) {
          resident = Long.parseLong(field.group(2)) << 10;
        } else if (field.group(1).equals("Anonymous") && resident > 0) {
          found.add(mapping(header, resident, Long.parseLong(field.group(2)) << 10));
        }
      }
    } catch (IOException e) {
      return List.of();
    }
    return found;
  }

  private static Mapping mapping(Matcher header, long resident, long anonymous) {
    return new Mapping(
        Long.parseUnsignedLong(header.group(1), 16),
        Long.parseUnsignedLong(header.group(2), 16),
        header.group(3),
        !header.group(4).equals("0"),
        header.group(5),
        resident,
        anonymous);
  }

  /**
   * Takes out of this process what can be read again and what nobody holds. Memory-mapped models
   * stay: their pages go by {@link NativeMemory#letGo}.
   */
  public static void giveBack() {
    Libc.trimHeap();
    for (Mapping mapping : resident()) {
      if (mapping.isClean()) {
        Libc.advise(mapping.from(), mapping.to() - mapping.from(), false);
      }
    }
  }
}
