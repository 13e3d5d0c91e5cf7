package dev.nacelle.text.tokenizer;

import dev.nacelle.NacelleException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/** Finds a regular expression of the reference's dialect. */
final class RegexFinder implements Finder {
  /** Work allowed for each unit of text; real patterns need fewer than ten. */
  private static final long LOOKS_PER_UNIT = 2_000;

  private final Pattern pattern;
  private final String source;

  private RegexFinder(Pattern pattern, String source) {
    this.pattern = pattern;
    this.source = source;
  }

  static RegexFinder compile(String regex) {
    try {
      return new RegexFinder(
          Pattern.compile(
              new RegexTranslator(regex).translate(), Pattern.UNICODE_CASE | Pattern.UNIX_LINES),
          regex);
    } catch (PatternSyntaxException e) {
      throw Refusal.of(
          "the pattern "
              + Refusal.quote(regex)
              + " is not a regular expression: "
              + e.getDescription());
    } catch (StackOverflowError e) {
      throw Refusal.of("the pattern " + Refusal.quote(regex) + " is nested too deep");
    }
  }

  @Override
  public Spans find(String text, int from, int to) {
    Spans spans = new Spans();
    BoundedText bounded =
        new BoundedText(text, 100_000 + LOOKS_PER_UNIT * (to - from), this.source);
    Matcher matcher = pattern.matcher(bounded).region(from, to);
    int last = from;
    boolean first = true;
    try {
      while (matcher.find()) {
        int start = matcher.start();
        int end = matcher.end();
        // The reference takes no empty match right behind a match, and none inside a character.
        if (start == end
            && ((!first && start == last)
                || (start > from
                    && start < to
                    && Character.isLowSurrogate(text.charAt(start))
                    && Character.isHighSurrogate(text.charAt(start - 1))))) {
          continue;
        }
        spans.addMatch(last, start, end);
        last = end;
        first = false;
      }
    } catch (StackOverflowError e) {
      throw tooHard("needs too deep a recursion");
    }
    if (last < to) {
      spans.add(last, to, false);
    }
    return spans;
  }

  private NacelleException tooHard(String why) {
    return BoundedText.refusal(source, why);
  }

  /** The text as the matcher sees it: counts looks, so that no pattern runs for ever. */
  private static final class BoundedText implements CharSequence {
    private final String text;
    private final String pattern;
    private long left;

    BoundedText(String text, long looks, String pattern) {
      this.text = text;
      this.left = looks;
      this.pattern = pattern;
    }

    @Override
    public char charAt(int index) {
      if (--left < 0) {
        throw refusal(pattern, "backtracks without end");
      }
      return text.charAt(index);
    }

    static NacelleException refusal(String pattern, String why) {
      return NacelleException.input(
          "The tokenizer's pattern " + Refusal.quote(pattern) + " " + why + " on this text.",
          "Shorten the text, or give a tokenizer whose pattern is simpler.");
    }

    @Override
    public int length() {
      return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
      return text.subSequence(start, end);
    }

    @Override
    public String toString() {
      return text;
    }
  }
}
