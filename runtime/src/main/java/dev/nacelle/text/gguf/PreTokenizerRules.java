package dev.nacelle.text.gguf;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * The values of {@code tokenizer.ggml.pre} that we do. A GGUF file only names its pre-tokenizer;
 * what the name means stands in the resource {@code pre-tokenizers.json}: the part of the
 * tokenizer.json of the model that the name comes from, with where that is from ({@code source}).
 *
 * <p>Most names mean a few patterns at which text is cut, one after the other ({@code splits}), the
 * pieces then spelt in the alphabet of bytes, after GPT-2's own cut where {@code words} says so.
 */
final class PreTokenizerRules {
  /**
   * One rule.
   *
   * @param normalizer part of a tokenizer.json, or the word null
   * @param preTokenizer part of a tokenizer.json
   * @param ignoreMerges whether a piece that is a token stays one, whatever the merges say
   * @param addBos whether texts begin with bos where the file does not say
   */
  record Rule(String normalizer, String preTokenizer, boolean ignoreMerges, boolean addBos) {}

  private static final Map<String, Rule> BY_NAME = read();

  private PreTokenizerRules() {}

  static @Nullable Rule find(String name) {
    return BY_NAME.get(name);
  }

  /** The names that are known, for messages. */
  static String names() {
    return String.join(", ", new TreeSet<>(BY_NAME.keySet()));
  }

  /** Names and what they mean, the best known name of each rule first. */
  static Set<Map.Entry<String, Rule>> inOrder() {
    return Collections.unmodifiableMap(BY_NAME).entrySet();
  }

  static List<String> all() {
    return new ArrayList<>(new TreeSet<>(BY_NAME.keySet()));
  }

  private static Map<String, Rule> read() {
    JsonNode rules;
    try (InputStream in =
        Objects.requireNonNull(
            PreTokenizerRules.class.getResourceAsStream("pre-tokenizers.json"))) {
      rules = new JsonMapper().readTree(in).path("rules");
    } catch (IOException e) {
      throw new UncheckedIOException(e); // ours, in the same jar
    }
    Map<String, Rule> byName = new LinkedHashMap<>();
    for (JsonNode rule : rules) {
      Rule read =
          new Rule(
              rule.has("normalizer")
                  ? "{\"type\":\"" + rule.path("normalizer").textValue() + "\"}"
                  : "null",
              (rule.has("pre_tokenizer") ? rule.path("pre_tokenizer") : cuts(rule)).toString(),
              rule.path("ignore_merges").asBoolean(),
              rule.path("bos").asBoolean());
      rule.path("names").forEach(name -> byName.put(name.textValue(), read));
    }
    return byName;
  }

  private static ObjectNode cuts(JsonNode rule) {
    ObjectNode sequence = JsonMapper.builder().build().createObjectNode();
    ArrayNode parts = sequence.put("type", "Sequence").putArray("pretokenizers");
    for (JsonNode pattern : rule.path("splits")) {
      ObjectNode split = parts.addObject().put("type", "Split");
      split.putObject("pattern").set("Regex", pattern);
      split.put("behavior", "Isolated").put("invert", false);
    }
    parts
        .addObject()
        .put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", rule.path("words").asBoolean());
    return sequence;
  }
}
