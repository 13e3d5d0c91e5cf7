package dev.nacelle.text.template;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What a Hugging Face folder says of special tokens and of its chat template. */
final class TokenizerConfig {
  private static final String CONFIG = "tokenizer_config.json";

  /** Far above real files (some list a quarter of a million added tokens). */
  private static final long MAX_BYTES = 64L << 20;

  private final Path folder;
  private final JsonNode config;
  private final Map<String, String> specialTokens = new LinkedHashMap<>();

  private TokenizerConfig(Path folder) {
    this.folder = folder;
    this.config = readObject(CONFIG);
    // written by older versions; the newer file wins, its nulls too
    addTokens(readObject("special_tokens_map.json"), "special_tokens_map.json");
    addTokens(config, CONFIG);
  }

  static TokenizerConfig read(Path folder) {
    return new TokenizerConfig(folder);
  }

  /** Variables of templates: {@code bos_token} and every other {@code …_token} with a text. */
  Map<String, String> specialTokens() {
    return specialTokens;
  }

  private void addTokens(JsonNode object, String file) {
    object
        .properties()
        .forEach(
            field -> {
              String name = field.getKey();
              JsonNode value = field.getValue();
              if (!name.endsWith("_token") || value.isBoolean()) {
                return;
              }
              JsonNode text = value.isObject() ? value.path("content") : value;
              if (text.isTextual()) {
                specialTokens.put(name, text.textValue());
              } else if (value.isNull()) {
                specialTokens.remove(name);
              } else if (value.isObject() || value.isArray()) {
                throw NacelleException.input(
                    folder.resolve(file) + ": " + name + " is neither a string nor a token.",
                    "Write the token's text there, or null.");
              }
            });
  }

  /** The token of a kind (bos, eos, pad), by name or by the id that a configuration gives. */
  @Nullable String tokenOrId(String kind) {
    String named = specialTokens.get(kind + "_token");
    if (named != null || config.has(kind + "_token")) {
      return named;
    }
    for (String file : new String[] {"generation_config.json", "config.json"}) {
      JsonNode id = readObject(file).path(kind + "_token_id");
      JsonNode first = id.isArray() ? id.path(0) : id;
      if (first.isIntegralNumber()) {
        return addedToken(first.asLong());
      }
    }
    return null;
  }

  private @Nullable String addedToken(long id) {
    JsonNode listed = config.path("added_tokens_decoder").path(Long.toString(id)).path("content");
    if (listed.isTextual()) {
      return listed.textValue();
    }
    Path file = folder.resolve("tokenizer.json");
    if (!Files.isRegularFile(file)) {
      return null;
    }
    // only one array of a file of many megabytes is wanted: walk it, build nothing else
    try (JsonParser json = factory().createParser(file.toFile())) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return null;
      }
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        boolean wanted = json.currentName().equals("added_tokens");
        json.nextToken();
        if (!wanted) {
          json.skipChildren();
          continue;
        }
        JsonNode tokens = new ObjectMapper().readTree(json);
        for (JsonNode token : tokens) {
          if (token.path("id").asLong(-1) == id && token.path("content").isTextual()) {
            return token.path("content").textValue();
          }
        }
        return null;
      }
      return null;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static JsonFactory factory() {
    return JsonFactory.builder()
        .streamReadConstraints(
            StreamReadConstraints.builder()
                .maxStringLength((int) MAX_BYTES)
                .maxNestingDepth(200)
                .build())
        .build();
  }

  /** The template's source, null where the model has none. */
  @Nullable String chatTemplate() {
    Path file = folder.resolve("chat_template.jinja");
    if (Files.isRegularFile(file)) {
      try {
        checkSize(file);
        return Files.readString(file);
      } catch (IOException e) {
        throw unreadable(file, e);
      }
    }
    JsonNode template = config.path("chat_template");
    if (template.isMissingNode() || template.isNull()) {
      return null;
    }
    if (template.isTextual()) {
      return template.textValue();
    }
    StringBuilder names = new StringBuilder();
    if (template.isArray()) {
      for (JsonNode entry : template) {
        String name = entry.path("name").asText("");
        if (name.equals("default") && entry.path("template").isTextual()) {
          return entry.path("template").textValue();
        }
        names.append(names.isEmpty() ? "" : ", ").append(name);
      }
    }
    throw NacelleException.input(
        folder.resolve(CONFIG)
            + ": chat_template is neither a string nor a list with one named 'default'"
            + (names.isEmpty() ? "." : " (it has " + names + ")."),
        "Write the template that you want to chat_template.jinja in the same folder.");
  }

  private JsonNode readObject(String name) {
    Path file = folder.resolve(name);
    if (!Files.isRegularFile(file)) {
      return MissingNode.getInstance();
    }
    try {
      checkSize(file);
      // through a string, because Jackson's own decoder lets some malformed UTF-8 pass
      JsonNode node = new ObjectMapper(factory()).readTree(Files.readString(file));
      if (!node.isObject()) {
        throw NacelleException.input(file + " is not a JSON object.", null);
      }
      return node;
    } catch (IOException e) {
      throw unreadable(file, e);
    }
  }

  private static void checkSize(Path file) throws IOException {
    if (Files.size(file) > MAX_BYTES) {
      throw NacelleException.input(
          file + " has " + Files.size(file) + " bytes, more than the " + MAX_BYTES + " allowed.",
          "Check that this is the file that it claims to be.");
    }
  }

  private static NacelleException unreadable(Path file, IOException e) {
    String why =
        switch (e) {
          case JsonProcessingException json -> "is not JSON" + place(json);
          case CharacterCodingException coding -> "is not valid UTF-8";
          default -> "cannot be read: " + e.getMessage();
        };
    return new NacelleException(
        NacelleException.Kind.INPUT, file + " " + why + ".", "Fetch the model's folder again.", e);
  }

  private static String place(JsonProcessingException e) {
    JsonLocation at = e.getLocation();
    return at == null ? "" : " at line " + at.getLineNr() + ", column " + at.getColumnNr();
  }
}
