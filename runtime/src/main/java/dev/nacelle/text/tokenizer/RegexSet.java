package dev.nacelle.text.tokenizer;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.jspecify.annotations.Nullable;

/**
 * A set of characters: a bracket expression, or an escape such as {@code \s}. Nested sets are
 * flattened into the outer one wherever that is the same, because Java and Oniguruma disagree on
 * what a negation outside does to a set inside.
 */
final class RegexSet {
  private static final String SPACE = "\\p{IsWhite_Space}";
  private static final String WORD = "\\p{IsAlphabetic}\\p{M}\\p{Nd}\\p{Pc}";
  private static final int MAX_DEPTH = 50;

  /** Signs of Latin-1 that count as a word's outside brackets: Oniguruma has a table for them. */
  private static final String WORD_SIGNS = "\u00b2\u00b3\u00b9\u00bc-\u00be";

  /** A character of a word, outside brackets. */
  static final String WORD_ATOM = "[" + WORD + WORD_SIGNS + "]";

  private final RegexCursor in;
  private final int depth;
  private final StringBuilder items = new StringBuilder();

  /** Items of the negated sets inside, which are kept apart for the sake of De Morgan. */
  private final List<String> negatedSets = new ArrayList<>();

  /** Sets inside that cannot be negated from outside. */
  private final StringBuilder opaque = new StringBuilder();

  private boolean negated;

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
    if (!negated) {
      StringBuilder all = new StringBuilder("[").append(items).append(opaque);
      for (String set : negatedSets) {
        all.append("[^").append(set).append(']');
      }
      return all.append(']').toString();
    }
    if (!opaque.isEmpty()) {
      throw in.refuse("the negation of such a set is not done");
    }
    if (negatedSets.isEmpty()) {
      return "[^" + items + "]";
    }
    // What is neither among the items nor outside the negated sets.
    List<String> operands = new ArrayList<>();
    if (!items.isEmpty()) {
      operands.add("[^" + items + "]");
    }
    for (String set : negatedSets) {
      operands.add("[" + set + "]");
    }
    return "[" + String.join("&&", operands) + "]";
  }

  /** After the opening bracket, to behind the closing one. */
  void bracket() {
    if (depth > MAX_DEPTH) {
      throw in.refuse("sets are nested deeper than " + MAX_DEPTH);
    }
    boolean negate = in.skip("^");
    List<String> operands = new ArrayList<>();
    boolean first = true;
    while (first || in.peek() != ']') {
      if (in.skip("&&")) {
        operands.add(standalone());
        items.setLength(0);
        opaque.setLength(0);
        negatedSets.clear();
      } else {
        item();
      }
      first = false;
    }
    in.next();
    if (!operands.isEmpty()) {
      operands.add(standalone());
      items.setLength(0);
      negatedSets.clear();
      opaque.setLength(0);
      opaque.append('[').append(String.join("&&", operands)).append(']');
    }
    negated = negate;
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
    if (!inner.negated) {
      items.append(inner.items);
      negatedSets.addAll(inner.negatedSets);
      opaque.append(inner.opaque);
    } else if (inner.negatedSets.isEmpty() && inner.opaque.isEmpty()) {
      negatedSets.add(inner.items.toString());
    } else {
      opaque.append(inner.standalone());
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
    if (name.toString().equals("punct")) {
      // In brackets, unlike as a property, symbols count too.
      inner.items.append("\\p{P}\\p{S}");
    } else {
      inner.property(name.toString());
    }
    inner.negated = negate;
    addSet(inner);
    return true;
  }

  /** After a backslash: a class such as {@code \s} as an atom of its own, or null. */
  @Nullable String classAtom() {
    boolean word = in.peek() == 'w' || in.peek() == 'W';
    if (!classEscape()) {
      return null;
    }
    if (word) {
      items.append(WORD_SIGNS);
    }
    return standalone();
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
