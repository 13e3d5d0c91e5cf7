package dev.nacelle.text.template;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A dict: insertion order kept, keys equal as in Python (1, 1.0 and True are one key, the first
 * spelling stays).
 */
final class DictValue {
  record Entry(Object key, Object value) {}

  private final Map<Object, Entry> entries = new LinkedHashMap<>();

  /** A dict of JSON's kind. */
  static DictValue of(Map<String, Object> items) {
    DictValue dict = new DictValue();
    items.forEach(dict::put);
    return dict;
  }

  void put(Object key, Object value) {
    Object hashed = hashable(key);
    Entry old = entries.get(hashed);
    entries.put(hashed, new Entry(old == null ? key : old.key(), value));
  }

  @Nullable Object get(Object key) {
    Entry entry = entries.get(hashable(key));
    return entry == null ? null : entry.value();
  }

  int size() {
    return entries.size();
  }

  Collection<Entry> entries() {
    return entries.values();
  }

  List<Object> keys() {
    List<Object> out = new ArrayList<>(entries.size());
    entries.values().forEach(entry -> out.add(entry.key()));
    return out;
  }

  /** A Java value with Python's equality and hash for a key. */
  static Object hashable(Object key) {
    return switch (key) {
      case String s -> s;
      case Markup m -> m.text();
      case Boolean b -> b ? 1L : 0L;
      case Double d -> d == Math.rint(d) && Math.abs(d) < 1e18 ? (Object) (long) (double) d : d;
      case Sequences.TupleValue tuple -> {
        List<Object> items = new ArrayList<>(tuple.items().size());
        for (Object item : tuple.items()) {
          if (item instanceof Sequences.TupleValue) {
            // hashing nested tuples can take exponential time, and no template needs it
            throw Failure.unsupported("a tuple of tuples as a key");
          }
          items.add(hashable(item));
        }
        yield items;
      }
      case Sequences.ListValue list -> throw unhashable(list);
      case DictValue dict -> throw unhashable(dict);
      default -> key;
    };
  }

  private static Failure unhashable(Object value) {
    return Failure.type("unhashable type: '" + Types.name(value) + "'");
  }
}
