package dev.nacelle.text.template;

import java.util.Locale;
import java.util.Map;
import java.util.function.IntPredicate;

/** The methods of str about letters and digits. */
final class CaseMethods {
  private CaseMethods() {}

  static void register(Map<String, StringMethods.Method> methods) {
    methods.put("upper", (s, self, a) -> none("upper", a, s.meter().made(upper(self))));
    methods.put("lower", (s, self, a) -> none("lower", a, s.meter().made(lower(self))));
    methods.put(
        "capitalize", (s, self, a) -> none("capitalize", a, s.meter().made(capitalize(self))));
    methods.put("title", (s, self, a) -> none("title", a, s.meter().made(title(self))));
    methods.put("swapcase", (s, self, a) -> none("swapcase", a, s.meter().made(swap(self))));
    methods.put("isalpha", (s, self, a) -> none("isalpha", a, all(self, Character::isLetter)));
    methods.put("isdigit", (s, self, a) -> none("isdigit", a, all(self, CaseMethods::isDigit)));
    methods.put("isdecimal", (s, self, a) -> none("isdecimal", a, all(self, Character::isDigit)));
    methods.put(
        "isnumeric", (s, self, a) -> none("isnumeric", a, all(self, CaseMethods::isNumericSign)));
    methods.put(
        "isalnum",
        (s, self, a) -> none("isalnum", a, all(self, c -> Character.isLetter(c) || isNumeric(c))));
    methods.put("isspace", (s, self, a) -> none("isspace", a, all(self, Text::isSpace)));
    methods.put(
        "isascii", (s, self, a) -> none("isascii", a, self.codePoints().allMatch(c -> c < 128)));
    methods.put(
        "isprintable",
        (s, self, a) -> none("isprintable", a, self.codePoints().allMatch(Printer::isPrintable)));
    methods.put("islower", (s, self, a) -> none("islower", a, isLower(self)));
    methods.put("isupper", (s, self, a) -> none("isupper", a, isUpper(self)));
    methods.put("istitle", (s, self, a) -> none("istitle", a, isTitle(self)));
  }

  private static Object none(String name, Arguments arguments, Object result) {
    arguments.bindPositional(name, 0);
    return result;
  }

  static String upper(String text) {
    return text.toUpperCase(Locale.ROOT);
  }

  static String lower(String text) {
    return text.toLowerCase(Locale.ROOT);
  }

  private static boolean all(String text, IntPredicate test) {
    return !text.isEmpty() && text.codePoints().allMatch(test);
  }

  static boolean isNumeric(int c) {
    int type = Character.getType(c);
    return type == Character.DECIMAL_DIGIT_NUMBER
        || type == Character.LETTER_NUMBER
        || type == Character.OTHER_NUMBER;
  }

  private static boolean isNumericSign(int c) {
    if (Character.isIdeographic(c)) {
      throw Failure.unsupported("isnumeric of a Chinese character");
    }
    return isNumeric(c);
  }

  /** Decimal digits, and the superscripts and circled ones that Unicode calls digits too. */
  private static boolean isDigit(int c) {
    return Character.isDigit(c)
        || c == 0xb2
        || c == 0xb3
        || c == 0xb9
        || c == 0x2070
        || (c >= 0x2074 && c <= 0x2079)
        || (c >= 0x2080 && c <= 0x2089)
        || (c >= 0x2460 && c <= 0x2468);
  }

  static String capitalize(String text) {
    if (text.isEmpty()) {
      return text;
    }
    int first = text.codePointAt(0);
    // the whole is lowered with its first character, so that a sigma at the end sees its context
    String lowered = lower(text);
    int skip = lower(Character.toString(first)).length();
    return titled(first) + lowered.substring(skip);
  }

  /** The title case of one character; full mappings (ß, ﬁ) as Python has them. */
  private static String titled(int c) {
    int simple = Character.toTitleCase(c);
    String upper = upper(Character.toString(c));
    if (simple == c && Text.length(upper) > 1) {
      int head = upper.codePointAt(0);
      return Character.toString(head) + lower(upper.substring(Character.charCount(head)));
    }
    return Character.toString(simple);
  }

  static boolean isCased(int c) {
    return Character.isUpperCase(c) || Character.isLowerCase(c) || Character.isTitleCase(c);
  }

  static String title(String text) {
    StringBuilder out = new StringBuilder(text.length());
    boolean inWord = false;
    String lowered = lower(text);
    boolean sameShape = lowered.length() == text.length();
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int width = Character.charCount(c);
      if (!inWord) {
        out.append(titled(c));
      } else if (sameShape) {
        out.append(lowered, i, i + width);
      } else {
        out.append(lower(Character.toString(c)));
      }
      inWord = isCased(c);
      i += width;
    }
    return out.toString();
  }

  private static String swap(String text) {
    StringBuilder out = new StringBuilder(text.length());
    String lowered = lower(text);
    boolean sameShape = lowered.length() == text.length();
    for (int i = 0; i < text.length(); ) {
      int c = text.codePointAt(i);
      int end = i + Character.charCount(c);
      String one = text.substring(i, end);
      if (Character.isUpperCase(c)) {
        out.append(sameShape ? lowered.substring(i, end) : lower(one));
      } else {
        out.append(Character.isLowerCase(c) ? upper(one) : one);
      }
      i = end;
    }
    return out.toString();
  }

  static boolean isLower(String text) {
    return text.codePoints().anyMatch(Character::isLowerCase)
        && text.codePoints().noneMatch(c -> Character.isUpperCase(c) || Character.isTitleCase(c));
  }

  static boolean isUpper(String text) {
    return text.codePoints().anyMatch(Character::isUpperCase)
        && text.codePoints().noneMatch(c -> Character.isLowerCase(c) || Character.isTitleCase(c));
  }

  private static boolean isTitle(String text) {
    boolean cased = false;
    boolean inWord = false;
    for (int c : text.codePoints().toArray()) {
      if (Character.isUpperCase(c) || Character.isTitleCase(c)) {
        if (inWord) {
          return false;
        }
        inWord = true;
        cased = true;
      } else if (Character.isLowerCase(c)) {
        if (!inWord) {
          return false;
        }
        cased = true;
      } else {
        inWord = false;
      }
    }
    return cased;
  }
}
