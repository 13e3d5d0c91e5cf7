package dev.nacelle.report.tensorboard;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.zip.CRC32C;

/**
 * The frame of one record, little endian: its length (8 bytes), the length's checksum (4), the
 * record, the record's checksum (4). A checksum is CRC-32C, turned by 15 bits and moved by a
 * constant, so that the sum of data that hold sums is not degenerate.
 *
 * <p>The format is that of TensorFlow's {@code tsl/lib/io/record_writer.h} and {@code
 * tsl/lib/hash/crc32c.h}.
 */
final class RecordFrame {
  static final int HEAD = 12;
  static final int TAIL = 4;
  private static final int MASK_DELTA = 0xa282ead8;

  private RecordFrame() {}

  static ByteBuffer of(byte[] record) {
    ByteBuffer frame =
        ByteBuffer.allocate(HEAD + record.length + TAIL).order(ByteOrder.LITTLE_ENDIAN);
    frame.putLong(record.length);
    frame.putInt(checksum(frame.array(), 0, Long.BYTES));
    frame.put(record);
    frame.putInt(checksum(record, 0, record.length));
    return frame.flip();
  }

  static int checksum(byte[] bytes, int from, int count) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, count);
    int sum = (int) crc.getValue();
    return Integer.rotateRight(sum, 15) + MASK_DELTA;
  }
}
