package dev.nacelle.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.ContentHash;
import dev.nacelle.file.JsonFile;
import dev.nacelle.file.JsonObject;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * checkpoint.json: the state, where it came from, and the hash of every file of the folder, itself
 * included. {@code docs/reference/file-formats.md} describes it.
 */
final class CheckpointJson {
  private static final String FORMAT = "nacelle-checkpoint";
  private static final int VERSION = 1;
  private static final String SELF = "hash";

  private CheckpointJson() {}

  /** What the file says; {@code files} are names below the folder and their hashes. */
  record Content(RunState state, Provenance provenance, Map<String, String> files) {}

  static String text(Content content) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("format", FORMAT).put("version", VERSION);
    RunStateJson.put(root.putObject("state"), content.state());
    Provenance from = content.provenance();
    root.put("isa", from.isa()).put("threads", from.threads());
    put(root.putObject("products"), from.products());
    RunMemory.put(root.putObject("flags"), from.flags());
    put(root.putObject("model"), from.inputs().model());
    put(root.putArray("data"), from.inputs().data());
    put(root.putArray("eval_data"), from.inputs().evalData());
    put(root.putObject("files"), content.files());
    root.put(SELF, hash(root));
    return root.toPrettyString() + "\n";
  }

  private static void put(ObjectNode json, Map<String, String> values) {
    values.forEach(json::put);
  }

  private static void put(ArrayNode json, List<String> values) {
    values.forEach(json::add);
  }

  private static String hash(ObjectNode root) {
    return ContentHash.of(root.toString().getBytes(StandardCharsets.UTF_8));
  }

  /**
   * @throws NacelleException of kind INPUT where the file is damaged, or of a later version than we
   *     know
   */
  static Content read(Path file) {
    JsonObject root = JsonFile.read(file);
    if (!FORMAT.equals(root.string("format"))) {
      throw root.error("format", "is not " + FORMAT);
    }
    root.integer("version", VERSION, VERSION);
    ObjectNode unsigned = ((ObjectNode) root.node()).deepCopy();
    JsonNode signature = unsigned.remove(SELF);
    if (signature == null || !signature.asText().equals(hash(unsigned))) {
      throw root.error(SELF, "does not fit the rest of the file");
    }
    RunInputs inputs =
        new RunInputs(texts(root, "model"), list(root, "data"), list(root, "eval_data"));
    Provenance provenance =
        new Provenance(
            inputs,
            RunMemory.flags(required(root, "flags")),
            String.valueOf(root.string("isa")),
            (int) root.integer("threads", 1, 1 << 16),
            texts(root, "products"));
    return new Content(
        RunStateJson.read(required(root, "state")), provenance, texts(root, "files"));
  }

  private static JsonObject required(JsonObject root, String key) {
    JsonObject object = root.object(key);
    if (object == null) {
      throw root.error(key, "is missing");
    }
    return object;
  }

  private static List<String> list(JsonObject root, String key) {
    List<String> texts = root.strings(key);
    if (texts == null) {
      throw root.error(key, "is missing");
    }
    return texts;
  }

  private static Map<String, String> texts(JsonObject root, String key) {
    JsonObject object = required(root, key);
    Map<String, String> texts = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : object.node().properties()) {
      String text = object.string(field.getKey());
      if (text == null) {
        throw object.error(field.getKey(), "is missing");
      }
      texts.put(field.getKey(), text);
    }
    return texts;
  }
}
