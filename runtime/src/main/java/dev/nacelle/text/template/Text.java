package dev.nacelle.text.template;

import java.util.ArrayList;
import java.util.List;

/** Strings as Python sees them: sequences of code points, with its notion of white space. */
final class Text {
  private Text() {}

  static boolean isSpace(int c) {
    return (c >= 9 && c <= 13)
        || (c >= 28 && c <= 32)
        || c == 0x85
        || c == 0xa0
        || (c > 127 && Character.isSpaceChar(c));
  }

  /** Whether text is not empty and nothing but white space. */
  static boolean isSpace(String text) {
    return !text.isEmpty() && text.chars().allMatch(Text::isSpace);
  }

  static String stripEnd(String text) {
    int end = text.length();
    while (end > 0 && isSpace(text.charAt(end - 1))) {
      end--;
    }
    return text.substring(0, end);
  }

  static String stripStart(String text) {
    int start = 0;
    while (start < text.length() && isSpace(text.charAt(start))) {
      start++;
    }
    return text.substring(start);
  }

  /** Without the leading (left) and trailing (right) characters that occur in set. */
  static String strip(String text, String set, boolean left, boolean right) {
    int start = 0;
    int end = text.length();
    while (left && start < end && set.indexOf(text.codePointAt(start)) >= 0) {
      start += Character.charCount(text.codePointAt(start));
    }
    while (right && end > start && set.indexOf(text.codePointBefore(end)) >= 0) {
      end -= Character.charCount(text.codePointBefore(end));
    }
    return text.substring(start, end);
  }

  static int length(String text) {
    return text.codePointCount(0, text.length());
  }

  /** Whether every character is one code point. */
  private static boolean isPlain(String text) {
    return length(text) == text.length();
  }

  /** The UTF-16 index of a code point's index in 0 … length. */
  static int offset(String text, int index) {
    return isPlain(text) ? index : text.offsetByCodePoints(0, index);
  }

  static String at(String text, int index) {
    return Character.toString(text.codePointAt(offset(text, index)));
  }

  static String slice(String text, SliceRange range) {
    if (range.step() == 1) {
      if (range.count() == 0) {
        return "";
      }
      int from = offset(text, range.start());
      return text.substring(from, offset(text, range.start() + range.count()));
    }
    int[] points = text.codePoints().toArray();
    StringBuilder out = new StringBuilder(range.count());
    for (int i = 0; i < range.count(); i++) {
      out.appendCodePoint(points[range.at(i)]);
    }
    return out.toString();
  }

  static List<Object> characters(String text) {
    List<Object> out = new ArrayList<>(text.length());
    text.codePoints().forEach(c -> out.add(Character.toString(c)));
    return out;
  }

  private static boolean isLineBreak(char c) {
    return (c >= 10 && c <= 13) || (c >= 28 && c <= 30) || c == 0x85 || c == 0x2028 || c == 0x2029;
  }

  static List<String> lines(String text, boolean keepEnds, Meter meter) {
    List<String> out = new ArrayList<>();
    int start = 0;
    while (start < text.length()) {
      int end = start;
      while (end < text.length() && !isLineBreak(text.charAt(end))) {
        end++;
      }
      int after = end;
      if (after < text.length()) {
        after += text.startsWith("\r\n", after) ? 2 : 1;
      }
      out.add(meter.part(text.substring(start, keepEnds ? after : end)));
      start = after;
    }
    return out;
  }

  /** Split on runs of white space, at most limit times (below 0: always). */
  static List<String> words(String text, long limit, Meter meter) {
    List<String> out = new ArrayList<>();
    String rest = stripStart(text);
    int start = 0;
    while (start < rest.length()) {
      if (limit >= 0 && out.size() >= limit) {
        out.add(meter.part(rest.substring(start)));
        return out;
      }
      int end = start;
      while (end < rest.length() && !isSpace(rest.charAt(end))) {
        end++;
      }
      out.add(meter.part(rest.substring(start, end)));
      start = end;
      while (start < rest.length() && isSpace(rest.charAt(start))) {
        start++;
      }
    }
    return out;
  }

  /** As {@link #words}, counted from the right. */
  static List<String> wordsFromRight(String text, long limit, Meter meter) {
    List<String> out = new ArrayList<>();
    String rest = stripEnd(text);
    int end = rest.length();
    while (end > 0) {
      if (limit >= 0 && out.size() >= limit) {
        out.add(meter.part(rest.substring(0, end)));
        break;
      }
      int start = end;
      while (start > 0 && !isSpace(rest.charAt(start - 1))) {
        start--;
      }
      out.add(meter.part(rest.substring(start, end)));
      end = start;
      while (end > 0 && isSpace(rest.charAt(end - 1))) {
        end--;
      }
    }
    return out.reversed();
  }

  static List<String> split(String text, String separator, long limit, Meter meter) {
    meter.search(text, separator);
    List<String> out = new ArrayList<>();
    int start = 0;
    for (int i = text.indexOf(separator);
        i >= 0 && (limit < 0 || out.size() < limit);
        i = text.indexOf(separator, start)) {
      out.add(meter.part(text.substring(start, i)));
      start = i + separator.length();
    }
    out.add(meter.part(text.substring(start)));
    return out;
  }

  static List<String> splitFromRight(String text, String separator, long limit, Meter meter) {
    meter.search(text, separator);
    List<String> out = new ArrayList<>();
    int end = text.length();
    while (limit < 0 || out.size() < limit) {
      int i = end < separator.length() ? -1 : text.lastIndexOf(separator, end - separator.length());
      if (i < 0) {
        break;
      }
      out.add(meter.part(text.substring(i + separator.length(), end)));
      end = i;
    }
    out.add(meter.part(text.substring(0, end)));
    return out.reversed();
  }

  static String escape(String text) {
    return text.replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("'", "&#39;")
        .replace("\"", "&#34;");
  }
}
