package dev.nacelle.train;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.data.topics.TopicCurve;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.JsonFile;
import dev.nacelle.file.JsonObject;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a run wrote down of its own flags, {@code checkpoints/run.json}: resuming needs no others.
 */
public final class RunMemory {
  static final String NAME = "run.json";

  private static final String FORMAT = "nacelle-run";
  private static final int VERSION = 1;
  private static final String HEADS = "heads";

  private RunMemory() {}

  /**
   * The flags of the run that a folder belongs to; empty where none began there.
   *
   * @throws NacelleException of kind INPUT where the file is damaged
   */
  public static Optional<Map<String, List<String>>> read(Path out) {
    Path file = file(out);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    JsonObject root = JsonFile.read(file);
    if (!FORMAT.equals(root.string("format"))) {
      throw root.error("format", "is not " + FORMAT);
    }
    root.integer("version", VERSION, VERSION);
    JsonObject flags = root.object("flags");
    if (flags == null) {
      throw root.error("flags", "are missing");
    }
    return Optional.of(flags(flags));
  }

  /** What {@code --heads auto} chose in that run; null where nothing is written down. */
  static @Nullable TopicCurve heads(Path out) {
    Path file = file(out);
    JsonObject heads = Files.exists(file) ? JsonFile.read(file).object(HEADS) : null;
    return heads == null ? null : TopicCurveJson.read(heads);
  }

  /** Flags as {@link #put} wrote them. */
  static Map<String, List<String>> flags(JsonObject object) {
    Map<String, List<String>> flags = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : object.node().properties()) {
      List<String> values = object.strings(field.getKey());
      if (values == null || !field.getKey().startsWith("--")) {
        throw object.error(field.getKey(), "is no flag with its values");
      }
      flags.put(field.getKey(), values);
    }
    return flags;
  }

  static void put(ObjectNode object, Map<String, List<String>> flags) {
    flags.forEach(
        (flag, values) -> {
          ArrayNode list = object.putArray(flag);
          values.forEach(list::add);
        });
  }

  /** Writes the flags down, and what was chosen by the data. */
  static void write(
      Path out, FinetuneOptions options, @Nullable TopicCurve heads, FaultInjector faults) {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("format", FORMAT).put("version", VERSION);
    put(root.putObject("flags"), OptionFlags.of(options));
    if (heads != null) {
      root.set(HEADS, TopicCurveJson.of(heads));
    }
    AtomicFile.writeText(file(out), faults, root.toPrettyString() + "\n");
  }

  private static Path file(Path out) {
    return Checkpoints.folder(out).resolve(NAME);
  }
}
