package dev.nacelle.text.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** A JSON object that describes a part, read field by field; wrong types are refused by name. */
final class Part {
  /** Parts within parts within parts; real files have two levels. */
  private static final int MAX_DEPTH = 16;

  private final String kind;
  private final JsonNode node;
  private final int depth;

  private Part(String kind, JsonNode node, int depth) {
    this.kind = kind;
    this.node = node;
    this.depth = depth;
    if (!node.isObject()) {
      throw Refusal.of("the " + kind + " is not an object");
    }
    if (depth > MAX_DEPTH) {
      throw Refusal.of("the " + kind + " is nested deeper than " + MAX_DEPTH);
    }
  }

  /** The part, or null where the file says null or nothing. */
  static @Nullable Part of(String kind, @Nullable JsonNode node) {
    return node == null || node.isNull() ? null : new Part(kind, node, 0);
  }

  String type() {
    return string("type");
  }

  String string(String name) {
    JsonNode value = node.get(name);
    if (value == null || !value.isTextual()) {
      throw wrong(name, "a string");
    }
    return Chars.withoutLoneSurrogates(value.textValue());
  }

  /** The one character that the field holds. */
  int character(String name) {
    String value = string(name);
    if (value.isEmpty() || value.codePointCount(0, value.length()) != 1) {
      throw wrong(name, "one character");
    }
    return value.codePointAt(0);
  }

  boolean flag(String name, boolean missing) {
    JsonNode value = node.get(name);
    if (value == null || value.isNull()) {
      return missing;
    }
    if (!value.isBoolean()) {
      throw wrong(name, "true or false");
    }
    return value.booleanValue();
  }

  int number(String name) {
    JsonNode value = node.get(name);
    if (value == null || !value.isInt() || value.intValue() < 0) {
      throw wrong(name, "a whole number");
    }
    return value.intValue();
  }

  boolean has(String name) {
    JsonNode value = node.get(name);
    return value != null && !value.isNull();
  }

  /** The field as an object. */
  Part part(String name) {
    JsonNode value = node.get(name);
    if (value == null) {
      throw wrong(name, "an object");
    }
    return new Part(kind + "'s " + name, value, depth + 1);
  }

  /** Each element of the field, read. */
  <T> List<T> each(String name, Function<Part, T> read) {
    List<T> out = new ArrayList<>();
    for (JsonNode element : array(name)) {
      out.add(read.apply(new Part(kind, element, depth + 1)));
    }
    return out;
  }

  /** The elements as ids of tokens. */
  List<Integer> ids(String name) {
    List<Integer> out = new ArrayList<>();
    for (JsonNode element : array(name)) {
      if (!element.isInt() || element.intValue() < 0 || element.intValue() > Vocabulary.MAX_ID) {
        throw wrong(name, "a list of ids");
      }
      out.add(element.intValue());
    }
    return out;
  }

  private JsonNode array(String name) {
    JsonNode value = node.get(name);
    if (value == null || !value.isArray()) {
      throw wrong(name, "a list");
    }
    return value;
  }

  /** The pattern in the field: {"String": …} or {"Regex": …}. */
  Finder pattern(String name) {
    Part pattern = part(name);
    return pattern.has("Regex")
        ? RegexFinder.compile(pattern.string("Regex"))
        : Finder.literal(pattern.string("String"));
  }

  /** The id in a field that holds [token, id]. */
  int pairedId(String name) {
    JsonNode value = array(name);
    if (value.size() != 2 || !value.get(1).isInt() || value.get(1).intValue() < 0) {
      throw wrong(name, "a token and its id");
    }
    return value.get(1).intValue();
  }

  RuntimeException wrong(String name, String expected) {
    return Refusal.of("the " + kind + "'s field " + Refusal.quote(name) + " is not " + expected);
  }

  RuntimeException unknown() {
    return Refusal.unknown(kind, type());
  }
}
