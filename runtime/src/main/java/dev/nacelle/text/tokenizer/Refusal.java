package dev.nacelle.text.tokenizer;

import dev.nacelle.NacelleException;

/** Words for what a tokenizer asks for and we do not do; the file's name is added by its reader. */
final class Refusal {
  private Refusal() {}

  static NacelleException of(String rule) {
    return NacelleException.input(rule, null);
  }

  /** A part of a kind that we do not know. */
  static NacelleException unknown(String kind, String name) {
    return of("the " + kind + " " + quote(name) + " is not one that Nacelle does");
  }

  /** The string in quotes, shortened, control characters escaped. */
  static String quote(String value) {
    StringBuilder out = new StringBuilder("\"");
    int shown = Math.min(value.length(), 60);
    for (int i = 0; i < shown; i++) {
      char c = value.charAt(i);
      if (c < ' ' || (c >= 0x7f && c < 0xa0) || Character.isSurrogate(c)) {
        out.append(String.format("\\u%04x", (int) c));
      } else {
        out.append(c);
      }
    }
    return out.append(value.length() > shown ? "…\"" : "\"").toString();
  }
}
