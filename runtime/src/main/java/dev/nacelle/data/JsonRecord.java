package dev.nacelle.data;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Reads the fields that shapes are made of out of one JSON object, and skips the others. */
final class JsonRecord {
  /** No record is longer (bytes). */
  static final int MAX_BYTES = 64 << 20;

  /** Deeper nesting is refused; no shape needs more than three. */
  private static final int MAX_DEPTH = 200;

  private static final Set<String> FIELDS =
      Set.of(
          "messages",
          "conversations",
          "instruction",
          "input",
          "output",
          "prompt",
          "completion",
          "text");

  private static final int NAMES_SHOWN = 8;

  /** Names are not interned: a file of ever new names would fill the JVM's table. */
  private static final JsonFactory FACTORY =
      new JsonFactoryBuilder()
          .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
          .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(MAX_DEPTH)
                  .maxStringLength(MAX_BYTES)
                  .maxNameLength(MAX_BYTES)
                  .build())
          .build();

  private static final ObjectMapper MAPPER =
      JsonMapper.builder(FACTORY)
          .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
          .build();

  private JsonRecord() {}

  /**
   * @param fields the fields that some shape uses and that are not null
   * @param others names of a few other fields, for messages
   */
  record Fields(Map<String, JsonNode> fields, Set<String> others) {}

  static Fields read(byte[] bytes) throws BadRecordException {
    RecordBytes.check(bytes);
    Map<String, JsonNode> fields = new LinkedHashMap<>();
    Map<String, Boolean> others = new LinkedHashMap<>();
    try (JsonParser parser = MAPPER.createParser(bytes)) {
      JsonToken first = parser.nextToken();
      if (first != JsonToken.START_OBJECT) {
        throw new BadRecordException(
            "the record is " + (first == null ? "empty" : kind(first)) + ", not a JSON object");
      }
      while (parser.nextToken() != JsonToken.END_OBJECT) {
        String name = parser.currentName();
        parser.nextToken();
        if (!FIELDS.contains(name)) {
          if (others.size() < NAMES_SHOWN) {
            others.put(Quote.shorten(name), true);
          }
          parser.skipChildren();
        } else {
          JsonNode value = MAPPER.readTree(parser);
          if (fields.put(name, value) != null) {
            throw new BadRecordException("the field \"" + name + "\" occurs twice");
          }
        }
      }
      if (parser.nextToken() != null) {
        throw new BadRecordException("something follows the JSON object");
      }
    } catch (JsonProcessingException e) {
      throw notJson(e);
    } catch (IOException e) {
      throw new BadRecordException("the record cannot be parsed (" + e.getMessage() + ")");
    }
    fields.values().removeIf(JsonNode::isNull);
    return new Fields(fields, others.keySet());
  }

  /** Reads a whole value, for a file that is one list of messages. */
  static JsonNode tree(byte[] bytes) throws BadRecordException {
    RecordBytes.check(bytes);
    try (JsonParser parser = MAPPER.createParser(bytes)) {
      JsonNode value = parser.nextToken() == null ? null : MAPPER.readTree(parser);
      if (value == null) {
        throw new BadRecordException("the file is empty");
      }
      if (parser.nextToken() != null) {
        throw new BadRecordException("something follows the JSON value");
      }
      return value;
    } catch (JsonProcessingException e) {
      throw notJson(e);
    } catch (IOException e) {
      throw new BadRecordException("the file cannot be parsed (" + e.getMessage() + ")");
    }
  }

  private static BadRecordException notJson(JsonProcessingException e) {
    long at = e.getLocation() == null ? -1 : e.getLocation().getByteOffset();
    return new BadRecordException(
        "not JSON%s: %s".formatted(at < 0 ? "" : " at byte " + at + " of the record", reason(e)));
  }

  /** The parser's words, less its advice to programmers. */
  private static String reason(JsonProcessingException e) {
    if (e instanceof StreamConstraintsException) {
      return "nesting, a name or a number beyond our limits";
    }
    String text = e.getOriginalMessage();
    int advice = text.indexOf(": enable `");
    return Quote.oneLine(advice < 0 ? text : text.substring(0, advice));
  }

  private static String kind(JsonToken token) {
    return switch (token) {
      case START_ARRAY -> "an array";
      case VALUE_STRING -> "a string";
      case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> "a number";
      case VALUE_TRUE, VALUE_FALSE -> "a boolean";
      case VALUE_NULL -> "null";
      default -> "no value";
    };
  }
}
