package dev.nacelle.text.template;

import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Changes to templates that leave most of them templates: words for words, operators, numbers. */
final class Mutations {
  private static final Pattern WORD =
      Pattern.compile("[A-Za-z_]+|[0-9]+|'[^'\n]*'|[-+*/%~<>=!|.]+|\\[[^\\]\n]*\\]|\\([^()\n]*\\)");
  private static final List<String> WORDS =
      List.of(
          "none",
          "true",
          "messages",
          "message",
          "loop",
          "tools",
          "namespace",
          "range",
          "0",
          "-1",
          "99999999999",
          "''",
          "[]",
          "{}",
          "'a' * 9999",
          "~",
          "+",
          "|",
          "tojson",
          "length",
          "string",
          "items",
          "join",
          "map",
          "select",
          "first",
          "last",
          "sort",
          "int",
          "is",
          "in",
          "not",
          "and",
          "defined",
          "mapping",
          "(1, 2)",
          "[::-1]",
          "[0]",
          "()",
          ".x",
          "__class__",
          "1.5",
          "recursive");

  private static final Set<String> KEYWORDS =
      Set.of(
          "if",
          "elif",
          "else",
          "endif",
          "for",
          "in",
          "endfor",
          "set",
          "endset",
          "macro",
          "call",
          "endmacro",
          "endcall",
          "is",
          "not",
          "and",
          "or",
          "filter",
          "endfilter",
          "with",
          "endwith");
  private static final List<String> OPERATORS =
      List.of("+", "-", "*", "/", "//", "%", "**", "~", "==", "!=", "<", ">=", ".", "|");
  private static final List<String> NAMES =
      List.of("none", "messages", "message", "loop", "length", "string", "items", "first", "x");
  private static final List<String> VALUES =
      List.of("0", "-1", "99999999999", "''", "'role'", "[]", "{}", "(1, 2)", "1.5", "'a' * 999");

  private Mutations() {}

  static String mutate(String source, List<String> donors, Random random) {
    String result = source;
    int changes = 1 + random.nextInt(3);
    for (int i = 0; i < changes; i++) {
      int kind = random.nextInt(10);
      if (kind < 8) {
        result = replaceWord(result, donors, random);
      } else if (kind == 8 && !result.isEmpty()) {
        int at = random.nextInt(result.length());
        result = result.substring(0, at) + result.substring(Math.min(result.length(), at + 1));
      } else if (!result.isEmpty()) {
        int at = random.nextInt(result.length());
        char c = "{}%#'\"()[]\n\\\u0000\ud83d|".charAt(random.nextInt(15));
        result = result.substring(0, at) + c + result.substring(at);
      }
    }
    return result;
  }

  private static String replaceWord(String source, List<String> donors, Random random) {
    Matcher matcher = WORD.matcher(source);
    boolean found = matcher.find(source.isEmpty() ? 0 : random.nextInt(source.length()));
    while (found && (KEYWORDS.contains(matcher.group()) || !tagInside(source, matcher.start()))) {
      found = matcher.find();
    }
    if (!found) {
      return source;
    }
    String word = matcher.group();
    String by = WORDS.get(random.nextInt(WORDS.size()));
    if (random.nextInt(4) == 0) {
      Matcher donor = WORD.matcher(donors.get(random.nextInt(donors.size())));
      by = donor.find() ? donor.group() : "x";
    }
    // a value stays a value and an operator an operator, so that most mutants still parse
    if (kind(by) != kind(word)) {
      by =
          switch (kind(word)) {
            case 'o' -> OPERATORS.get(random.nextInt(OPERATORS.size()));
            case 'n' -> NAMES.get(random.nextInt(NAMES.size()));
            default -> VALUES.get(random.nextInt(VALUES.size()));
          };
    }
    return source.substring(0, matcher.start()) + by + source.substring(matcher.end());
  }

  private static char kind(String word) {
    char c = word.charAt(0);
    return Character.isLetter(c) || c == '_' ? 'n' : "-+*/%~<>=!|.".indexOf(c) >= 0 ? 'o' : 'v';
  }

  private static boolean tagInside(String source, int at) {
    return Math.max(source.lastIndexOf("{{", at), source.lastIndexOf("{%", at))
        > Math.max(source.lastIndexOf("}}", at), source.lastIndexOf("%}", at));
  }
}
