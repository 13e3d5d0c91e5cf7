package dev.nacelle.text.tokenizer;

import java.util.List;
import java.util.function.IntPredicate;
import java.util.function.IntUnaryOperator;

/** Rewrites a text before it is split, keeping track of what came from where. */
interface Normalizer {
  AlignedText normalize(AlignedText text);

  /** One after the other. */
  record Sequence(List<Normalizer> parts) implements Normalizer {
    @Override
    public AlignedText normalize(AlignedText text) {
      AlignedText now = text;
      for (Normalizer part : parts) {
        now = part.normalize(now);
      }
      return now;
    }
  }

  /** A string before each text that is not empty. */
  record Prepend(String prefix) implements Normalizer {
    @Override
    public AlignedText normalize(AlignedText text) {
      return text.prepend(prefix);
    }
  }

  /** One content for all that a pattern finds. */
  record Replace(Finder finder, String content) implements Normalizer {
    @Override
    public AlignedText normalize(AlignedText text) {
      return text.replace(finder, content);
    }
  }

  /** Lower case, character by character: no final sigma. */
  record Lowercase() implements Normalizer {
    @Override
    public AlignedText normalize(AlignedText text) {
      Ints characters = new Ints(text.length());
      Ints changes = new Ints(text.length());
      text.text()
          .codePoints()
          .forEach(
              c -> {
                // The one character whose lower case is two, whatever stands around it.
                characters.add(c == 0x130 ? 'i' : Character.toLowerCase(c));
                changes.add(0);
                if (c == 0x130) {
                  characters.add(0x307);
                  changes.add(1);
                }
              });
      return text.transform(characters, changes, 0);
    }
  }

  /** White space off the ends. */
  record Strip(boolean left, boolean right) implements Normalizer {
    @Override
    public AlignedText normalize(AlignedText text) {
      String s = text.text();
      int from = 0;
      int to = s.length();
      while (left && from < to && Chars.isWhiteSpace(s.charAt(from))) {
        from++;
      }
      while (right && to > from && Chars.isWhiteSpace(s.charAt(to - 1))) {
        to--;
      }
      return text.slice(from, to);
    }
  }

  /** Without combining marks. */
  record StripAccents() implements Normalizer {
    @Override
    public AlignedText normalize(AlignedText text) {
      return keep(text, c -> !Chars.isMark(c));
    }
  }

  /** The white space and control characters that SentencePiece's NMT rules tidy. */
  record Nmt() implements Normalizer {
    @Override
    public AlignedText normalize(AlignedText text) {
      return map(keep(text, c -> !isDropped(c)), c -> isSpace(c) ? ' ' : c);
    }

    private static boolean isDropped(int c) {
      return (c >= 1 && c <= 8)
          || c == 0x0b
          || (c >= 0x0e && c <= 0x1f)
          || c == 0x7f
          || c == 0x8f
          || c == 0x9f;
    }

    private static boolean isSpace(int c) {
      return c == 9
          || c == 0x0a
          || c == 0x0c
          || c == 0x0d
          || c == 0x1680
          || (c >= 0x200b && c <= 0x200f)
          || c == 0x2028
          || c == 0x2029
          || c == 0x2581
          || c == 0xfeff
          || c == 0xfffd;
    }
  }

  /** The byte alphabet's spelling, as a normalizer. */
  record Bytes() implements Normalizer {
    @Override
    public AlignedText normalize(AlignedText text) {
      if (text.isEmpty()) {
        return text;
      }
      AlignedText.Builder out = new AlignedText.Builder(text.start(0), text.length());
      ByteAlphabet.append(out, text, 0, text.length());
      return out.build();
    }
  }

  /** The text without the characters that are not to be kept. */
  static AlignedText keep(AlignedText text, IntPredicate kept) {
    if (text.text().codePoints().allMatch(kept)) {
      return text;
    }
    Ints characters = new Ints(text.length());
    Ints changes = new Ints(text.length());
    int[] removedFirst = new int[1];
    text.text()
        .codePoints()
        .forEach(
            c -> {
              if (kept.test(c)) {
                characters.add(c);
                changes.add(0);
              } else if (changes.isEmpty()) {
                removedFirst[0]++;
              } else {
                changes.set(changes.size() - 1, changes.last() - 1);
              }
            });
    return text.transform(characters, changes, removedFirst[0]);
  }

  /** Each character replaced by one. */
  static AlignedText map(AlignedText text, IntUnaryOperator mapping) {
    Ints characters = new Ints(text.length());
    Ints changes = new Ints(text.length());
    text.text()
        .codePoints()
        .forEach(
            c -> {
              characters.add(mapping.applyAsInt(c));
              changes.add(0);
            });
    return text.transform(characters, changes, 0);
  }
}
