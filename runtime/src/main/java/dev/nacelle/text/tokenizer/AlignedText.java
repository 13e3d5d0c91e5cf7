package dev.nacelle.text.tokenizer;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A text, and for each of its UTF-16 units the range of the original text that it stands for. An
 * untouched text keeps no arrays: unit i stands for {@code base + i}. Ranges are asked for at
 * character boundaries only: the start of a first unit, the end of a last one.
 */
final class AlignedText {
  private final String text;
  private final int base;
  private final int @Nullable [] starts;
  private final int @Nullable [] ends;

  private AlignedText(String text, int base, int @Nullable [] starts, int @Nullable [] ends) {
    this.text = text;
    this.base = base;
    this.starts = starts;
    this.ends = ends;
  }

  static AlignedText of(String original) {
    return new AlignedText(original, 0, null, null);
  }

  String text() {
    return text;
  }

  int length() {
    return text.length();
  }

  boolean isEmpty() {
    return text.isEmpty();
  }

  /** Where the character that begins at {@code unit} begins in the original text. */
  int start(int unit) {
    return starts == null ? base + unit : starts[unit];
  }

  /** Where the character whose last unit is {@code unit} ends in the original text. */
  int end(int unit) {
    return ends == null ? base + unit + 1 : ends[unit];
  }

  /** Where the first character begins in the original text. */
  private int origin() {
    return starts == null || starts.length == 0 ? base : starts[0];
  }

  AlignedText slice(int from, int to) {
    if (from == 0 && to == text.length()) {
      return this;
    }
    return new AlignedText(
        text.substring(from, to),
        base + from,
        starts == null ? null : Arrays.copyOfRange(starts, from, to),
        ends == null ? null : Arrays.copyOfRange(ends, from, to));
  }

  /**
   * Rewrites the text as the reference does: each new character with a change, 0 where it takes the
   * place of the next old one, 1 where it is new (and shares the range of what stands before it),
   * −n where it takes the place of one and the n old ones behind that go.
   *
   * @param removed old characters gone before the first new one
   */
  AlignedText transform(Ints characters, Ints changes, int removed) {
    Builder out = new Builder(origin(), text.length() + 16);
    int at = skip(0, removed);
    for (int i = 0; i < characters.size(); i++) {
      int change = changes.get(i);
      if (change > 0) {
        out.append(characters.get(i), startBefore(at), endBefore(at));
        continue;
      }
      if (at >= text.length()) {
        out.append(characters.get(i), startBefore(at), endBefore(at));
        continue;
      }
      int next = skip(at, 1);
      out.append(characters.get(i), start(at), end(next - 1));
      at = skip(next, -change);
    }
    return out.build();
  }

  private int skip(int at, int characters) {
    for (int i = 0; i < characters && at < text.length(); i++) {
      at += Character.charCount(text.codePointAt(at));
    }
    return at;
  }

  private int startBefore(int at) {
    return at < 1 ? origin() : start(at - Character.charCount(text.codePointBefore(at)));
  }

  private int endBefore(int at) {
    return at < 1 ? origin() : end(at - 1);
  }

  /** The text with {@code prefix} before it, standing for the first character's range. */
  AlignedText prepend(String prefix) {
    if (isEmpty()) {
      return this;
    }
    int first = Character.charCount(text.codePointAt(0));
    Builder out = new Builder(origin(), text.length() + prefix.length());
    out.append(prefix, start(0), end(first - 1));
    out.append(this, 0, text.length());
    return out.build();
  }

  /**
   * The text with each match replaced; what is put in stands for the last character of the match.
   */
  AlignedText replace(Finder finder, String content) {
    Spans spans = finder.find(text, 0, text.length());
    if (!spans.anyMatch()) {
      return this;
    }
    Builder out = new Builder(origin(), text.length());
    for (int i = 0; i < spans.size(); i++) {
      if (spans.isMatch(i)) {
        int end = spans.end(i);
        out.append(content, startBefore(end), endBefore(end));
      } else {
        out.append(this, spans.start(i), spans.end(i));
      }
    }
    return out.build();
  }

  /** Collects text with its ranges; keeps no arrays while every unit stands for itself. */
  static final class Builder {
    private final StringBuilder text;
    private int base;
    private int @Nullable [] starts;
    private int @Nullable [] ends;

    Builder(int base, int capacity) {
      this.base = base;
      this.text = new StringBuilder(capacity);
    }

    int length() {
      return text.length();
    }

    void append(int codePoint, int start, int end) {
      int at = text.length();
      text.appendCodePoint(codePoint);
      if (starts == null) {
        if (at == 0) {
          base = start;
        }
        if (start == base + at && end == base + text.length()) {
          return;
        }
      }
      mark(at, start, end);
    }

    void append(String content, int start, int end) {
      int at = text.length();
      text.append(content);
      mark(at, start, end);
    }

    void append(AlignedText source, int from, int to) {
      if (from == to) {
        return;
      }
      int at = text.length();
      text.append(source.text, from, to);
      if (starts == null && source.starts == null) {
        if (at == 0) {
          base = source.base + from;
        }
        if (base + at == source.base + from) {
          return;
        }
      }
      int[] s = startsFor(at);
      int[] e = endsFor(at);
      for (int i = from; i < to; i++) {
        s[at + i - from] = source.start(i);
        e[at + i - from] = source.end(i);
      }
    }

    private void mark(int at, int start, int end) {
      int[] s = startsFor(at);
      int[] e = endsFor(at);
      Arrays.fill(s, at, text.length(), start);
      Arrays.fill(e, at, text.length(), end);
    }

    private int[] startsFor(int at) {
      int[] s = starts;
      if (s == null) {
        s = new int[Math.max(text.length(), text.capacity())];
        for (int i = 0; i < at; i++) {
          s[i] = base + i;
        }
      } else if (s.length < text.length()) {
        s = Arrays.copyOf(s, text.capacity());
      }
      starts = s;
      return s;
    }

    private int[] endsFor(int at) {
      int[] e = ends;
      if (e == null) {
        e = new int[Math.max(text.length(), text.capacity())];
        for (int i = 0; i < at; i++) {
          e[i] = base + i + 1;
        }
      } else if (e.length < text.length()) {
        e = Arrays.copyOf(e, text.capacity());
      }
      ends = e;
      return e;
    }

    AlignedText build() {
      return new AlignedText(text.toString(), base, starts, ends);
    }
  }
}
