package dev.nacelle.report;

import java.util.Locale;

/** Text and numbers as a page shows them. */
final class Html {
  private Html() {}

  /**
   * Text that is no markup, inside elements and between either kind of quotes. What has no glyph
   * and could reorder or hide its neighbours is shown by its number.
   */
  static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    text.codePoints()
        .forEach(
            c -> {
              switch (c) {
                case '&' -> out.append("&amp;");
                case '<' -> out.append("&lt;");
                case '>' -> out.append("&gt;");
                case '"' -> out.append("&quot;");
                case '\'' -> out.append("&#39;");
                case '\n', '\t' -> out.append((char) c);
                default -> {
                  if (isUnseen(c)) {
                    out.append(String.format(Locale.ROOT, "\\u{%x}", c));
                  } else {
                    out.appendCodePoint(c);
                  }
                }
              }
            });
    return out.toString();
  }

  private static boolean isUnseen(int c) {
    // Joiners and variation selectors build emoji and letters; direction marks do harm.
    boolean joins = c == 0x200c || c == 0x200d;
    return switch (Character.getType(c)) {
      case Character.CONTROL, Character.SURROGATE, Character.UNASSIGNED -> true;
      case Character.FORMAT -> !joins;
      default -> false;
    };
  }

  /** A number as a person reads it: some four digits. */
  static String number(double value) {
    if (!Double.isFinite(value)) {
      return "\u2013";
    }
    double size = Math.abs(value);
    if (size != 0 && (size < 1e-3 || size >= 1e7)) {
      return scientific(value, 3);
    }
    String form =
        size >= 1000 || size == 0
            ? "%,.0f"
            : size >= 100 ? "%.1f" : size >= 10 ? "%.2f" : size >= 1 ? "%.3f" : "%.4f";
    return String.format(Locale.ROOT, form, value);
  }

  /** {@code 2e-4}, {@code 1.25e-4}: at most {@code decimals}, no zeros behind. */
  static String scientific(double value, int decimals) {
    String text = String.format(Locale.ROOT, "%." + decimals + "e", value);
    int e = text.indexOf('e');
    String digits = text.substring(0, e);
    if (digits.contains(".")) {
      digits = digits.replaceAll("0+$", "").replaceAll("\\.$", "");
    }
    return digits + "e" + Integer.parseInt(text.substring(e + 1));
  }
}
