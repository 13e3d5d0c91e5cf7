package dev.nacelle.text.gguf;

import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.GgufWriter;
import org.jspecify.annotations.Nullable;

/** Writes a vocabulary as the keys under {@code tokenizer.} of a GGUF file. */
public final class GgufVocabularyKeys {
  private static final String PREFIX = "tokenizer.ggml.";

  private GgufVocabularyKeys() {}

  /** Puts all keys; those of what the vocabulary does not have are left out. */
  public static void put(GgufWriter writer, GgufVocabulary vocabulary) {
    writer.put(PREFIX + "model", vocabulary.model());
    if (vocabulary.pre() != null) {
      writer.put(PREFIX + "pre", vocabulary.pre());
    }
    writer.putStrings(PREFIX + "tokens", vocabulary.tokens());
    if (vocabulary.scores().length > 0) {
      writer.put(PREFIX + "scores", vocabulary.scores());
    }
    writer.put(PREFIX + "token_type", vocabulary.types());
    if (!vocabulary.merges().isEmpty()) {
      writer.putStrings(PREFIX + "merges", vocabulary.merges());
    }
    GgufVocabulary.SpecialIds ids = vocabulary.ids();
    id(writer, "bos", ids.bos());
    id(writer, "eos", ids.eos());
    id(writer, "eot", ids.eot());
    id(writer, "eom", ids.eom());
    id(writer, "unknown", ids.unknown());
    id(writer, "padding", ids.padding());
    GgufVocabulary.Habits habits = vocabulary.habits();
    flag(writer, "add_bos_token", habits.addBos());
    flag(writer, "add_eos_token", habits.addEos());
    flag(writer, "add_space_prefix", habits.addSpacePrefix());
    if (habits.removeExtraSpaces()) {
      flag(writer, "remove_extra_whitespaces", true);
    }
    if (vocabulary.chatTemplate() != null) {
      writer.put("tokenizer.chat_template", vocabulary.chatTemplate());
    }
  }

  private static void id(GgufWriter writer, String name, int id) {
    if (id >= 0) {
      writer.putUnsigned(PREFIX + name + "_token_id", id);
    }
  }

  private static void flag(GgufWriter writer, String name, @Nullable Boolean value) {
    if (value != null) {
      writer.put(PREFIX + name, value);
    }
  }
}
