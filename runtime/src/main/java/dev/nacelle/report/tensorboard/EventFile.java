package dev.nacelle.report.tensorboard;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;

/**
 * One event file in the making: the version, then a mark of the session's start, then an event a
 * step. Each event is written at once, so that TensorBoard shows it while the run goes on.
 *
 * <p>Field numbers are those of {@code event.proto} and {@code summary.proto}.
 */
public final class EventFile implements AutoCloseable {
  private static final int WALL_TIME = 1;
  static final int STEP = 2;
  private static final int FILE_VERSION = 3;
  private static final int SUMMARY = 5;
  private static final int SESSION_LOG = 7;
  private static final int VALUE = 1;
  private static final int TAG = 1;
  private static final int SIMPLE_VALUE = 2;
  private static final int SESSION_STATUS = 1;
  private static final int SESSION_START = 1;

  /** The first byte of a session's mark behind its step. */
  static final byte SESSION_MARK = (SESSION_LOG << 3) | 2;

  private final FileChannel channel;

  private EventFile(FileChannel channel) {
    this.channel = channel;
  }

  /**
   * Creates the file.
   *
   * @param firstStep the first step that will follow: readers forget what other files of the folder
   *     said of it and of later ones
   * @param wallTime seconds since 1970
   */
  public static EventFile create(Path file, long firstStep, double wallTime) throws IOException {
    EventFile events =
        new EventFile(
            FileChannel.open(file, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE));
    events.write(new Message().real(WALL_TIME, wallTime).text(FILE_VERSION, "brain.Event:2"));
    events.write(
        new Message()
            .real(WALL_TIME, wallTime)
            .integer(STEP, firstStep)
            .message(SESSION_LOG, new Message().integer(SESSION_STATUS, SESSION_START)));
    return events;
  }

  /** Writes the values of a step, tag → value. */
  public void scalars(long step, double wallTime, Map<String, Double> values) throws IOException {
    Message summary = new Message();
    values.forEach(
        (tag, value) ->
            summary.message(
                VALUE, new Message().text(TAG, tag).real(SIMPLE_VALUE, value.floatValue())));
    write(new Message().real(WALL_TIME, wallTime).integer(STEP, step).message(SUMMARY, summary));
  }

  private void write(Message event) throws IOException {
    ByteBuffer frame = RecordFrame.of(event.toBytes());
    while (frame.hasRemaining()) {
      int ignored = channel.write(frame);
    }
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
