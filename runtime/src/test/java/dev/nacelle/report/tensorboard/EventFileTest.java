package dev.nacelle.report.tensorboard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Event files, taken apart by a decoder that shares nothing with the writer. */
final class EventFileTest {
  /**
   * As TensorBoard 2.21's own writer has it: {@code jetson-tests/peers/tensorboard_golden.py}
   * prints these bytes.
   */
  private static final String GOLDEN =
      "1800000000000000a37f4b220900000000004a93401a0d627261696e2e4576656e743a3265b8d3fb0f00"
          + "0000000000006d532b090900000000004a934010013a020801e962119b3500000000000000d6c55de609"
          + "00000000004d934010ac022a270a0b0a046c6f737315000020400a180a116d656d6f72792f706172616d"
          + "657465727315fcbe004e81d07bbd";

  @TempDir private Path folder;

  @Test
  void bytesAreTensorBoardsOwn() throws IOException {
    Path file = folder.resolve("events");
    try (EventFile events = EventFile.create(file, 1, 1234.5)) {
      Map<String, Double> values = new LinkedHashMap<>();
      values.put("loss", 2.5);
      values.put("memory/parameters", 540_000_000.0);
      events.scalars(300, 1235.25, values);
    }
    assertEquals(GOLDEN, HexFormat.of().formatHex(Files.readAllBytes(file)));
  }

  @Test
  void checksumsAreRight() throws IOException {
    assertEquals(0xe3069283, plainCrc32c("123456789".getBytes(StandardCharsets.US_ASCII)));
    try (EventFile events = EventFile.create(folder.resolve("events"), 1, 0)) {
      SplittableRandom random = new SplittableRandom(3);
      for (int step = 1; step <= 300; step++) {
        events.scalars(step, step, Map.of("x".repeat(1 + random.nextInt(300)), 1.0));
      }
    }
    assertEquals(302, decode(folder.resolve("events")).size());
  }

  @Test
  void aResumedRunRepeatsNoStep() throws IOException {
    write(0, 1, 10);
    Path first = files().getFirst();
    // A killed process leaves half a record.
    Files.write(first, new byte[] {9, 0, 0}, StandardOpenOption.APPEND);
    write(6, 7, 12);
    write(11, 12, 12);
    List<Long> steps = new ArrayList<>();
    List<Long> marks = new ArrayList<>();
    for (Path file : files()) {
      for (Event event : decode(file)) {
        if (event.tag != null) {
          steps.add(event.step);
        } else if (event.sessionStart) {
          marks.add(event.step);
        }
      }
    }
    assertEquals(Stream.iterate(1L, s -> s + 1).limit(12).toList(), steps);
    assertEquals(List.of(1L, 7L, 12L), marks);
    assertEquals(3, files().size());
    // A run that starts over has nothing to do with them; other people's files stay.
    Path foreign = Files.createFile(folder.resolve("events.out.tfevents.1.other"));
    write(0, 1, 2);
    assertEquals(2, files().size());
    assertTrue(Files.exists(foreign));
  }

  private void write(long done, long from, long to) throws IOException {
    try (EventFile events = EventFolder.open(folder, done, 1000.0 + done)) {
      for (long step = from; step <= to; step++) {
        events.scalars(step, 1000.0 + step, Map.of("loss", 1.0 / step));
      }
    }
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.sorted().toList();
    }
  }

  private record Event(long step, @Nullable String tag, float value, boolean sessionStart) {}

  private static List<Event> decode(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    List<Event> events = new ArrayList<>();
    while (in.hasRemaining()) {
      byte[] length = new byte[8];
      in.get(length);
      assertEquals(masked(plainCrc32c(length)), in.getInt(), "the length's checksum");
      byte[] record =
          new byte[(int) ByteBuffer.wrap(length).order(ByteOrder.LITTLE_ENDIAN).getLong()];
      in.get(record);
      assertEquals(masked(plainCrc32c(record)), in.getInt(), "the record's checksum");
      events.add(event(record));
    }
    return events;
  }

  private static Event event(byte[] record) {
    Map<Integer, Object> fields = fields(record);
    long step = fields.containsKey(2) ? (long) get(fields, 2) : 0;
    boolean start = fields.containsKey(7) && get(fields((byte[]) get(fields, 7)), 1).equals(1L);
    if (!fields.containsKey(5)) {
      return new Event(step, null, 0, start);
    }
    Map<Integer, Object> value = fields((byte[]) get(fields((byte[]) get(fields, 5)), 1));
    String tag = new String((byte[]) get(value, 1), StandardCharsets.UTF_8);
    return new Event(step, tag, Float.intBitsToFloat((int) get(value, 2)), start);
  }

  private static Object get(Map<Integer, Object> fields, int number) {
    return Objects.requireNonNull(fields.get(number), () -> "no field " + number);
  }

  private static Map<Integer, Object> fields(byte[] message) {
    ByteBuffer in = ByteBuffer.wrap(message).order(ByteOrder.LITTLE_ENDIAN);
    Map<Integer, Object> fields = new LinkedHashMap<>();
    while (in.hasRemaining()) {
      long tag = varint(in);
      Object value =
          switch ((int) (tag & 7)) {
            case 0 -> varint(in);
            case 1 -> in.getDouble();
            case 2 -> {
              byte[] bytes = new byte[(int) varint(in)];
              in.get(bytes);
              yield bytes;
            }
            case 5 -> in.getInt();
            default -> throw new AssertionError("wire type of " + tag);
          };
      fields.putIfAbsent((int) (tag >>> 3), value);
    }
    return fields;
  }

  private static long varint(ByteBuffer in) {
    long value = 0;
    for (int shift = 0; ; shift += 7) {
      byte b = in.get();
      value |= (long) (b & 0x7f) << shift;
      if (b >= 0) {
        return value;
      }
    }
  }

  private static int masked(int crc) {
    return (crc >>> 15 | crc << 17) + 0xa282ead8;
  }

  /** CRC-32C bit by bit. */
  private static int plainCrc32c(byte[] bytes) {
    int crc = -1;
    for (byte b : bytes) {
      crc ^= b & 0xff;
      for (int bit = 0; bit < 8; bit++) {
        crc = crc >>> 1 ^ (crc & 1) * 0x82f63b78;
      }
    }
    return ~crc;
  }
}
