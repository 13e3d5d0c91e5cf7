package dev.nacelle.text.tokenizer;

/**
 * Rewrites a pattern of the reference's dialect (Oniguruma with Ruby's syntax, Unicode throughout)
 * for java.util.regex. They differ in the classes {@code \s \d \w \h}, in {@code ^ $ .} and the
 * flag {@code m}, in {@code {n,m}+}, in property names and in what is literal inside brackets. What
 * has no counterpart is refused by name.
 */
final class RegexTranslator {
  private static final int MAX_DEPTH = 100;

  /**
   * An alternative that never matches. Java steps back by characters, not by units, only where what
   * it looks for behind names one beyond U+FFFF.
   */
  private static final String WHOLE_CHARACTERS = "|(?!)\\x{10400}\\x{10400}";

  /** Counted repetitions of counted repetitions multiply; a pattern may ask for so many in all. */
  private static final int MAX_REPEAT = 1_000_000;

  private final RegexCursor in;
  private final StringBuilder out = new StringBuilder();
  private int depth;
  private boolean dotAll;
  private boolean extended;
  private long repeats = 1;

  RegexTranslator(String pattern) {
    this.in = new RegexCursor(pattern);
  }

  String translate() {
    alternatives();
    if (!in.atEnd()) {
      throw in.refuse("a closing parenthesis without its opening one");
    }
    return out.toString();
  }

  /** Everything up to the closing parenthesis or the end. */
  private void alternatives() {
    if (++depth > MAX_DEPTH) {
      throw in.refuse("groups are nested deeper than " + MAX_DEPTH);
    }
    boolean dotAllBefore = dotAll;
    boolean extendedBefore = extended;
    while (!in.atEnd() && in.peek() != ')') {
      int start = out.length();
      if (atom()) {
        quantifiers(start);
      }
    }
    dotAll = dotAllBefore;
    extended = extendedBefore;
    depth--;
  }

  /** Writes one atom; false where what was read cannot be repeated. */
  private boolean atom() {
    int c = in.next();
    if (extended && (Chars.isWhiteSpace(c) || c == '#')) {
      while (c == '#' && !in.atEnd() && in.next() != '\n') {}
      return false;
    }
    switch (c) {
      case '|' -> {
        out.append('|');
        return false;
      }
      case '^' -> out.append("(?m:^)");
      case '$' -> out.append("(?m:$)");
      case '.' -> out.append(dotAll ? "(?s:.)" : "[^\\n]");
      case '[' -> {
        RegexSet set = new RegexSet(in);
        set.bracket();
        out.append(set.standalone());
      }
      case '(' -> {
        return group();
      }
      case '\\' -> escape();
      case '*', '+', '?' -> throw in.refuse("nothing to repeat");
      default -> RegexSet.literal(out, c);
    }
    return true;
  }

  private void escape() {
    RegexSet set = new RegexSet(in);
    String atom = set.classAtom();
    if (atom != null) {
      out.append(atom);
      return;
    }
    int c = in.peek();
    switch (c) {
      case 'A', 'z', 'Z', 'G', 'R' -> out.append('\\').appendCodePoint(in.next());
      case 'b', 'B' -> boundary(in.next() == 'b');
      case 'N' -> {
        in.next();
        out.append("[^\\n]");
      }
      case 'O' -> {
        in.next();
        out.append("(?s:.)");
      }
      case 'k' -> {
        in.next();
        if (!in.skip("<")) {
          throw in.refuse("a reference without a name");
        }
        out.append("\\k<").append(in.until('>')).append('>');
      }
      case '1', '2', '3', '4', '5', '6', '7', '8', '9' ->
          out.append("(?:\\").appendCodePoint(in.next()).append(')');
      case 'X', 'K', 'y', 'Y', 'g', 'c', 'C', 'M' ->
          throw in.refuse("\\" + Character.toString(c) + " is not done");
      default -> RegexSet.literal(out, set.literalEscape());
    }
  }

