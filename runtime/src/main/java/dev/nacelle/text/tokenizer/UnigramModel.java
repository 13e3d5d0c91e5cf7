package dev.nacelle.text.tokenizer;

import dev.nacelle.NacelleException;
import java.util.Arrays;

/**
 * The likeliest way to write a text with tokens that each have a score: a path through the
 * positions of its UTF-8, found by Viterbi. Unknown characters in a row become one token, or their
 * bytes' tokens with byte fallback.
 */
final class UnigramModel implements Model {
  /** How much worse than the worst token an unknown character is. */
  private static final double UNKNOWN_PENALTY = 10;

  private static final int ABSENT = -1;

  private final Vocabulary vocabulary;
  private final double[] scores;
  private final int unknownId;
  private final double unknownScore;
  private final PrefixSearch prefixes;
  private final int[] byteTokens;

  /**
   * @param scores one for each id
   * @param unknownId the unknown token, or −1
   */
  UnigramModel(Vocabulary vocabulary, double[] scores, int unknownId, boolean byteFallback) {
    this.vocabulary = vocabulary;
    this.scores = scores;
    this.unknownId = unknownId;
    this.unknownScore = Arrays.stream(scores).min().orElse(0) - UNKNOWN_PENALTY;
    this.prefixes = new PrefixSearch(vocabulary);
    this.byteTokens = ByteTokens.ids(vocabulary);
    if (!byteFallback) {
      Arrays.fill(byteTokens, ABSENT);
    }
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  @Override
  public Session open() {
    return new Lattice();
  }

  private final class Lattice implements Session {
    private byte[] utf8 = new byte[64];
    private int[] units = new int[64];
    private double[] best = new double[64];
    private int[] begins = new int[64];
    private int[] ids = new int[64];
    private int size;

    @Override
    public void encode(String text, int from, int to, TokenSink sink) {
      load(text, from, to);
      walk(text);
      emit(sink);
    }

    /** UTF-8 of the piece, and at each position the unit of the text that it belongs to. */
    private void load(String text, int from, int to) {
      int most = (to - from) * 3 + 1;
      if (utf8.length < most) {
        utf8 = new byte[most];
        units = new int[most];
        best = new double[most];
        begins = new int[most];
        ids = new int[most];
      }
      size = 0;
      int at = from;
      while (at < to) {
        int c = text.codePointAt(at);
        int end = Utf8.encode(c, utf8, size);
        Arrays.fill(units, size, end, at);
        size = end;
        at += Character.charCount(c);
      }
      units[size] = to;
      Arrays.fill(begins, 0, size + 1, ABSENT);
      best[0] = 0;
    }

    private void walk(String text) {
      int at = 0;
      while (at < size) {
        int begin = at;
        int next = begin + length(utf8[begin]);
        boolean[] single = new boolean[1];
        prefixes.search(
            utf8,
            begin,
            size,
            (id, end) -> {
              offer(begin, end, id, scores[id]);
              single[0] |= end == next;
            });
        if (!single[0]) {
          if (unknownId < 0) {
            throw NacelleException.input(
                "The text holds "
                    + Refusal.quote(Character.toString(text.codePointAt(units[begin])))
                    + ", which the tokenizer does not know, and it has no unknown token.",
                "Take the tokenizer.json that belongs to the model.");
          }
          offer(begin, next, unknownId, unknownScore);
        }
        at = next;
      }
    }

    private void offer(int begin, int end, int id, double score) {
      double total = best[begin] + score;
      if (begins[end] == ABSENT || total > best[end]) {
        best[end] = total;
        begins[end] = begin;
        ids[end] = id;
      }
    }

    private void emit(TokenSink sink) {
      Ints path = new Ints(16);
      int end = size;
      while (end > 0) {
        path.add(end);
        end = begins[end];
      }
      int i = path.size() - 1;
      int begin = 0;
      while (i >= 0) {
        int stop = path.get(i--);
        int id = ids[stop];
        while (id == unknownId && i >= 0 && ids[path.get(i)] == unknownId) {
          stop = path.get(i--);
        }
        token(id, begin, stop, sink);
        begin = stop;
      }
    }

    private void token(int id, int begin, int end, TokenSink sink) {
      int start = units[begin];
      int stop = units[end];
      if (id != unknownId) {
        sink.token(id, start, stop);
        return;
      }
      // Fused, the unknown characters may spell a token, the unknown one's own spelling say.
      int spelt = vocabulary.find(utf8, begin, end);
      if (spelt >= 0) {
        sink.token(spelt, start, stop);
        return;
      }
      for (int at = begin; at < end; at++) {
        if (byteTokens[utf8[at] & 0xff] < 0) {
          sink.token(unknownId, start, stop);
          return;
        }
      }
      for (int at = begin; at < end; at++) {
        sink.token(byteTokens[utf8[at] & 0xff], start, stop);
      }
    }

    private static int length(byte lead) {
      int b = lead & 0xff;
      return b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
    }
  }
}
