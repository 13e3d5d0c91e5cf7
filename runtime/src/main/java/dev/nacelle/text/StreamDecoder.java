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
  /** So many tokens without a complete character spell none. */
  private static final int MOST_PENDING = 32;

  private final Tokenizer tokenizer;
  private final boolean skipSpecialTokens;

  /** Tokens shown last, then those that are not shown yet. */
  private int[] window = new int[8];

  private int shown;
  private int size;
  private String shownText = "";

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
    String text = tokenizer.decode(Arrays.copyOf(window, size), skipSpecialTokens);
    if (text.endsWith("\ufffd") && size - shown < MOST_PENDING) {
      return "";
    }
    return show(text);
  }

  /** What is left at the end, as far as it can be read. */
  public String finish() {
    return show(tokenizer.decode(Arrays.copyOf(window, size), skipSpecialTokens));
  }

  private String show(String text) {
    String added =
        text.startsWith(shownText)
            ? text.substring(shownText.length())
            : tokenizer.decode(Arrays.copyOfRange(window, shown, size), skipSpecialTokens);
    if (!added.isEmpty()) {
      System.arraycopy(window, shown, window, 0, size - shown);
      size -= shown;
      shown = size;
      shownText = tokenizer.decode(Arrays.copyOf(window, size), skipSpecialTokens);
    }
    return added;
  }
}
