package dev.nacelle.file.inspect;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufMetadata;
import dev.nacelle.file.GgufValue;
import java.util.Map;

/**
 * A GGUF file's metadata as JSON. A list of more than {@value #SHOWN} elements, a vocabulary say,
 * becomes an object of its length and its first ones.
 */
final class GgufDescription {
  static final int SHOWN = 16;

  private GgufDescription() {}

  static void describe(GgufFile file, ObjectNode out) {
    out.put("gguf.version", file.version());
    GgufMetadata metadata = file.metadata();
    for (Map.Entry<String, GgufValue> field : metadata.values().entrySet()) {
      String key = field.getKey();
      switch (field.getValue()) {
        case GgufValue.Whole whole -> out.put(key, whole.value());
        case GgufValue.Real real -> real(out, key, real.value());
        case GgufValue.Flag flag -> out.put(key, flag.value());
        case GgufValue.Text text -> out.put(key, text.value());
        case GgufValue.Listing listing -> {
          ArrayNode first = JsonNodeFactory.instance.arrayNode();
          for (GgufValue value : metadata.first(key, SHOWN)) {
            add(first, value);
          }
          if (listing.count() > SHOWN) {
            out.putObject(key).put("length", listing.count()).set("first", first);
          } else {
            out.set(key, first);
          }
        }
      }
    }
  }

  /** JSON has no infinities. */
  private static void real(ObjectNode out, String key, double value) {
    if (Double.isFinite(value)) {
      out.put(key, value);
    } else {
      out.put(key, Double.toString(value));
    }
  }

  private static void add(ArrayNode list, GgufValue value) {
    switch (value) {
      case GgufValue.Whole whole -> list.add(whole.value());
      case GgufValue.Real real -> {
        if (Double.isFinite(real.value())) {
          list.add(real.value());
        } else {
          list.add(Double.toString(real.value()));
        }
      }
      case GgufValue.Flag flag -> list.add(flag.value());
      case GgufValue.Text text -> list.add(text.value());
      case GgufValue.Listing listing -> list.addObject().put("length", listing.count());
    }
  }
}
