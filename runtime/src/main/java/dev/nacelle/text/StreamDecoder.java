package dev.nacelle.text;

import java.util.Arrays;

/**
 * Decodes ids one at a time, for text that is shown while it is generated. What comes back is
 * complete: a character whose bytes are spread over tokens comes with its last one. All that came
 * back, joined, is what decoding all ids at once gives, but where the ids spell no valid text.
 *
 * <p>A decoder looks at a token's neighbours (a space is dropped before the first one), so the
 * tokens last shown are decoded once more in front of the new one and taken off again.
 */
public final class StreamDecoder {
  /** Beyond so many tokens without an end between characters only the last few are kept. */
  private static final int MOST_TOKENS = 64;

  /** More than a character's bytes can be spread over. */
  private static final int KEPT_TOKENS = 8;

  private final Tokenizer tokenizer;
  private final boolean skipSpecialTokens;

  /** Tokens given out last, for what a decoder sees in them, then those since. */
  private int[] window = new int[16];

  private int given;
  private int size;

  /** What of the window's text was given out. */
  private String givenText = "";

  public StreamDecoder(Tokenizer tokenizer, boolean skipSpecialTokens) {
    this.tokenizer = tokenizer;
    this.skipSpecialTokens = skipSpecialTokens;
  }

  /** The text that the id completes, often empty for a part of a character. */
  public String next(int id) {
    if (size == window.length) {
      window = Arrays.copyOf(window, size * 2);
    }
    window[size++] = id;
    String text = decode(0);
    String complete = withoutUnfinished(text);
    if (complete.length() == text.length()) {
      return giveAll(text);
    }
    String added = "";
    if (complete.startsWith(givenText)) {
      added = complete.substring(givenText.length());
      givenText = complete;
    }
    if (size > MOST_TOKENS) {
      keepFrom(size - KEPT_TOKENS);
      given = 0;
      givenText = withoutUnfinished(decode(0));
    }
    return added;
  }

  /** What is left at the end, as far as it can be read. */
  public String finish() {
    return giveAll(decode(0));
  }

  private String giveAll(String text) {
    String added = text.startsWith(givenText) ? text.substring(givenText.length()) : decode(given);
    if (!added.isEmpty()) {
      keepFrom(given);
      given = size;
      givenText = decode(0);
    }
    return added;
  }

  private void keepFrom(int first) {
    System.arraycopy(window, first, window, 0, size - first);
    size -= first;
  }

  private String decode(int first) {
    return tokenizer.decode(Arrays.copyOfRange(window, first, size), skipSpecialTokens);
  }

  /** Bytes of a character that is not whole yet are decoded to U+FFFD at the end. */
  private static String withoutUnfinished(String text) {
    int end = text.length();
    while (end > 0 && text.charAt(end - 1) == '\ufffd') {
      end--;
    }
    return text.substring(0, end);
  }
}
