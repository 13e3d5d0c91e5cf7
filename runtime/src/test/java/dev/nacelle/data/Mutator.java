package dev.nacelle.data;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ContainerNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPOutputStream;

/** Makes data files and damages them, in ways that keep them JSON and in ways that do not. */
final class Mutator {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final List<String> NAMES =
      List.of(
          "messages",
          "conversations",
          "instruction",
          "input",
          "output",
          "prompt",
          "completion",
          "text",
          "role",
          "content",
          "from",
          "value",
          "id",
          "");
  private static final List<String> STRINGS =
      List.of(
          "",
          " ",
          "\n",
          "user",
          "assistant",
          "system",
          "human",
          "gpt",
          "Bot",
          "tool",
          "(x) y",
          "<|im_end|>",
          "<|eos|>",
          "\uD83D\uDE00",
          "e\u0301",
          "\u202Eabc",
          "\u0000",
          "\uFEFF",
          "a b c d e f g h i j k l m n o p q r s t u v w x y z");

  private final Random random;

  Mutator(Random random) {
    this.random = random;
  }

  /** A list of good records in mixed shapes. */
  List<JsonNode> records() {
    List<JsonNode> records = new ArrayList<>();
    for (int n = 1 + random.nextInt(5); n > 0; n--) {
      records.add(record());
    }
    return records;
  }

  private ObjectNode record() {
    ObjectNode record = NODES.objectNode();
    switch (random.nextInt(6)) {
      case 0 -> record.set("messages", turns("role", "content", "user", "assistant"));
      case 1 -> record.set("conversations", turns("from", "value", "human", "gpt"));
      case 2 -> record.put("instruction", "Do").put("input", "this").put("output", "done");
      case 3 -> record.put("prompt", "two wor").put("completion", "ds");
      case 4 -> {
        record.set("prompt", turns("role", "content", "user", "assistant"));
        record.set("completion", turns("role", "content", "user", "assistant"));
      }
      default -> record.put("text", "some text");
    }
    if (random.nextInt(4) == 0) {
      record.set("meta", NODES.objectNode().put("a", 1).set("b", NODES.arrayNode().add("c")));
    }
    return record;
  }

  private ArrayNode turns(String who, String what, String user, String assistant) {
    ArrayNode turns = NODES.arrayNode();
    for (int pairs = 1 + random.nextInt(2); pairs > 0; pairs--) {
      turns.addObject().put(who, user).put(what, "hi there");
      turns.addObject().put(who, assistant).put(what, random.nextBoolean() ? "(m) yes" : "yes");
    }
    return turns;
  }

  /** Changes one place of one record; what comes out is JSON still. */
  void keepSyntax(List<JsonNode> records) {
    if (random.nextInt(30) == 0) {
      records.set(random.nextInt(records.size()), value());
      return;
    }
    List<ContainerNode<?>> places = new ArrayList<>();
    records.forEach(record -> collect(record, places));
    if (places.isEmpty()) {
      return;
    }
    ContainerNode<?> place = places.get(random.nextInt(places.size()));
    if (place instanceof ObjectNode object) {
      List<String> names = new ArrayList<>();
      object.fieldNames().forEachRemaining(names::add);
      String name = names.isEmpty() ? "text" : names.get(random.nextInt(names.size()));
      switch (random.nextInt(4)) {
        case 0 -> object.remove(name);
        case 1 -> object.set(NAMES.get(random.nextInt(NAMES.size())), value());
        case 2 -> {
          JsonNode moved = object.remove(name);
          if (moved != null) {
            object.set(NAMES.get(random.nextInt(NAMES.size())), moved);
          }
        }
        default -> object.set(name, value());
      }
    } else if (place instanceof ArrayNode array) {
      int at = random.nextInt(array.size() + 1);
      switch (random.nextInt(4)) {
        case 0 -> array.insert(at, value());
        case 1 -> array.removeAll();
        case 2 -> array.remove(Math.max(0, at - 1));
        default -> {
          for (JsonNode copy : array.deepCopy()) {
            array.add(copy);
          }
        }
      }
    }
  }

