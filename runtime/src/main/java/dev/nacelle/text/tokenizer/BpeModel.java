package dev.nacelle.text.tokenizer;

import dev.nacelle.NacelleException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Byte-pair encoding over the characters of a text, byte-level or SentencePiece-style: what is a
 * byte was decided before (see {@link ByteAlphabet}). A character that the vocabulary lacks becomes
 * its bytes' tokens {@code <0x41>} with byte fallback, else the unknown token, else nothing.
 */
final class BpeModel implements Model {
  /**
   * How characters become symbols.
   *
   * @param unknown the unknown token's spelling, or null
   * @param fuseUnknown whether unknown characters in a row become one token
   * @param byteFallback whether bytes stand in before the unknown token does
   * @param ignoreMerges whether a piece that is a token needs no merges
   * @param prefix what stands before each character of a word but the first in the vocabulary
   * @param suffix what stands behind the last one
   */
  record Options(
      @Nullable String unknown,
      boolean fuseUnknown,
      boolean byteFallback,
      boolean ignoreMerges,
      String prefix,
      String suffix) {
    static final Options BYTE_LEVEL = new Options(null, false, false, false, "", "");

    boolean isPlain() {
      return prefix.isEmpty() && suffix.isEmpty();
    }
  }

  private static final int ABSENT = -1;

  private final Vocabulary vocabulary;
  private final MergeTable merges;
  private final Options options;
  private final Bridges bridges;

  /** Ids of the one-character tokens below U+10000. */
  private final int[] characters = new int[1 << 16];

  private final int[] byteTokens;
  private final int unknownId;

  BpeModel(Vocabulary vocabulary, MergeTable merges, Options options) {
    this.vocabulary = vocabulary;
    this.merges = merges;
    this.options = options;
    this.bridges = new Bridges(vocabulary, merges);
    this.unknownId = options.unknown == null ? ABSENT : vocabulary.find(options.unknown);
    Arrays.fill(characters, ABSENT);
    for (int id = 0; id < vocabulary.size(); id++) {
      if (vocabulary.has(id) && vocabulary.byteLength(id) <= 3) {
        String token = vocabulary.token(id);
        if (token.length() == 1) {
          characters[token.charAt(0)] = id;
        }
      }
    }
    this.byteTokens = ByteTokens.ids(vocabulary);
  }

  @Override
  public Vocabulary vocabulary() {
    return vocabulary;
  }

  int mergeCount() {
    return merges.size();
  }

  @Override
  public Session open() {
    return new Symbols();
  }

  /** One pass over the characters of a piece. */
  private final class Symbols implements Session {
    private final BpeWord word = new BpeWord(merges);
    private final byte[] scratch = new byte[4];
    private String text = "";
    private int from;
    private int to;
    private TokenSink sink = (id, start, end) -> {};
    private int lastCharacter = -1;
    private int unknownStart = ABSENT;
    private int unknownEnd;

    @Override
    public void encode(String source, int begin, int end, TokenSink tokens) {
      if (options.ignoreMerges) {
        byte[] utf8 = new byte[(end - begin) * 3];
        int id = vocabulary.find(utf8, 0, Utf8.encode(source, begin, end, utf8, 0));
        if (id >= 0) {
          tokens.token(id, begin, end);
          return;
        }
      }
      text = source;
      from = begin;
      to = end;
      sink = tokens;
      run();
    }

    private void run() {
      int at = from;
      while (at < to) {
        int c = text.codePointAt(at);
        int next = at + Character.charCount(c);
        int id = find(c, at, next);
        if (id >= 0) {
          flushUnknown();
          push(id, at, next, c, c);
        } else if (!options.byteFallback || !bytes(c, at, next)) {
          unknown(at, next);
        }
        at = next;
      }
      flushUnknown();
      word.finish(sink);
    }

    private int find(int c, int at, int next) {
      if (options.isPlain()) {
        return c < characters.length
            ? characters[c]
            : vocabulary.find(scratch, 0, Utf8.encode(c, scratch, 0));
      }
      return vocabulary.find(spelling(c, at, next));
    }

    private String spelling(int c, int at, int next) {
      return (at > from ? options.prefix : "")
          + Character.toString(c)
          + (next == to ? options.suffix : "");
    }

    private boolean bytes(int c, int at, int next) {
      byte[] utf8 = scratch;
      int length;
      if (options.isPlain()) {
        length = Utf8.encode(c, utf8, 0);
      } else {
        utf8 = spelling(c, at, next).getBytes(StandardCharsets.UTF_8);
        length = utf8.length;
      }
      for (int i = 0; i < length; i++) {
        if (byteTokens[utf8[i] & 0xff] < 0) {
          return false;
        }
      }
      for (int i = 0; i < length; i++) {
        push(byteTokens[utf8[i] & 0xff], at, next, '<', '>');
      }
      return true;
    }

    private void unknown(int at, int next) {
      if (options.unknown == null) {
        return;
      }
      if (unknownId < 0) {
        throw NacelleException.input(
            "The text holds "
                + Refusal.quote(text.substring(at, next))
                + ", which the tokenizer does not know, and its unknown token "
                + Refusal.quote(options.unknown)
                + " is not in its vocabulary.",
            "Take the tokenizer.json that belongs to the model.");
      }
      if (unknownStart != ABSENT && !options.fuseUnknown) {
        flushUnknown();
      }
      if (unknownStart == ABSENT) {
        unknownStart = at;
      }
      unknownEnd = next;
    }

    private void flushUnknown() {
      if (unknownStart != ABSENT) {
        push(
            unknownId,
            unknownStart,
            unknownEnd,
            Bridges.first(vocabulary, unknownId),
            Bridges.last(vocabulary, unknownId));
        unknownStart = ABSENT;
      }
    }

    private void push(int id, int start, int end, int first, int last) {
      if (!word.isEmpty() && options.prefix.isEmpty() && !bridges.join(lastCharacter, first)) {
        word.finish(sink);
      }
      word.add(id, start, end);
      lastCharacter = options.suffix.isEmpty() ? last : Bridges.last(vocabulary, id);
    }
  }
}
