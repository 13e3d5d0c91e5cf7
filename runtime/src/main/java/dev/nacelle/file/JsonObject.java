package dev.nacelle.file;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.NacelleException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/**
 * An object of a JSON file, asked key by key: each answer has the type and range that was asked for
 * or is an error that names file and key. A key whose value is null counts as absent.
 */
public final class JsonObject {
  private final Path file;
  private final String prefix;
  private final JsonNode node;

  JsonObject(Path file, String prefix, JsonNode node) {
    this.file = file;
    this.prefix = prefix;
    this.node = node;
  }

  /** The file, for messages. */
  public Path file() {
    return file;
  }

  /** The tree itself, for what the typed questions do not cover. */
  public JsonNode node() {
    return node;
  }

  /** The keys, sorted. */
  public Set<String> keys() {
    Set<String> keys = new TreeSet<>();
    for (Map.Entry<String, JsonNode> field : node.properties()) {
      keys.add(field.getKey());
    }
    return keys;
  }

  /** Whether the key is there with a value other than null. */
  public boolean has(String key) {
    return node.hasNonNull(key);
  }

  /** A whole number that must be there. */
  public long integer(String key, long least, long most) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      throw error(key, "is missing");
    }
    return integer(key, value, least, most);
  }

  /** A whole number, or the default. */
  public long integer(String key, long fallback, long least, long most) {
    return has(key) ? integer(key, least, most) : fallback;
  }

  private long integer(String key, JsonNode value, long least, long most) {
    // Python writes 8.0 where it means 8 now and then.
    boolean whole = value.isIntegralNumber() || (value.isNumber() && value.doubleValue() % 1 == 0);
    if (!whole || !value.canConvertToLong()) {
      throw error(key, "is " + show(value) + ", no whole number");
    }
    long number = value.longValue();
    if (number < least || number > most) {
      throw error(key, "is " + number + ", outside " + least + " to " + most);
    }
    return number;
  }

  /** A finite number that must be there. */
  public double number(String key) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      throw error(key, "is missing");
    }
    if (!value.isNumber() || !Double.isFinite(value.doubleValue())) {
      throw error(key, "is " + show(value) + ", no finite number");
    }
    return value.doubleValue();
  }

  /** A finite number, or the default. */
  public double number(String key, double fallback) {
    return has(key) ? number(key) : fallback;
  }

  /** A finite number above zero. */
  public double positive(String key, double fallback) {
    double number = number(key, fallback);
    if (!(number > 0)) {
      throw error(key, "is " + number + ", and must be above 0");
    }
    return number;
  }

  /** True or false, or the default. */
  public boolean bool(String key, boolean fallback) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      return fallback;
    }
    if (!value.isBoolean()) {
      throw error(key, "is " + show(value) + ", neither true nor false");
    }
    return value.booleanValue();
  }

  /** A string, or null where there is none. */
  public @Nullable String string(String key) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isTextual()) {
      throw error(key, "is " + show(value) + ", no string");
    }
    return value.textValue();
  }

  /** A list of strings; null where the key is absent. */
  public @Nullable List<String> strings(String key) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      return null;
    }
    List<String> out = new ArrayList<>();
    for (JsonNode element : value) {
      if (!value.isArray() || !element.isTextual()) {
        throw error(key, "is " + show(value) + ", no list of strings");
      }
      out.add(element.textValue());
    }
    if (!value.isArray()) {
      throw error(key, "is " + show(value) + ", no list of strings");
    }
    return List.copyOf(out);
  }

  /** One whole number or a list of them; empty where the key is absent. */
  public List<Long> integers(String key, long least, long most) {
    JsonNode value = node.get(key);
    List<Long> out = new ArrayList<>();
    if (value == null || value.isNull()) {
      return out;
    }
    if (!value.isArray()) {
      return List.of(integer(key, value, least, most));
    }
    for (JsonNode element : value) {
      out.add(integer(key, element, least, most));
    }
    return List.copyOf(out);
  }

  /** An object inside this one; null where the key is absent. */
  public @Nullable JsonObject object(String key) {
    JsonNode value = node.get(key);
    if (value == null || value.isNull()) {
      return null;
    }
    if (!value.isObject()) {
      throw error(key, "is " + show(value) + ", no object");
    }
    return new JsonObject(file, prefix + key + ".", value);
  }

  /** An error about a key. */
  public NacelleException error(String key, String what) {
    return NacelleException.input(
        Quoted.path(file) + ": " + prefix + key + " " + what,
        "mend " + String.valueOf(file.getFileName()) + ", or use another model or adapter");
  }

  /** An error about a value that we do not do; the key is named with its value. */
  public NacelleException refusal(String key, String supported) {
    JsonNode value = node.get(key);
    return NacelleException.input(
        Quoted.path(file)
            + ": "
            + prefix
            + key
            + " is "
            + show(value)
            + ", which Nacelle does not do",
        supported);
  }

  private static String show(@Nullable JsonNode value) {
    return value == null
        ? "absent"
        : value.isTextual() ? Quoted.name(value.textValue()) : shorten(value);
  }

  private static String shorten(JsonNode value) {
    if (value.isContainerNode() && value.size() > 16) {
      return value.isArray() ? "a list of " + value.size() : "an object of " + value.size();
    }
    String quoted = Quoted.name(value.toString());
    return quoted.substring(1, quoted.length() - 1);
  }

  @Override
  public String toString() {
    return Quoted.path(file) + Arrays.toString(keys().toArray());
  }
}
