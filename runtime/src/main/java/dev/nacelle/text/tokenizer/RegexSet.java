package dev.nacelle.text.tokenizer;

import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/**
 * A set of characters: a bracket expression, or an escape such as {@code \s}. Nested sets are
 * flattened into the outer one wherever that is the same, because Java and Oniguruma disagree on
 * what a negation outside does to a set inside.
 */
final class RegexSet {
  private static final String SPACE = "\\p{IsWhite_Space}";
  private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";
  private static final int MAX_DEPTH = 50;

  private final RegexCursor in;
  private final int depth;
  private final StringBuilder items = new StringBuilder();
  private boolean negated;

  /** Whether the items hold what cannot be negated from outside. */
  private boolean complex;

  RegexSet(RegexCursor in) {
    this(in, 0);
  }

  private RegexSet(RegexCursor in, int depth) {
    this.in = in;
    this.depth = depth;
  }

  static void literal(StringBuilder out, int c) {
    if ((c >= 0x80 && !(c >= 0xd800 && c < 0xe000)) || Character.isLetterOrDigit(c)) {
      out.appendCodePoint(c);
    } else {
      out.append(String.format("\\x{%x}", c));
    }
  }

  /** The set as an atom of its own. */
  String standalone() {
    return (negated ? "[^" : "[") + items + "]";
  }

  /** After the opening bracket, to behind the closing one. */
  String bracket() {
    if (depth > MAX_DEPTH) {
      throw in.refuse("sets are nested deeper than " + MAX_DEPTH);
    }
    negated = in.skip("^");
    boolean first = true;
    while (first || in.peek() != ']') {
      if (in.skip("&&")) {
        items.append("&&");
        complex = true;
      } else {
        item();
      }
      first = false;
    }
    in.next();
    if (negated && complex) {
      throw in.refuse("a negated set that holds a negated set or an intersection is not done");
    }
    return standalone();
  }

  private void item() {
    if (in.skip("[")) {
      if (in.startsWith(":") && posixBracket()) {
        return;
      }
      RegexSet inner = new RegexSet(in, depth + 1);
      inner.bracket();
      addSet(inner);
      return;
    }
    int low;
    if (in.skip("\\")) {
      RegexSet escape = new RegexSet(in, depth + 1);
      if (escape.classEscape()) {
        addSet(escape);
        return;
      }
      low = literalEscape();
    } else {
      low = in.next();
    }
    literal(items, low);
    int before = in.position();
    if (in.skip("-") && in.peek() != ']' && in.peek() != '[') {
      int high = rangeEnd();
      if (high >= 0) {
        if (high < low) {
          throw in.refuse("an empty range");
        }
        items.append('-');
        literal(items, high);
        return;
      }
    }
    in.moveTo(before);
  }

  /** The last character of a range, or −1 where a class follows and the dash stands for itself. */
  private int rangeEnd() {
    if (!in.skip("\\")) {
      return in.next();
    }
    return new RegexSet(in, depth + 1).classEscape() ? -1 : literalEscape();
  }

  private void addSet(RegexSet inner) {
    if (inner.negated || inner.complex) {
      items.append(inner.standalone());
      complex = true;
    } else {
      items.append(inner.items);
    }
  }

  private boolean posixBracket() {
    int before = in.position();
    in.next();
    boolean negate = in.skip("^");
    StringBuilder name = new StringBuilder();
    while (Character.isLetter(in.peek())) {
      name.appendCodePoint(in.next());
    }
    if (!in.skip(":]")) {
      in.moveTo(before);
      return false;
    }
    RegexSet inner = new RegexSet(in, depth + 1);
    inner.property(name.toString());
    inner.negated = negate;
    addSet(inner);
    return true;
  }

  /** After a backslash: reads a class such as {@code \s} into this set, or leaves it unread. */
  boolean classEscape() {
    switch (in.peek()) {
      case 's', 'S' -> items.append(SPACE);
      case 'd', 'D' -> items.append("\\p{Nd}");
      case 'w', 'W' -> items.append(WORD);
      case 'h', 'H' -> items.append("0-9a-fA-F");
      case 'p', 'P' -> {
        negated = in.next() == 'P';
        if (!in.skip("{")) {
          throw in.refuse("\\p without braces is not done");
        }
        negated ^= in.skip("^");
        property(in.until('}'));
        return true;
      }
      default -> {
        return false;
      }
    }
    negated = Character.isUpperCase(in.next());
    return true;
  }

  private void property(String name) {
    String known = RegexProperties.known(name);
    if (known != null) {
      items.append(known);
      return;
    }
    // Scripts and binary properties have the same names in both; Java knows them behind Is.
    String item = "\\p{Is" + name + "}";
    try {
      if (!name.matches("[A-Za-z_ ]+")) {
        throw in.refuse("the property " + Refusal.quote(name) + " is not known");
      }
      Pattern.compile(item);
    } catch (PatternSyntaxException e) {
      throw in.refuse("the property " + Refusal.quote(name) + " is not known");
    }
    items.append(item);
  }

  /** After a backslash: the one character that is meant. */
  int literalEscape() {
    int c = in.next();
    return switch (c) {
      case 'n' -> '\n';
      case 't' -> '\t';
      case 'r' -> '\r';
      case 'f' -> '\f';
      case 'v' -> 0x0b;
      case 'a' -> 0x07;
      case 'b' -> 0x08;
      case 'e' -> 0x1b;
      case '0' -> in.digits(8, 0, 2);
      case 'u' -> in.digits(16, 4, 4);
      case 'x' -> {
        if (!in.skip("{")) {
          yield in.digits(16, 1, 2);
        }
        int value = in.digits(16, 1, 6);
        if (!in.skip("}") || value > Character.MAX_CODE_POINT) {
          throw in.refuse("a character code that is none");
        }
        yield value;
      }
      default -> c;
    };
  }
}
