package dev.nacelle.text.template;

import java.util.List;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Changes to templates that leave most of them templates: words for words, operators, numbers. */
final class Mutations {
  private static final Pattern WORD =
      Pattern.compile("[A-Za-z_]+|[0-9]+|'[^'\n]*'|[-+*/%~<>=!|.]+|\\[[^\\]\n]*\\]|\\([^()\n]*\\)");
  private static final List<String> WORDS =
      List.of(
          "none", "true", "messages", "message", "loop", "tools", "namespace", "range", "0", "-1",
          "99999999999", "''", "[]", "{}", "'a' * 9999", "~", "+", "|", "tojson", "length", "string",
          "items", "join", "map", "select", "first", "last", "sort", "int", "is", "in", "not", "and",
          "defined", "mapping", "(1, 2)", "[::-1]", "[0]", "()", ".x", "__class__", "1.5", "recursive");

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
    int from = source.isEmpty() ? 0 : random.nextInt(source.length());
    if (!matcher.find(from)) {
      return source;
    }
    String word = matcher.group();
    String by;
    if (random.nextInt(4) == 0) {
      Matcher donor = WORD.matcher(donors.get(random.nextInt(donors.size())));
      by = donor.find() ? donor.group() : "x";
    } else {
      by = WORDS.get(random.nextInt(WORDS.size()));
    }
    // a number stays a value and a bracket stays balanced, so that most mutants still parse
    boolean value = Character.isDigit(word.charAt(0)) || "'[(".indexOf(word.charAt(0)) >= 0;
    if (value && !Character.isLetterOrDigit(by.charAt(0)) && "'[({".indexOf(by.charAt(0)) < 0) {
      by = "'" + by.replace("'", "") + "'";
    }
    return source.substring(0, matcher.start()) + by + source.substring(matcher.end());
  }
}
