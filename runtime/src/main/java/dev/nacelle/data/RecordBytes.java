package dev.nacelle.data;

/** Checks and a hash of a record's bytes, before anything is made of them. */
final class RecordBytes {
  private RecordBytes() {}

  /**
   * Checks what JSON parsers let pass: that the bytes are UTF-8 (no overlong form, no surrogate, no
   * cut sequence) and that each {@code \}{@code uD8xx} escape of a surrogate has its other half.
   */
  static void check(byte[] bytes) throws BadRecordException {
    int i = 0;
    while (i < bytes.length) {
      int c = bytes[i];
      if (c == '\\') {
        i = afterEscape(bytes, i);
      } else if (c == 0) {
        // No JSON in UTF-8 holds one, and the parser would take the record for UTF-16.
        throw new BadRecordException(
            "byte %d of the record is zero; data are UTF-8 (is this UTF-16?)".formatted(i));
      } else if (c > 0) {
        i++;
      } else {
        int n = sequenceLength(bytes, i);
        if (n == 0) {
          throw new BadRecordException(
              "byte %d of the record (0x%02X) is not valid UTF-8".formatted(i, c & 0xFF));
        }
        i += n;
      }
    }
  }

  private static int afterEscape(byte[] bytes, int i) throws BadRecordException {
    int unit = escapedUnit(bytes, i);
    if (unit < 0) {
      // Another escape, or none: one byte that is ASCII belongs to it.
      return i + (i + 1 < bytes.length && bytes[i + 1] >= 0 ? 2 : 1);
    }
    if (unit >= 0xD800 && unit <= 0xDBFF) {
      int low = escapedUnit(bytes, i + 6);
      if (low >= 0xDC00 && low <= 0xDFFF) {
        return i + 12;
      }
    } else if (unit < 0xDC00 || unit > 0xDFFF) {
      return i + 6;
    }
    throw new BadRecordException(
        "byte %d of the record: the escape \\u%04X is half of a surrogate pair without the other"
            .formatted(i, unit));
  }

  /** The value of the four-digit escape at i; −1 where none stands there. */
  private static int escapedUnit(byte[] bytes, int i) {
    if (i + 6 > bytes.length || bytes[i] != '\\' || bytes[i + 1] != 'u') {
      return -1;
    }
    int unit = 0;
    for (int k = i + 2; k < i + 6; k++) {
      int digit = Character.digit(bytes[k], 16);
      if (digit < 0) {
        return -1;
      }
      unit = unit << 4 | digit;
    }
    return unit;
  }

  /** Length of the multi-byte sequence at i; 0 where it is malformed (Unicode, table 3-7). */
  private static int sequenceLength(byte[] bytes, int i) {
    int first = bytes[i] & 0xFF;
    int length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
    if (first < 0xC2 || first > 0xF4 || i + length > bytes.length) {
      return 0;
    }
    int low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    int high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    int second = bytes[i + 1] & 0xFF;
    if (second < low || second > high) {
      return 0;
    }
    for (int k = i + 2; k < i + length; k++) {
      if ((bytes[k] & 0xC0) != 0x80) {
        return 0;
      }
    }
    return length;
  }

  /** A 64-bit hash of the bytes, the same on every machine. */
  static long hash(byte[] bytes) {
    long h = EpochOrder.mix(bytes.length + 0x5851F42D4C957F2DL);
    int i = 0;
    for (; i + 8 <= bytes.length; i += 8) {
      long word = 0;
      for (int k = 0; k < 8; k++) {
        word |= (bytes[i + k] & 0xFFL) << (8 * k);
      }
      h = EpochOrder.mix(h ^ word) + 0x9E3779B97F4A7C15L;
    }
    for (; i < bytes.length; i++) {
      h = EpochOrder.mix(h ^ (bytes[i] & 0xFFL));
    }
    return h;
  }
}
