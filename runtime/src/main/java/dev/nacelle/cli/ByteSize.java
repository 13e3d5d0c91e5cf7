package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Sizes as people write them: {@code 1.5GiB}, {@code 900MiB}, {@code 2GB}, plain bytes. */
final class ByteSize {
  private static final Pattern SIZE =
      Pattern.compile("(\\d{1,15}(?:\\.\\d{1,9})?)\\s*(?:([KMGT])(I?)B|B?)");

  private ByteSize() {}

  /**
   * Reads a size above zero.
   *
   * @param flag the flag that it was given to, for messages
   * @throws NacelleException of kind USAGE where it is none
   */
  static long parse(String flag, String text) {
    Matcher m = SIZE.matcher(text.strip().toUpperCase(Locale.ROOT));
    if (m.matches()) {
      String unit = m.group(2) == null ? "" : m.group(2);
      int power = unit.isEmpty() ? 0 : "KMGT".indexOf(unit) + 1;
      boolean binary = m.group(3) != null && !m.group(3).isEmpty();
      double bytes = Double.parseDouble(m.group(1)) * Math.pow(binary ? 1024 : 1000, power);
      if (bytes >= 1 && bytes < Long.MAX_VALUE) {
        return (long) bytes;
      }
    }
    throw NacelleException.usage(
        flag + " " + text + " is no size", "write 1.5GiB, 900MiB, 2GB or a number of bytes");
  }
}
