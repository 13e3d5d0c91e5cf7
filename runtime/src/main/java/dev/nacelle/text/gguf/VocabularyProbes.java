package dev.nacelle.text.gguf;

import dev.nacelle.file.Quoted;
import dev.nacelle.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Texts on which two tokenizers are held against each other: hard ones, every added token among
 * letters, marks and spaces, and tokens and characters drawn at random, the same ones each time.
 */
final class VocabularyProbes {
  private static final int DRAWN = 1_000;

  private static final List<String> HARD =
      List.of(
          "",
          " ",
          "  \n\n\t x",
          "Hello, world!",
          " don't  WON'T I'LL they've",
          "1234567890 12,345.67e-8 \u0664\u0665 \u00bd\u2167",
          "na\u00efve caf\u00e9 \u212b\u00c5 \ufb01 e\u0301",
          "\u65e5\u672c\u8a9e\u306e\u30c6\u30ad\u30b9\u30c8\u3002\u4e2d\u6587",
          "\u05e2\u05d1\u05e8\u05d9\u05ea \u0627\u0644\u0639\u0631\u0628\u064a\u0629"
              + " \u0939\u093f\u0928\u094d\u0926\u0940",
          "\ud83d\ude42\ud83d\udc69\u200d\ud83d\udc67\ud83c\udff3\ufe0f",
          "\u200b\u00a0\ufeff\u2028x",
          "if (x<=y&&z!=0){return x[i++];}\r\n\r\n",
          "\u0000\u0001\u007f",
          "\u2581 \u2581\u2581a <0x41> [PAD7] <unk>",
          "a".repeat(300) + " ".repeat(50) + "\n".repeat(9));

  private static final int[][] RANGES = {
    {0x20, 0x7e},
    {0x20, 0x7e},
    {0x09, 0x0d},
    {0xa0, 0x17f},
    {0x300, 0x36f},
    {0x391, 0x3c9},
    {0x410, 0x44f},
    {0x5d0, 0x5ea},
    {0x660, 0x669},
    {0x905, 0x94d},
    {0x2000, 0x206f},
    {0x2150, 0x2188},
    {0x3040, 0x30ff},
    {0x4e00, 0x4fff},
    {0xac00, 0xacff},
    {0xff01, 0xff5e},
    {0x1f300, 0x1f64f}
  };

  private VocabularyProbes() {}

  /**
   * Refuses the second tokenizer where it gives other ids than the first.
   *
   * @param file of the first, for the message
   */
  static void compare(Tokenizer wanted, Tokenizer made, TokenizerParts parts, Path file) {
    for (String text : texts(wanted, parts)) {
      for (boolean special : new boolean[] {false, true}) {
        int[] ids = wanted.encode(text, special).ids();
        if (!Arrays.equals(ids, made.encode(text, special).ids())) {
          throw FolderVocabulary.refusal(
              file, "read back, it gives other ids for " + Quoted.name(text));
        }
      }
    }
  }

  private static List<String> texts(Tokenizer tokenizer, TokenizerParts parts) {
    List<String> texts = new ArrayList<>(HARD);
    for (TokenizerParts.Added token : parts.added()) {
      String content = token.content();
      texts.add(content);
      texts.add("a" + content + "b  " + content + content + "\u0301 \n " + content + " c");
    }
    SplittableRandom random = new SplittableRandom(20);
    int size = tokenizer.vocabularySize();
    for (int i = 0; i < DRAWN; i++) {
      StringBuilder text = new StringBuilder();
      int pieces = 1 + random.nextInt(12);
      for (int piece = 0; piece < pieces; piece++) {
        if (random.nextBoolean()) {
          text.append(tokenizer.decode(new int[] {random.nextInt(size)}, true));
        } else {
          int[] range = RANGES[random.nextInt(RANGES.length)];
          for (int n = random.nextInt(4); n >= 0; n--) {
            text.appendCodePoint(random.nextInt(range[0], range[1] + 1));
          }
        }
      }
      texts.add(text.toString());
    }
    return texts;
  }
}
