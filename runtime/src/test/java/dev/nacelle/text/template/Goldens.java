package dev.nacelle.text.template;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.InputStream;
import java.time.Clock;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.util.Map;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** The recorded goldens of chat templates. */
final class Goldens {
  private static final ObjectMapper JSON = new ObjectMapper();

  private Goldens() {}

  static JsonNode read(String file) throws IOException {
    try (InputStream raw = Goldens.class.getResourceAsStream("/goldens/templates/" + file)) {
      return JSON.readTree(new GZIPInputStream(Objects.requireNonNull(raw, file)));
    }
  }

  /** Parses with the special tokens and the frozen clock of the recording. */
  static JinjaChatTemplate parse(JsonNode goldens, String source) {
    Map<String, String> tokens =
        JSON.convertValue(goldens.get("specialTokens"), new TypeReference<>() {});
    LocalDateTime time = LocalDateTime.parse(goldens.get("clock").textValue());
    Clock clock = Clock.fixed(time.toInstant(ZoneOffset.UTC), ZoneOffset.UTC);
    return JinjaChatTemplate.parse(source, tokens, clock);
  }

  static Map<String, @Nullable Object> variables(JsonNode context) {
    return JSON.convertValue(context, new TypeReference<>() {});
  }
}
