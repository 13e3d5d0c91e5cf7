package dev.nacelle.cli;

import java.util.ArrayList;
import java.util.List;

/** Two texts beside each other, as two columns of 80. */
final class SideBySide {
  private static final int WIDTH = 38;

  private SideBySide() {}

  /** Lines with a heading each, ending with a line break. */
  static String of(String leftHead, String left, String rightHead, String right) {
    List<String> lefts = wrap(left);
    List<String> rights = wrap(right);
    StringBuilder all = new StringBuilder();
    row(all, leftHead, rightHead);
    row(all, "-".repeat(leftHead.length()), "-".repeat(rightHead.length()));
    for (int i = 0; i < Math.max(lefts.size(), rights.size()); i++) {
      row(all, i < lefts.size() ? lefts.get(i) : "", i < rights.size() ? rights.get(i) : "");
    }
    return all.toString();
  }

  private static void row(StringBuilder all, String left, String right) {
    int gap = WIDTH + 2 - left.codePointCount(0, left.length());
    all.append(left);
    if (!right.isEmpty()) {
      all.append(" ".repeat(Math.max(1, gap))).append(right);
    }
    all.append('\n');
  }

  private static List<String> wrap(String text) {
    List<String> lines = new ArrayList<>();
    for (String paragraph : text.strip().split("\n", -1)) {
      StringBuilder line = new StringBuilder();
      for (String word : paragraph.split(" ", -1)) {
        if (!line.isEmpty() && line.length() + 1 + word.length() > WIDTH) {
          lines.add(line.toString());
          line.setLength(0);
        }
        line.append(line.isEmpty() ? "" : " ").append(word);
      }
      lines.add(line.toString());
    }
    return lines;
  }
}
