package dev.nacelle.text.gguf;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.Quoted;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What a tokenizer.json holds, part by part and not yet understood: what a GGUF file is to say in
 * its own words. That the file is well-formed is known already, its tokenizer having been built.
 */
final class TokenizerParts {
  /** Field names are tokens here: a table of them would hold the whole vocabulary again. */
  private static final JsonMapper JSON =
      JsonMapper.builder(
              JsonFactory.builder()
                  .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                  .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                  .build())
          .build();

  private final Map<String, JsonNode> parts = new HashMap<>();
  private final Map<String, JsonNode> settings = new HashMap<>();
  private final Map<String, Integer> ids = new HashMap<>();
  private final List<String> tokens = new ArrayList<>();
  private final List<Float> scores = new ArrayList<>();
  private final List<String> merges = new ArrayList<>();
  private final List<Added> added = new ArrayList<>();

  /**
   * A token beside the model's own.
   *
   * @param id the model's own id for the content, where it has one
   * @param special whether it steers the model instead of being text
   */
  record Added(int id, String content, boolean special) {}

  private TokenizerParts() {}

  /**
   * @param file a tokenizer.json that is known to be whole
   */
  static TokenizerParts read(Path file) {
    TokenizerParts read = new TokenizerParts();
    try (JsonParser json = JSON.createParser(file.toFile())) {
      json.nextToken();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String field = json.currentName();
        json.nextToken();
        switch (field) {
          case "model" -> read.model(json);
          case "added_tokens", "normalizer", "pre_tokenizer" ->
              read.parts.put(field, JSON.readTree(json));
          default -> json.skipChildren();
        }
      }
    } catch (IOException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          Quoted.path(file) + " cannot be read: " + e.getMessage(),
          "fetch the file again",
          e);
    }
    read.addTokens();
    return read;
  }

  private void model(JsonParser json) throws IOException {
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String field = json.currentName();
      json.nextToken();
      switch (field) {
        case "vocab" -> vocabulary(json);
        case "merges" -> merges(json);
        default -> settings.put(field, JSON.readTree(json));
      }
    }
  }

  private void vocabulary(JsonParser json) throws IOException {
    if (json.currentToken() == JsonToken.START_ARRAY) {
      while (json.nextToken() == JsonToken.START_ARRAY) {
        json.nextToken();
        put(json.getText(), tokens.size());
        json.nextToken();
        scores.add(json.getFloatValue());
        json.nextToken();
      }
      return;
    }
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String token = json.currentName();
      json.nextToken();
      put(token, json.getIntValue());
    }
  }

  private void put(String token, int id) {
    while (tokens.size() <= id) {
      tokens.add("");
    }
    tokens.set(id, token);
    ids.putIfAbsent(token, id);
  }

  /** Each pair with a space between, as GGUF has them too; a token with a space is a pair's own. */
  private void merges(JsonParser json) throws IOException {
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() == JsonToken.START_ARRAY) {
        json.nextToken();
        String left = json.getText();
        json.nextToken();
        String right = json.getText();
        json.nextToken();
        if (left.indexOf(' ', 1) >= 0 || left.equals(" ")) {
          throw NacelleException.input(
              "the merge of "
                  + Quoted.name(left)
                  + " and "
                  + Quoted.name(right)
                  + " cannot be written in a GGUF file, where a space parts the two",
              "merge into a folder instead");
        }
        merges.add(left + ' ' + right);
      } else if (!json.getText().startsWith("#version")) {
        merges.add(json.getText());
      }
    }
  }

  private void addTokens() {
    for (JsonNode token : parts.getOrDefault("added_tokens", MissingNode.getInstance())) {
      String content = token.path("content").asText();
      int id = ids.getOrDefault(content, token.path("id").asInt());
      put(content, id);
      added.add(new Added(id, content, token.path("special").asBoolean()));
    }
  }

  /** BPE or Unigram, as far as the file says. */
  String type() {
    String said = settings.getOrDefault("type", MissingNode.getInstance()).asText();
    return said.isEmpty() ? scores.isEmpty() ? "BPE" : "Unigram" : said;
  }

  boolean flag(String setting) {
    return settings.getOrDefault(setting, MissingNode.getInstance()).asBoolean();
  }

  /** Spellings by id, the added tokens' among them; empty where an id has none. */
  List<String> tokens() {
    return tokens;
  }

  /** The id of a spelling; −1 where there is none. */
  int id(@Nullable String token) {
    return token == null ? -1 : ids.getOrDefault(token, -1);
  }

  /** Unigram's, by id; empty for other models. */
  List<Float> scores() {
    return scores;
  }

  /** Pairs with a space between, best first. */
  List<String> merges() {
    return merges;
  }

  List<Added> added() {
    return added;
  }

  /** The token for what has none; −1 where the model has no such. */
  int unknown() {
    JsonNode byName = settings.getOrDefault("unk_token", MissingNode.getInstance());
    return byName.isTextual()
        ? id(byName.textValue())
        : settings.getOrDefault("unk_id", MissingNode.getInstance()).asInt(-1);
  }

  /** Affixes that GGUF has no word for: both must be absent. */
  boolean hasAffixes() {
    return !settings
            .getOrDefault("continuing_subword_prefix", MissingNode.getInstance())
            .asText("")
            .isEmpty()
        || !settings
            .getOrDefault("end_of_word_suffix", MissingNode.getInstance())
            .asText("")
            .isEmpty();
  }

  /** {@code normalizer} or {@code pre_tokenizer} as the file has it. */
  JsonNode part(String name) {
    return parts.getOrDefault(name, MissingNode.getInstance());
  }
}