  /** Between a word's character and another, or between two alike: Java's words are others. */
  private void boundary(boolean between) {
    String word = RegexSet.WORD_ATOM;
    String after = between ? "(?!" : "(?=";
    String outside = between ? "(?=" : "(?!";
    String behind = word + WHOLE_CHARACTERS;
    out.append("(?:(?<=").append(behind).append(')').append(after).append(word).append(')');
    out.append("|(?<!").append(behind).append(')').append(outside).append(word).append("))");
  }

  /** After the opening parenthesis; false where it held flags alone. */
  private boolean group() {
    if (!in.skip("?")) {
      out.append('(');
      return body("");
    }
    if (in.skip("#")) {
      in.until(')');
      return false;
    }
    for (String kind : new String[] {":", "=", "!", ">"}) {
      if (in.skip(kind)) {
        out.append("(?").append(kind);
        return body("");
      }
    }
    for (String kind : new String[] {"<=", "<!"}) {
      if (in.skip(kind)) {
        out.append("(?").append(kind);
        return body(WHOLE_CHARACTERS);
      }
    }
    if (in.skip("<")) {
      out.append("(?<").append(in.until('>')).append('>');
      return body("");
    }
    return flags();
  }

  private boolean flags() {
    boolean on = true;
    boolean dotAllBefore = dotAll;
    boolean extendedBefore = extended;
    StringBuilder ignoreCase = new StringBuilder();
    while (true) {
      int c = in.next();
      switch (c) {
        case '-' -> on = false;
        case 'i' -> ignoreCase.append(on ? "i" : "-i");
        case 'm' -> dotAll = on;
        case 'x' -> extended = on;
        case ')' -> {
          // Ruby's flags alone reach to the end of the group that they stand in, as Java's do.
          if (!ignoreCase.isEmpty()) {
            out.append("(?").append(ignoreCase).append(')');
          }
          return false;
        }
        case ':' -> {
          out.append("(?").append(ignoreCase).append(':');
          body("");
          dotAll = dotAllBefore;
          extended = extendedBefore;
          return true;
        }
        default -> throw in.refuse("the group (?" + Character.toString(c) + " is not done");
      }
    }
  }

  /** The rest of a group. */
  private boolean body(String lastAlternative) {
    alternatives();
    if (!in.skip(")")) {
      throw in.refuse("a ) is missing");
    }
    out.append(lastAlternative).append(')');
    return true;
  }

  /** Repetitions of the atom that was written from {@code start} on. */
  private void quantifiers(int start) {
    boolean repeated = false;
    while (true) {
      int c = in.peek();
      if (c == '*' || c == '+' || c == '?') {
        wrap(start, repeated);
        out.appendCodePoint(in.next());
        if (in.peek() == '?' || in.peek() == '+') {
          out.appendCodePoint(in.next());
        }
      } else if (c == '{') {
        int before = in.position();
        if (!interval(start, repeated)) {
          in.moveTo(before);
          return;
        }
      } else {
        return;
      }
      repeated = true;
    }
  }

  private void wrap(int start, boolean repeated) {
    if (repeated) {
      out.insert(start, "(?:").append(')');
    }
  }

  /** {n}, {n,}, {,m} or {n,m}; anything else in braces is literal, and false comes back. */
  private boolean interval(int start, boolean repeated) {
    in.next();
    int low = number();
    boolean comma = in.skip(",");
    int high = comma ? number() : low;
    if (!in.skip("}") || (low < 0 && high < 0)) {
      return false;
    }
    repeats *= Math.max(1, Math.max(low, high));
    if (repeats > MAX_REPEAT) {
      throw in.refuse("more than " + MAX_REPEAT + " repetitions");
    }
    wrap(start, repeated);
    out.append('{').append(Math.max(low, 0));
    if (comma) {
      out.append(',');
      if (high >= 0) {
        out.append(high);
      }
    }
    out.append('}');
    if (comma && in.skip("?")) {
      out.append('?');
    }
    return true;
  }

  private int number() {
    return Character.digit(in.peek(), 10) < 0 ? -1 : in.digits(10, 1, 7);
  }
}
