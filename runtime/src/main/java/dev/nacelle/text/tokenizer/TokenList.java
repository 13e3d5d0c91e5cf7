package dev.nacelle.text.tokenizer;

import dev.nacelle.text.Encoding;
import java.util.List;
import java.util.function.IntFunction;

/** The tokens of a text while they are collected and post-processed. */
final class TokenList {
  private final String text;
  private final IntFunction<String> spelling;
  private int[] ids;
  private int[] starts;
  private int[] ends;

  TokenList(String text, Ints ids, Ints starts, Ints ends, IntFunction<String> spelling) {
    this.text = text;
    this.spelling = spelling;
    this.ids = ids.toArray();
    this.starts = starts.toArray();
    this.ends = ends.toArray();
  }

  void frame(List<Integer> before, List<Integer> after) {
    ids = framed(ids, before, after, true);
    starts = framed(starts, before, after, false);
    ends = framed(ends, before, after, false);
  }

  private static int[] framed(
      int[] inner, List<Integer> before, List<Integer> after, boolean values) {
    int[] out = new int[before.size() + inner.length + after.size()];
    for (int i = 0; i < before.size(); i++) {
      out[i] = values ? before.get(i) : -1;
    }
    System.arraycopy(inner, 0, out, before.size(), inner.length);
    for (int i = 0; i < after.size(); i++) {
      out[before.size() + inner.length + i] = values ? after.get(i) : -1;
    }
    return out;
  }

  void trim(boolean addPrefixSpace) {
    for (int i = 0; i < ids.length; i++) {
      if (starts[i] < 0) {
        continue;
      }
      String token = spelling.apply(ids[i]);
      int leading = 0;
      while (leading < token.length() && isSpace(token.charAt(leading))) {
        leading++;
      }
      int trailing = 0;
      while (trailing < token.length() && isSpace(token.charAt(token.length() - 1 - trailing))) {
        trailing++;
      }
      // A single space at the beginning is the one that was put there.
      if ((i == 0 || starts[i] == 0) && addPrefixSpace && leading == 1) {
        leading = 0;
      }
      starts[i] = move(starts[i], leading, ends[i]);
      if (ends[i] >= trailing) {
        ends[i] = move(ends[i], -trailing, starts[i]);
      }
    }
  }

  /** Some characters on in the text, but not beyond a limit. */
  private int move(int from, int characters, int limit) {
    int at = from;
    for (int i = 0; i < Math.abs(characters) && at != limit; i++) {
      at = text.offsetByCodePoints(at, Integer.signum(characters));
    }
    return at;
  }

  private static boolean isSpace(char c) {
    return c == ByteAlphabet.character(' ') || Chars.isWhiteSpace(c);
  }

  Encoding toEncoding() {
    return new Encoding(ids, starts, ends);
  }
}
