package dev.nacelle.text.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufVocabulary;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.zip.GZIPInputStream;

/**
 * Small GGUF files and what is to come of them: jetson-tests/peers/make_gguf_tokenizer_goldens.py.
 */
final class GgufGoldens {
  private GgufGoldens() {}

  private static InputStream open(String resource) {
    try {
      return new GZIPInputStream(
          Objects.requireNonNull(GgufGoldens.class.getResourceAsStream(resource), resource));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static JsonNode read(String name) {
    return json("/goldens/gguf/" + name + ".json.gz");
  }

  /** The hard strings, each a [kind, text]. */
  static JsonNode strings() {
    return json("/goldens/tokenizer/strings.json.gz");
  }

  static JsonNode json(String resource) {
    try (InputStream in = open(resource)) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Unpacks a file into a folder. */
  static Path unpack(String name, Path folder) throws IOException {
    Path file = folder.resolve(name + ".gguf");
    if (!Files.exists(file)) {
      try (InputStream in = open("/goldens/gguf/" + name + ".gguf.gz")) {
        Files.copy(in, file);
      }
    }
    return file;
  }

  /** The same vocabulary under another cut. */
  static GgufVocabulary withPre(GgufVocabulary v, String pre) {
    return new GgufVocabulary(
        v.model(),
        pre,
        v.tokens(),
        v.types(),
        v.scores(),
        v.merges(),
        v.ids(),
        v.habits(),
        v.chatTemplate(),
        v.otherTemplates());
  }

  static GgufVocabulary vocabulary(Path file) {
    try (GgufFile open = GgufFile.open(file)) {
      return GgufVocabulary.read(open);
    }
  }
}
