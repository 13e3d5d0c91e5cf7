package dev.nacelle.text.tokenizer;

import java.util.Locale;

/** The tokens {@code <0x00>} to {@code <0xFF>} that stand for bytes in SentencePiece's models. */
final class ByteTokens {
  private static final String[] NAMES = new String[256];

  static {
    for (int b = 0; b < 256; b++) {
      String digits = Integer.toHexString(b + 256).substring(1);
      NAMES[b] = "<0x" + digits.toUpperCase(Locale.ROOT) + ">";
    }
  }

  private ByteTokens() {}

  /** The id of each byte's token, −1 where there is none. */
  static int[] ids(Vocabulary vocabulary) {
    int[] ids = new int[256];
    for (int b = 0; b < 256; b++) {
      ids[b] = vocabulary.find(NAMES[b]);
    }
    return ids;
  }
}
