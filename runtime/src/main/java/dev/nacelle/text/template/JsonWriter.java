package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The {@code tojson} filter of transformers: Python's {@code json.dumps}, HTML left alone. */
final class JsonWriter {
  private final Session session;
  private final boolean ascii;
  private final boolean sortKeys;
  private final @Nullable String indent;
  private final String itemSeparator;
  private final String keySeparator;
  private final StringBuilder out = new StringBuilder();

  private JsonWriter(Session session, Arguments.Bound bound) {
    this.session = session;
    this.ascii = bound.flag(0, false);
    this.sortKeys = bound.flag(3, false);
    Object width = bound.get(1, None.NONE);
    this.indent =
        width == None.NONE
            ? null
            : Types.isString(width)
                ? Types.text(width)
                : session.operators().text(" ", Types.index(width));
    Object separators = bound.get(2, None.NONE);
    if (separators == None.NONE) {
      this.itemSeparator = indent == null ? ", " : ",";
      this.keySeparator = ": ";
    } else {
      List<Object> pair = session.meter().collect(Types.iterate(separators));
      if (pair.size() != 2 || !Types.isString(pair.get(0)) || !Types.isString(pair.get(1))) {
        throw Failure.type("separators must be two strings");
      }
      this.itemSeparator = Types.text(pair.get(0));
      this.keySeparator = Types.text(pair.get(1));
    }
  }

  static Object filter(Session session, Object value, Arguments arguments) {
    JsonWriter writer =
        new JsonWriter(
            session,
            arguments.bind("tojson", 0, "ensure_ascii", "indent", "separators", "sort_keys"));
    writer.write(value, 1);
    return session.meter().made(writer.out.toString());
  }

  private void write(Object value, int level) {
    session.meter().step();
    if (out.length() > Meter.LONGEST) {
      session.meter().text(out.length());
    }
    switch (value) {
      case String v -> string(v);
      case Markup v -> string(v.text());
      case Boolean v -> out.append((boolean) v);
      case Long v -> out.append((long) v);
      case Double v -> out.append(real(v));
      case None v -> out.append("null");
      case ListValue v -> list(v.items(), level);
      case TupleValue v -> list(v.items(), level);
      case DictValue v -> dict(v, level);
      default ->
          throw Failure.type("Object of type " + Types.name(value) + " is not JSON serializable");
    }
  }

  private static String real(double value) {
    if (Double.isNaN(value)) {
      return "NaN";
    }
    if (Double.isInfinite(value)) {
      return value > 0 ? "Infinity" : "-Infinity";
    }
    return Printer.real(value);
  }

  private void list(List<Object> items, int level) {
    if (items.isEmpty()) {
      out.append("[]");
      return;
    }
    out.append('[');
    session.meter().enter();
    Iterator<Object> rest = items.iterator();
    while (rest.hasNext()) {
      newLine(level);
      write(rest.next(), level + 1);
      if (rest.hasNext()) {
        out.append(itemSeparator);
      }
    }
    session.meter().leave();
    newLine(level - 1);
    out.append(']');
  }

  private void dict(DictValue dict, int level) {
    if (dict.size() == 0) {
      out.append("{}");
      return;
    }
    out.append('{');
    session.meter().enter();
    Iterator<DictValue.Entry> rest = entries(dict).iterator();
    while (rest.hasNext()) {
      DictValue.Entry entry = rest.next();
      newLine(level);
      string(key(entry.key()));
      out.append(keySeparator);
      write(entry.value(), level + 1);
      if (rest.hasNext()) {
        out.append(itemSeparator);
      }
    }
    session.meter().leave();
    newLine(level - 1);
    out.append('}');
  }

  private Iterable<DictValue.Entry> entries(DictValue dict) {
    if (!sortKeys) {
      return dict.entries();
    }
    List<DictValue.Entry> entries = new ArrayList<>(dict.entries());
    List<DictValue.Entry> sorted = new ArrayList<>(entries.size());
    Filters.order(session, dict.keys(), false).forEach(i -> sorted.add(entries.get(i)));
    return sorted;
  }

  private static String key(Object key) {
    return switch (key) {
      case String v -> v;
      case Markup v -> v.text();
      case Boolean v -> v ? "true" : "false";
      case Long v -> Long.toString(v);
      case Double v -> real(v);
      case None v -> "null";
      default ->
          throw Failure.type("keys must be str, int, float, bool or None, not " + Types.name(key));
    };
  }

  private void newLine(int level) {
    if (indent != null) {
      session.meter().text((long) indent.length() * level);
      out.append('\n').repeat(indent, level);
    }
  }

  private void string(String text) {
    out.append('"');
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '"' -> out.append("\\\"");
        case '\\' -> out.append("\\\\");
        case '\n' -> out.append("\\n");
        case '\r' -> out.append("\\r");
        case '\t' -> out.append("\\t");
        case '\f' -> out.append("\\f");
        case '\b' -> out.append("\\b");
        default -> {
          if (c < 0x20 || (ascii && c > 0x7e)) {
            String hex = Integer.toHexString(c);
            out.append("\\u").repeat("0", 4 - hex.length()).append(hex);
          } else {
            out.append(c);
          }
        }
      }
    }
    out.append('"');
  }
}
