package dev.nacelle.text.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/** What the reference answered, made by jetson-tests/peers/make_tokenizer_goldens.py. */
final class Goldens {
  static final List<String> NAMES =
      List.of(
          "gpt2",
          "roberta",
          "llama3",
          "falcon",
          "llama2",
          "gemma",
          "metaspace",
          "unigram",
          "unigram-bytes");

  private Goldens() {}

  static InputStream open(String name) {
    try {
      return new GZIPInputStream(
          Objects.requireNonNull(
              Goldens.class.getResourceAsStream("/goldens/tokenizer/" + name + ".json.gz"), name));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode read(String name) {
    try (InputStream in = open(name)) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The strings, each a [kind, text]. */
  static JsonNode strings() {
    return read("strings");
  }

  static Tokenizer load(String name, Path folder) throws IOException {
    Path file = folder.resolve(name + ".json");
    if (!Files.exists(file)) {
      try (InputStream in = open(name + ".tokenizer")) {
        Files.copy(in, file);
      }
    }
    return TokenizerJson.load(file);
  }
}
