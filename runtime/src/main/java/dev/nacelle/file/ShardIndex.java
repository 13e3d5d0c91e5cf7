package dev.nacelle.file;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.NacelleException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * model.safetensors.index.json: which shard holds which tensor.
 *
 * @param weightMap tensor name → shard name, a plain file name
 * @param totalSize bytes of all tensors as the index says; null where it does not
 */
public record ShardIndex(Map<String, String> weightMap, @Nullable Long totalSize) {
  /**
   * Reads an index.
   *
   * @throws NacelleException of kind INPUT, naming the file and the key
   */
  public static ShardIndex read(Path file) {
    JsonObject index = JsonFile.read(file);
    JsonObject map = index.object("weight_map");
    if (map == null) {
      throw index.error("weight_map", "is missing");
    }
    Map<String, String> weights = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : map.node().properties()) {
      if (!field.getValue().isTextual()) {
        throw map.error(Quoted.name(field.getKey()), "names no file");
      }
      weights.put(field.getKey(), requirePlain(file, field.getValue().textValue()));
    }
    if (weights.isEmpty()) {
      throw index.error("weight_map", "is empty");
    }
    JsonObject metadata = index.object("metadata");
    Long total =
        metadata == null || !metadata.has("total_size")
            ? null
            : metadata.integer("total_size", 0, Long.MAX_VALUE);
    return new ShardIndex(weights, total);
  }

  /** The shards, in the order in which the index first names them. */
  public Set<String> shards() {
    return new LinkedHashSet<>(weightMap.values());
  }

  /** A shard lies in the folder itself: an index must not make us open files elsewhere. */
  private static String requirePlain(Path file, String shard) {
    boolean plain =
        !shard.isEmpty()
            && !shard.equals(".")
            && !shard.equals("..")
            && shard.length() <= 255
            && shard.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < 0x20)
            && !HostileJson.hasLoneSurrogate(shard);
    if (!plain) {
      throw NacelleException.input(
          Quoted.path(file)
              + ": the shard name "
              + Quoted.name(shard)
              + " is not a plain name inside the folder",
          "shards lie beside their index; fetch the model again");
    }
    return shard;
  }
}