  private static void collect(JsonNode node, List<ContainerNode<?>> places) {
    if (node instanceof ContainerNode<?> container) {
      places.add(container);
      container.forEach(child -> collect(child, places));
    }
  }

  private JsonNode value() {
    return switch (random.nextInt(9)) {
      case 0 -> NODES.nullNode();
      case 1 -> NODES.numberNode(random.nextLong());
      case 2 -> NODES.numberNode(random.nextDouble() * 1e300);
      case 3 -> NODES.booleanNode(random.nextBoolean());
      case 4 ->
          NODES.arrayNode().add(random.nextBoolean() ? NODES.textNode("x") : NODES.nullNode());
      case 5 -> NODES.objectNode().put(NAMES.get(random.nextInt(NAMES.size())), "x");
      case 6 -> deep(random.nextInt(400));
      default -> NODES.textNode(STRINGS.get(random.nextInt(STRINGS.size())));
    };
  }

  private static JsonNode deep(int depth) {
    JsonNode node = NODES.textNode("deep");
    for (int i = 0; i < depth; i++) {
      node = NODES.arrayNode().add(node);
    }
    return node;
  }

  /** The records as one file: lines or an array, with one of the ways to end a line. */
  byte[] write(List<JsonNode> records) {
    boolean array = random.nextInt(3) == 0;
    String end = random.nextBoolean() ? "\n" : random.nextBoolean() ? "\r\n" : "\n \n";
    StringBuilder text = new StringBuilder(random.nextInt(4) == 0 ? "\uFEFF" : "");
    text.append(array ? "[" + end : "");
    try {
      for (int i = 0; i < records.size(); i++) {
        text.append(i == 0 ? "" : array ? "," + end : end);
        text.append(
            array && random.nextBoolean()
                ? records.get(i).toPrettyString()
                : JSON.writeValueAsString(records.get(i)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    text.append(array ? end + "]" : "").append(random.nextBoolean() ? end : "");
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  /** Writes one character of a string as an escape, now and then half of a pair: still JSON. */
  byte[] escape(byte[] file) {
    String text = new String(file, StandardCharsets.UTF_8);
    int at = text.indexOf("yes");
    if (at < 0) {
      return file;
    }
    String unit = random.nextBoolean() ? "\\u0079" : random.nextBoolean() ? "\\ud83d" : "\\uDE00";
    return (text.substring(0, at) + unit + text.substring(at + 1)).getBytes(StandardCharsets.UTF_8);
  }

  /** Damages bytes without regard for what they mean. */
  byte[] breakBytes(byte[] file) {
    byte[] bytes = file.clone();
    for (int n = 1 + random.nextInt(3); n > 0 && bytes.length > 0; n--) {
      int at = random.nextInt(bytes.length);
      int length = random.nextInt(Math.min(12, bytes.length - at) + 1);
      switch (random.nextInt(5)) {
        case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> bytes = splice(bytes, at, length, new byte[0]);
        case 2 -> {
          byte[] noise = new byte[random.nextInt(6)];
          random.nextBytes(noise);
          bytes = splice(bytes, at, 0, noise);
        }
        case 3 ->
            bytes = splice(bytes, at, 0, java.util.Arrays.copyOfRange(bytes, at, at + length));
        default -> {
          byte[] marks = "{}[]\",:\\\n".getBytes(StandardCharsets.UTF_8);
          bytes[at] = marks[random.nextInt(marks.length)];
        }
      }
    }
    return bytes;
  }

  private static byte[] splice(byte[] bytes, int at, int removed, byte[] added) {
    byte[] out = new byte[bytes.length - removed + added.length];
    System.arraycopy(bytes, 0, out, 0, at);
    System.arraycopy(added, 0, out, at, added.length);
    System.arraycopy(bytes, at + removed, out, at + added.length, bytes.length - at - removed);
    return out;
  }

  static byte[] gzip(byte[] file) {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return packed.toByteArray();
  }
}
