package dev.nacelle.text.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/** Damages the values of a tokenizer.json, the syntax staying whole. */
final class JsonMutator {
  private static final ObjectMapper MAPPER = new ObjectMapper();
  private static final String[] VALUES = {
    "null",
    "true",
    "0",
    "-1",
    "1",
    "2147483647",
    "2147483648",
    "1e300",
    "1e999",
    "0.5",
    "\"\"",
    "\"a\"",
    "\" \"",
    "\"\\ud800\"",
    "\"▁\"",
    "\"<unk>\"",
    "[]",
    "{}",
    "[[]]",
    "[null]",
    "[1,2]",
    "{\"type\":\"Sequence\"}",
    "{\"String\":\"\"}",
    "{\"Regex\":\"(a*)*b\"}",
    "{\"Regex\":\"(\"}",
    "{\"Regex\":\"\"}",
    "{\"Regex\":\"(?:(?:){9999}){9999}\"}",
    "{\"type\":\"WordPiece\"}",
    "{\"type\":\"NFC\"}",
    "{\"type\":\"ByteLevel\"}",
    "\"Split\"",
    "\"Digits\"",
    "\"Unigram\"",
    "\"BPE\"",
    "\"WordLevel\"",
    "\"Replace\"",
    "\"Fuse\"",
    "\"Strip\"",
    "\"Metaspace\"",
    "\"NFKD\""
  };
  private static final String[] PATTERN_BITS = {
    "(",
    ")",
    "[",
    "]",
    "[^",
    "{",
    "}",
    "{2}",
    "{,3}",
    "{1000}",
    "*",
    "+",
    "?",
    "++",
    "|",
    "^",
    "$",
    ".",
    "\\",
    "\\p{",
    "\\p{L}",
    "\\P{Nope}",
    "(?=",
    "(?<!",
    "(?i:",
    "(?m)",
    "(?x)",
    "(?>",
    "&&",
    "-",
    "\\s",
    "\\S",
    "\\b",
    "\\x{110000}",
    "\\u12",
    "[:alpha:]",
    "\\1",
    "\\k<a>",
    "(a+)+",
    "é",
    "\0"
  };

  private final RandomGenerator random;

  JsonMutator(RandomGenerator random) {
    this.random = random;
  }

  /** A copy with one to three values changed, gone, twice there or renamed. */
  byte[] values(JsonNode tree) throws java.io.IOException {
    JsonNode copy = tree.deepCopy();
    for (int i = 1 + random.nextInt(3); i > 0; i--) {
      change(copy);
    }
    return MAPPER.writeValueAsBytes(copy);
  }

  private void change(JsonNode node) throws java.io.IOException {
    if (node instanceof ObjectNode object && !object.isEmpty()) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.get(random.nextInt(names.size()));
      JsonNode child = object.get(name);
      if (descend(child)) {
        change(child);
        return;
      }
      switch (random.nextInt(6)) {
        case 0 -> object.remove(name);
        case 1 -> object.set(text(name), object.remove(name));
        default -> object.set(name, other(child));
      }
    } else if (node instanceof ArrayNode array && !array.isEmpty()) {
      int index = random.nextInt(array.size());
      JsonNode child = array.get(index);
      if (descend(child)) {
        change(child);
        return;
      }
      switch (random.nextInt(5)) {
        case 0 -> array.remove(index);
        case 1 -> array.insert(random.nextInt(array.size()), child);
        default -> array.set(index, other(child));
      }
    }
  }

  private boolean descend(JsonNode child) {
    return child.isContainerNode() && !child.isEmpty() && random.nextInt(8) != 0;
  }

  private JsonNode other(JsonNode old) throws java.io.IOException {
    if (old.isTextual() && random.nextInt(3) != 0) {
      return TextNode.valueOf(text(old.textValue()));
    }
    return MAPPER.readTree(VALUES[random.nextInt(VALUES.length)]);
  }

  private String text(String old) {
    int at = random.nextInt(old.length() + 1);
    int end = Math.min(old.length(), at + random.nextInt(4));
    String put = random.nextInt(3) == 0 ? "" : PATTERN_BITS[random.nextInt(PATTERN_BITS.length)];
    return old.substring(0, at) + put + old.substring(end);
  }
}
