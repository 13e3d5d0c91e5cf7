package dev.nacelle.text.gguf;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;

/**
 * The steps of a normalizer or a pre-tokenizer, in words that are equal where the steps do the same
 * to every text: sequences laid flat, defaults filled in, what only moves offsets left out.
 */
final class Steps {
  private static final JsonMapper JSON = new JsonMapper();

  /** GPT-2's cut, which {@code ByteLevel} makes itself where it is told to. */
  private static final String WORDS =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";

  private Steps() {}

  /** Of a part that is written as JSON. */
  static List<String> of(String part) {
    try {
      return of(JSON.readTree(part));
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("no part of a tokenizer.json: " + part, e);
    }
  }

  /** Of a part; no steps where there is none. */
  static List<String> of(JsonNode part) {
    List<String> steps = new ArrayList<>();
    add(part, steps);
    return steps;
  }

  private static void add(JsonNode part, List<String> steps) {
    String type = part.path("type").asText();
    switch (type) {
      case "" -> {}
      case "Sequence" -> {
        part.path("pretokenizers").forEach(inner -> add(inner, steps));
        part.path("normalizers").forEach(inner -> add(inner, steps));
      }
      case "Split" -> steps.add(split(part));
      case "Digits" ->
          steps.add(
              part.path("individual_digits").asBoolean() ? isolated("\\p{N}") : "Digits together");
      case "ByteLevel" -> {
        if (part.path("add_prefix_space").asBoolean(true)) {
          steps.add("a space before each text");
        }
        if (part.path("use_regex").asBoolean(true)) {
          steps.add(isolated(WORDS));
        }
        steps.add("ByteLevel");
      }
      case "Punctuation" -> steps.add("Punctuation " + part.path("behavior").asText("Isolated"));
      case "Metaspace" ->
          steps.add(
              "Metaspace "
                  + part.path("replacement").asText("\u2581")
                  + " "
                  + scheme(part)
                  + (part.path("split").asBoolean(true) ? " split" : ""));
      case "Prepend" -> steps.add("Prepend " + part.path("prepend").asText());
      case "Replace" ->
          steps.add("Replace " + part.path("pattern") + " " + part.path("content").asText());
      default -> steps.add(rest(part, type));
    }
  }

  private static String scheme(JsonNode part) {
    return part.path("prepend_scheme")
        .asText(part.path("add_prefix_space").asBoolean(true) ? "always" : "never");
  }

  private static String split(JsonNode part) {
    JsonNode pattern = part.path("pattern");
    String regex = pattern.path("Regex").asText();
    String behavior = part.path("behavior").asText();
    boolean invert = part.path("invert").asBoolean();
    if (!pattern.has("Regex")) {
      return "Split at " + pattern + " " + behavior + (invert ? " inverted" : "");
    }
    // What lies between matches would be dropped; that there is nothing is held by probes.
    return (behavior.equals("Removed") && invert) || (behavior.equals("Isolated") && !invert)
        ? isolated(regex)
        : "Split at " + regex + " " + behavior + (invert ? " inverted" : "");
  }

  private static String isolated(String regex) {
    return "Split at " + regex;
  }

  /** Kinds that no GGUF file can ask for; what they are set to is for messages. */
  private static String rest(JsonNode part, String type) {
    if (!(part.deepCopy() instanceof ObjectNode fields) || fields.size() == 1) {
      return type;
    }
    fields.remove("type");
    return type + " " + fields;
  }
}
