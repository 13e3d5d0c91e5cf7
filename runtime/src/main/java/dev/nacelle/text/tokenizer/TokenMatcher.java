package dev.nacelle.text.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Finds added tokens in a text: from the left, the longest at each place. */
final class TokenMatcher {
  /** What is looked for, and the token that it is. */
  record Entry(String pattern, AddedToken token) {}

  private final Entry[] entries;

  /** Low bits of the first characters, so that most places are passed with one look. */
  private final long[] firsts = new long[16];

  TokenMatcher(List<Entry> found) {
    entries = found.toArray(new Entry[0]);
    Arrays.sort(entries, Comparator.comparing(Entry::pattern));
    for (Entry entry : entries) {
      char c = entry.pattern.charAt(0);
      firsts[c >> 6 & 15] |= 1L << c;
    }
  }

  /** The piece cut at the tokens that are in it. */
  List<Piece> split(Piece piece) {
    List<Piece> out = new ArrayList<>();
    AlignedText source = piece.source();
    String text = source.text();
    int done = piece.from();
    int at = piece.from();
    while (at < piece.to()) {
      Entry entry = longest(text, at, piece.to());
      if (entry == null) {
        at++;
        continue;
      }
      int start = at;
      int end = at + entry.pattern.length();
      at = end;
      AddedToken token = entry.token;
      if (token.singleWord() && !standsAlone(text, piece, start, end)) {
        continue;
      }
      while (token.lstrip() && start > done && Chars.isWhiteSpace(text.charAt(start - 1))) {
        start--;
      }
      while (token.rstrip() && end < piece.to() && Chars.isWhiteSpace(text.charAt(end))) {
        end++;
      }
      // White space that the token before took in is not looked through again.
      if (start < done) {
        continue;
      }
      if (done < start) {
        out.add(new Piece(source, done, start));
      }
      out.add(new Piece(source, start, end, token.id()));
      done = end;
      at = Math.max(at, done);
    }
    if (done < piece.to()) {
      out.add(new Piece(source, done, piece.to()));
    }
    return out;
  }

  private static boolean standsAlone(String text, Piece piece, int start, int end) {
    return (start == piece.from() || !Chars.isWord(text.codePointBefore(start)))
        && (end == piece.to() || !Chars.isWord(text.codePointAt(end)));
  }

  private @Nullable Entry longest(String text, int from, int to) {
    char first = text.charAt(from);
    if ((firsts[first >> 6 & 15] >>> first & 1) == 0) {
      return null;
    }
    Entry best = null;
    int low = 0;
    int high = entries.length;
    for (int depth = 0; ; depth++) {
      while (low < high && entries[low].pattern.length() == depth) {
        best = entries[low++];
      }
      if (low == high || from + depth == to) {
        return best;
      }
      char c = text.charAt(from + depth);
      low = bound(low, high, depth, c);
      high = bound(low, high, depth, c + 1);
    }
  }

  private int bound(int low, int high, int depth, int c) {
    int l = low;
    int h = high;
    while (l < h) {
      int middle = (l + h) >>> 1;
      if (entries[middle].pattern.charAt(depth) < c) {
        l = middle + 1;
      } else {
        h = middle;
      }
    }
    return l;
  }
}
