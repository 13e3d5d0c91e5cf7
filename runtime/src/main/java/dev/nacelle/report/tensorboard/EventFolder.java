package dev.nacelle.report.tensorboard;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/**
 * The event files that we wrote into a folder, one a session of the run; others stay as they are.
 */
public final class EventFolder {
  private static final String PREFIX = "events.out.tfevents.";
  private static final String SUFFIX = ".nacelle";

  private EventFolder() {}

  /**
   * Begins a file for a run's next session. What earlier ones wrote after {@code stepsDone} steps,
   * or could not write to its end, is cut off; with no steps done they are removed.
   */
  public static EventFile open(Path folder, long stepsDone, double wallTime) throws IOException {
    Files.createDirectories(folder);
    List<Path> earlier = ours(folder);
    for (Path file : earlier) {
      if (stepsDone == 0) {
        Files.delete(file);
      } else {
        cut(file, stepsDone);
      }
    }
    // Readers go by the names' order.
    long number = (long) wallTime;
    while (Files.exists(named(folder, number))) {
      number++;
    }
    return EventFile.create(named(folder, number), stepsDone + 1, wallTime);
  }

  private static Path named(Path folder, long number) {
    return folder.resolve(String.format(Locale.ROOT, "%s%010d%s", PREFIX, number, SUFFIX));
  }

  private static List<Path> ours(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files
          .filter(
              f -> {
                String name = String.valueOf(f.getFileName());
                return name.startsWith(PREFIX) && name.endsWith(SUFFIX);
              })
          .sorted()
          .toList();
    }
  }

  /** Cuts a file before the first record that is of a later step, or not whole. */
  static void cut(Path file, long lastStep) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
      long size = channel.size();
      long at = 0;
      while (at + RecordFrame.HEAD + RecordFrame.TAIL <= size) {
        byte[] bytes = read(channel, at, RecordFrame.HEAD);
        ByteBuffer head = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long length = head.getLong();
        boolean whole =
            head.getInt() == RecordFrame.checksum(bytes, 0, Long.BYTES)
                && length >= 0
                && length <= size - at - RecordFrame.HEAD - RecordFrame.TAIL;
        if (!whole
            || step(ByteBuffer.wrap(read(channel, at + RecordFrame.HEAD, (int) length)))
                > lastStep) {
          break;
        }
        at += RecordFrame.HEAD + length + RecordFrame.TAIL;
      }
      channel.truncate(at);
    }
  }

  private static byte[] read(FileChannel channel, long at, int count) throws IOException {
    byte[] bytes = new byte[count];
    ByteBuffer into = ByteBuffer.wrap(bytes);
    while (into.hasRemaining() && channel.read(into, at + into.position()) >= 0) {
      // Goes on until all is there.
    }
    return bytes;
  }

  /**
   * The step of an event as we write it: behind the nine bytes of its time. A session's mark, which
   * names the step that is to come, counts as one less.
   */
  private static long step(ByteBuffer event) {
    event.position(Math.min(event.limit(), 1 + Double.BYTES));
    if (!event.hasRemaining() || event.get() != EventFile.STEP << 3) {
      return 0;
    }
    long step = 0;
    for (int shift = 0; event.hasRemaining(); shift += 7) {
      byte b = event.get();
      step |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        break;
      }
    }
    boolean isMark = event.hasRemaining() && event.get() == EventFile.SESSION_MARK;
    return isMark ? step - 1 : step;
  }
}
