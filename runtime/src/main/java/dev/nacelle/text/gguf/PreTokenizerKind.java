package dev.nacelle.text.gguf;

import java.util.Map;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The values of {@code tokenizer.ggml.pre} that we do, each as the pre-tokenizer of a
 * tokenizer.json. llama.cpp hides a regular expression behind each name; the equivalent part of the
 * models' own files stands here.
 */
enum PreTokenizerKind {
  /** GPT-2's words. */
  WORDS(
      "{\"type\":\"ByteLevel\",\"add_prefix_space\":false,\"trim_offsets\":true,\"use_regex\":true}"),

  /** Every digit by itself, then GPT-2's words. */
  DIGITS_THEN_WORDS(
      "{\"type\":\"Sequence\",\"pretokenizers\":["
          + "{\"type\":\"Digits\",\"individual_digits\":true},"
          + WORDS.json
          + "]}");

  private static final Map<String, PreTokenizerKind> BY_NAME =
      Map.of(
          "smollm", DIGITS_THEN_WORDS,
          "starcoder", DIGITS_THEN_WORDS,
          "refact", DIGITS_THEN_WORDS,
          "command-r", DIGITS_THEN_WORDS,
          "codeshell", DIGITS_THEN_WORDS,
          "gpt-2", WORDS,
          "phi-2", WORDS,
          "olmo", WORDS);

  private final String json;

  PreTokenizerKind(String json) {
    this.json = json;
  }

  /** The part of a tokenizer.json. */
  String json() {
    return json;
  }

  static @Nullable PreTokenizerKind find(String name) {
    return BY_NAME.get(name);
  }

  /** The names that are known, for messages. */
  static String names() {
    return String.join(", ", new TreeSet<>(BY_NAME.keySet()));
  }
}
