package dev.nacelle.text.template;

import java.time.Clock;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.time.format.TextStyle;
import java.time.temporal.ChronoField;
import java.time.temporal.IsoFields;
import java.util.Locale;

/** C's strftime in the C locale, of a time without zone, as Python's {@code datetime.now()}. */
final class Strftime {
  private final ZonedDateTime time;

  private Strftime(ZonedDateTime time) {
    this.time = time;
  }

  static String format(Clock clock, String format) {
    Strftime writer = new Strftime(ZonedDateTime.now(clock));
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < format.length(); i++) {
      char c = format.charAt(i);
      if (c != '%' || i + 1 == format.length()) {
        out.append(c);
        continue;
      }
      char code = format.charAt(++i);
      char pad = ' ';
      if ((code == '-' || code == '_' || code == '0') && i + 1 < format.length()) {
        pad = code;
        code = format.charAt(++i);
      }
      out.append(writer.field(code, pad));
    }
    return out.toString();
  }

  private String field(char code, char pad) {
    return switch (code) {
      case 'Y' -> Integer.toString(time.getYear());
      case 'y' -> number(time.getYear() % 100, 2, pad, '0');
      case 'C' -> number(time.getYear() / 100, 2, pad, '0');
      case 'G' -> Integer.toString(time.get(IsoFields.WEEK_BASED_YEAR));
      case 'm' -> number(time.getMonthValue(), 2, pad, '0');
      case 'd' -> number(time.getDayOfMonth(), 2, pad, '0');
      case 'e' -> number(time.getDayOfMonth(), 2, pad, '_');
      case 'H' -> number(time.getHour(), 2, pad, '0');
      case 'k' -> number(time.getHour(), 2, pad, '_');
      case 'I' -> number(time.get(ChronoField.CLOCK_HOUR_OF_AMPM), 2, pad, '0');
      case 'l' -> number(time.get(ChronoField.CLOCK_HOUR_OF_AMPM), 2, pad, '_');
      case 'M' -> number(time.getMinute(), 2, pad, '0');
      case 'S' -> number(time.getSecond(), 2, pad, '0');
      case 'f' -> number(time.getNano() / 1000, 6, ' ', '0');
      case 'j' -> number(time.getDayOfYear(), 3, pad, '0');
      case 'U' -> number((time.getDayOfYear() + 6 - weekday()) / 7, 2, pad, '0');
      case 'W' -> number((time.getDayOfYear() + 6 - (weekday() + 6) % 7) / 7, 2, pad, '0');
      case 'V' -> number(time.get(IsoFields.WEEK_OF_WEEK_BASED_YEAR), 2, pad, '0');
      case 'u' -> Integer.toString(time.getDayOfWeek().getValue());
      case 'w' -> Integer.toString(weekday());
      case 'p' -> time.getHour() < 12 ? "AM" : "PM";
      case 'P' -> time.getHour() < 12 ? "am" : "pm";
      case 'B' -> time.getMonth().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
      case 'b', 'h' -> pattern("MMM");
      case 'A' -> time.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
      case 'a' -> pattern("EEE");
      case 'F' -> field('Y', ' ') + pattern("-MM-dd");
      case 'D', 'x' -> pattern("MM/dd/yy");
      case 'T', 'X' -> pattern("HH:mm:ss");
      case 'R' -> pattern("HH:mm");
      case 'r' -> pattern("hh:mm:ss ") + field('p', ' ');
      case 'c' -> pattern("EEE MMM ") + field('e', ' ') + pattern(" HH:mm:ss yyyy");
      case 'Z', 'z' -> "";
      case 'n' -> "\n";
      case 't' -> "\t";
      case '%' -> "%";
      default -> throw Failure.unsupported("%" + code + " in strftime_now");
    };
  }

  /** Day of the week, Sunday 0. */
  private int weekday() {
    return time.getDayOfWeek().getValue() % 7;
  }

  private String pattern(String pattern) {
    return DateTimeFormatter.ofPattern(pattern, Locale.ROOT).format(time);
  }

  /** pad: '-' for none, '_' for blanks, '0' for zeros, else as the field does. */
  private static String number(int value, int width, char pad, char natural) {
    String digits = Integer.toString(value);
    char used = pad == ' ' ? natural : pad;
    return used == '-'
        ? digits
        : (used == '_' ? " " : "0").repeat(Math.max(0, width - digits.length())) + digits;
  }
}
