package dev.nacelle.text.tokenizer;

import java.util.random.RandomGenerator;

/** Random text of all sorts, of characters that Unicode has had for long. */
public final class HardText {
  private static final int[][] RANGES = {
    {0x20, 0x7e},
    {0x20, 0x7e},
    {0x61, 0x7a},
    {0x61, 0x7a},
    {0x30, 0x39},
    {0, 0x1f},
    {0x7f, 0xff},
    {0x100, 0x17f},
    {0x300, 0x36f},
    {0x391, 0x3c9},
    {0x410, 0x44f},
    {0x5d0, 0x5ea},
    {0x621, 0x64a},
    {0x905, 0x939},
    {0xe01, 0xe30},
    {0x1e00, 0x1eff},
    {0x2000, 0x206f},
    {0x2150, 0x2188},
    {0x2460, 0x2473},
    {0x2580, 0x2590},
    {0x3000, 0x3010},
    {0x3041, 0x3096},
    {0x4e00, 0x9fa5},
    {0xac00, 0xd7a3},
    {0x1100, 0x11f9},
    {0xfb00, 0xfb06},
    {0xff01, 0xff9f},
    {0x1f300, 0x1f5ff},
    {0x1f600, 0x1f64f},
    {0x1f1e6, 0x1f1ff},
    {0x1d400, 0x1d433}
  };
  private static final String[] BITS = {
    " ",
    "  ",
    "\n",
    "\r\n",
    "\t",
    "the ",
    " of",
    "'s",
    "'LL",
    "</s>",
    "<s>",
    "<|im_start|>",
    "<|im_end|>",
    "[INST]",
    "▁",
    "▁▁",
    "added",
    " 123",
    "1,000",
    "<0x41>",
    "\u200d",
    "\ufe0f",
    "---"
  };

  private HardText() {}

  /** A text of up to {@code most} parts. */
  public static String draw(RandomGenerator random, int most) {
    StringBuilder out = new StringBuilder();
    int parts = 1 + random.nextInt(most);
    int[] range = RANGES[random.nextInt(RANGES.length)];
    for (int i = 0; i < parts; i++) {
      if (random.nextInt(4) == 0) {
        range = RANGES[random.nextInt(RANGES.length)];
      }
      if (random.nextInt(4) == 0) {
        out.append(BITS[random.nextInt(BITS.length)]);
      } else {
        int c = range[0] + random.nextInt(range[1] - range[0] + 1);
        if (Character.isDefined(c)) {
          out.appendCodePoint(c);
        }
      }
    }
    return out.toString();
  }
}
