package dev.nacelle.text.template;

import dev.nacelle.text.Message;
import dev.nacelle.text.template.Sequences.ListValue;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Java's values to template values: copies of plain data, so that nothing of Java is reachable.
 * What is no plain data becomes its type's name in angle brackets, as in transformers.
 */
final class Conversion {
  private static final int MAX_DEPTH = 200;

  private long characters;
  private int depth;

  /** Characters of all strings converted so far. */
  long characters() {
    return characters;
  }

  Object convert(@Nullable Object value) {
    return switch (value) {
      case null -> None.NONE;
      case String v -> text(v);
      case Boolean v -> v;
      case Integer v -> (long) v;
      case Long v -> v;
      case Short v -> (long) v;
      case Byte v -> (long) v;
      case Double v -> v;
      case Float v -> (double) v;
      case BigInteger v -> {
        if (v.bitLength() > 63) {
          throw Failure.unsupported("integers beyond 64 bits");
        }
        yield v.longValue();
      }
      case Message v -> message(v);
      case Map<?, ?> v -> map(v);
      case Collection<?> v -> list(v);
      default -> "<" + value.getClass().getSimpleName() + ">";
    };
  }

  private String text(String text) {
    characters += text.length();
    return text;
  }

  private Object message(Message message) {
    DictValue dict = new DictValue();
    dict.put("role", text(message.role()));
    dict.put("content", text(message.content()));
    return dict;
  }

  private Object map(Map<?, ?> map) {
    enter();
    DictValue dict = new DictValue();
    map.forEach((key, value) -> dict.put(convert(key), convert(value)));
    depth--;
    return dict;
  }

  private Object list(Collection<?> items) {
    enter();
    List<Object> out = new ArrayList<>(items.size());
    items.forEach(item -> out.add(convert(item)));
    depth--;
    return new ListValue(out);
  }

  private void enter() {
    if (++depth > MAX_DEPTH) {
      throw Failure.limit("data nested deeper than " + MAX_DEPTH);
    }
  }
}
