package dev.nacelle.text.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;

/**
 * NFC, NFD, NFKC and NFKD with the ranges that the reference reports: a composed character stands
 * for its first part, each part of a decomposed one for the whole. The characters come from the
 * JDK; the ranges are found by matching its result against the decomposition, stretch by stretch.
 */
record UnicodeForm(Form form) implements Normalizer {
  @Override
  public AlignedText normalize(AlignedText text) {
    String s = text.text();
    if (java.text.Normalizer.isNormalized(s, form)) {
      return text;
    }
    Ints characters = new Ints(s.length() + 16);
    Ints changes = new Ints(s.length() + 16);
    int at = 0;
    while (at < s.length()) {
      int end = at + Character.charCount(s.codePointAt(at));
      while (end < s.length() && !begins(s.codePointAt(end))) {
        end += Character.charCount(s.codePointAt(end));
      }
      stretch(s.substring(at, end), characters, changes);
      at = end;
    }
    return text.transform(characters, changes, 0);
  }

  /** Whether a character never composes with, nor moves before, what stands before it. */
  private boolean begins(int c) {
    if (c < 0x300) {
      return true;
    }
    int first = decomposed(c).codePointAt(0);
    return !Chars.isMark(first) && (first < 0x1160 || first > 0x11ff);
  }

  private String decomposed(int c) {
    Form parts = form == Form.NFC || form == Form.NFD ? Form.NFD : Form.NFKD;
    return java.text.Normalizer.normalize(Character.toString(c), parts);
  }

  private void stretch(String s, Ints characters, Ints changes) {
    String result = java.text.Normalizer.normalize(s, form);
    if (result.equals(s)) {
      s.codePoints()
          .forEach(
              c -> {
                characters.add(c);
                changes.add(0);
              });
      return;
    }
    // Changes of the decomposed characters, a queue for each character: canonical order keeps
    // equal characters in their order.
    Map<Integer, ArrayDeque<Integer>> parts = new HashMap<>();
    s.codePoints()
        .forEach(
            c -> {
              int[] decomposition = decomposed(c).codePoints().toArray();
              for (int i = 0; i < decomposition.length; i++) {
                parts
                    .computeIfAbsent(decomposition[i], key -> new ArrayDeque<>())
                    .add(i == 0 ? 0 : 1);
              }
            });
    boolean composes = form == Form.NFC || form == Form.NFKC;
    result
        .codePoints()
        .forEach(
            c -> {
              int change = 0;
              if (composes) {
                int[] used =
                    java.text.Normalizer.normalize(Character.toString(c), Form.NFD)
                        .codePoints()
                        .toArray();
                for (int i = 0; i < used.length; i++) {
                  change += take(parts, used[i]) - (i == 0 ? 0 : 1);
                }
              } else {
                change = take(parts, c);
              }
              characters.add(c);
              changes.add(change);
            });
  }

  private static int take(Map<Integer, ArrayDeque<Integer>> parts, int c) {
    ArrayDeque<Integer> queue = parts.get(c);
    Integer change = queue == null ? null : queue.poll();
    return change == null ? 0 : change;
  }
}
