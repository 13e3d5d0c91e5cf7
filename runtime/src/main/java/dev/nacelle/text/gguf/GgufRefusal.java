package dev.nacelle.text.gguf;

import dev.nacelle.NacelleException;
import dev.nacelle.file.Quoted;
import java.nio.file.Path;

/** Errors about a GGUF file's tokenizer, all of kind INPUT. */
final class GgufRefusal {
  private GgufRefusal() {}

  static String where(Path file) {
    return Quoted.path(file) + ": ";
  }

  /** A value that names something which we do not do. */
  static NacelleException unknown(Path file, String key, String value, String known) {
    return NacelleException.input(
        where(file)
            + "tokenizer.ggml."
            + key
            + " is "
            + Quoted.name(value)
            + ", which Nacelle does not do",
        "known are " + known + "; the model's Hugging Face folder may still work");
  }

  static NacelleException missing(Path file, String key, String why) {
    return NacelleException.input(
        where(file) + "metadata key 'tokenizer.ggml." + key + "' is missing or empty: " + why,
        "convert the model anew, or use the model's Hugging Face folder");
  }
}
