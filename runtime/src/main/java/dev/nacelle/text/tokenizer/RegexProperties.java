package dev.nacelle.text.tokenizer;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Names of general categories and POSIX classes, as items of a Java bracket expression. */
final class RegexProperties {
  private static final Map<String, String> ITEMS = new HashMap<>();

  static {
    String[] categories = {
      "L Letter",
      "Lu Uppercase_Letter",
      "Ll Lowercase_Letter",
      "Lt Titlecase_Letter",
      "Lm Modifier_Letter",
      "Lo Other_Letter",
      "M Mark",
      "Mn Nonspacing_Mark",
      "Mc Spacing_Mark",
      "Me Enclosing_Mark",
      "N Number",
      "Nd Decimal_Number",
      "Nl Letter_Number",
      "No Other_Number",
      "P Punctuation",
      "Pc Connector_Punctuation",
      "Pd Dash_Punctuation",
      "Ps Open_Punctuation",
      "Pe Close_Punctuation",
      "Pi Initial_Punctuation",
      "Pf Final_Punctuation",
      "Po Other_Punctuation",
      "S Symbol",
      "Sm Math_Symbol",
      "Sc Currency_Symbol",
      "Sk Modifier_Symbol",
      "So Other_Symbol",
      "Z Separator",
      "Zs Space_Separator",
      "Zl Line_Separator",
      "Zp Paragraph_Separator",
      "C Other",
      "Cc Control",
      "Cf Format",
      "Cs Surrogate",
      "Co Private_Use",
      "Cn Unassigned"
    };
    for (String category : categories) {
      String code = category.substring(0, category.indexOf(' '));
      String item = "\\p{" + code + "}";
      ITEMS.put(normal(code), item);
      ITEMS.put(normal(category.substring(code.length() + 1)), item);
    }
    ITEMS.put("alpha", "\\p{IsAlphabetic}");
    ITEMS.put("upper", "\\p{IsUppercase}");
    ITEMS.put("lower", "\\p{IsLowercase}");
    ITEMS.put("space", "\\p{IsWhite_Space}");
    ITEMS.put("digit", "\\p{Nd}");
    ITEMS.put("alnum", "\\p{IsAlphabetic}\\p{Nd}");
    ITEMS.put("word", "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}");
    ITEMS.put("punct", "\\p{P}");
    ITEMS.put("cntrl", "\\p{Cc}");
    ITEMS.put("blank", "\\p{Zs}\\t");
    ITEMS.put("xdigit", "0-9a-fA-F");
    ITEMS.put("ascii", "\\x00-\\x7f");
    ITEMS.put("any", "\\x{0}-\\x{10ffff}");
  }

  private RegexProperties() {}

  /** The items, or null where the name is not one of these. */
  static @Nullable String known(String name) {
    return ITEMS.get(normal(name));
  }

  private static String normal(String name) {
    return name.toLowerCase(Locale.ROOT).replace("_", "").replace(" ", "").replace("-", "");
  }
}
