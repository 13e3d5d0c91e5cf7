package dev.nacelle.text.template;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The arguments of a call, evaluated. */
record Arguments(List<Object> positional, Map<String, Object> named) {
  static final Arguments NONE = new Arguments(List.of(), Map.of());

  static Arguments of(Object... values) {
    return new Arguments(List.of(values), Map.of());
  }

  /** These arguments without the first positional ones. */
  Arguments skip(int count) {
    return new Arguments(positional.subList(count, positional.size()), named);
  }

  Arguments with(String name, Object value) {
    Map<String, Object> more = new LinkedHashMap<>(named);
    more.put(name, value);
    return new Arguments(positional, more);
  }

  /** As {@link #bind}, for functions whose parameters cannot be named. */
  Bound bindPositional(String function, int required, String... parameters) {
    if (!named.isEmpty()) {
      throw Failure.type(function + "() takes no keyword arguments");
    }
    return bind(function, required, parameters);
  }

  /** Arguments by parameter, as Python binds them; the first ones are required. */
  Bound bind(String function, int required, String... parameters) {
    if (positional.size() > parameters.length) {
      throw Failure.type(
          function
              + "() takes at most "
              + parameters.length
              + " arguments ("
              + positional.size()
              + " given)");
    }
    List<@Nullable Object> values = new ArrayList<>(positional);
    while (values.size() < parameters.length) {
      values.add(null);
    }
    named.forEach(
        (name, value) -> {
          int index = List.of(parameters).indexOf(name);
          if (index < 0) {
            throw Failure.type(
                function + "() got an unexpected keyword argument " + Printer.quote(name));
          }
          if (index < positional.size()) {
            throw Failure.type(
                function + "() got multiple values for argument " + Printer.quote(name));
          }
          values.set(index, value);
        });
    for (int i = 0; i < required; i++) {
      if (values.get(i) == null) {
        throw Failure.type(function + "() missing argument " + Printer.quote(parameters[i]));
      }
    }
    return new Bound(function, values);
  }

  /** Bound arguments, read by index. */
  record Bound(String function, List<@Nullable Object> values) {
    boolean has(int index) {
      return values.get(index) != null;
    }

    Object get(int index) {
      Object value = values.get(index);
      if (value == null) {
        throw Failure.type(function + "() missing argument " + (index + 1));
      }
      return value;
    }

    Object get(int index, Object fallback) {
      Object value = values.get(index);
      return value == null ? fallback : value;
    }

    /** A string argument; Markup counts as its text. */
    String text(int index) {
      Object value = get(index);
      if (value instanceof Markup markup) {
        return markup.text();
      }
      if (value instanceof String text) {
        return text;
      }
      throw Failure.type(
          function + "() argument " + (index + 1) + " must be str, not " + Types.name(value));
    }

    long integer(int index, long fallback) {
      return has(index) ? Types.index(get(index)) : fallback;
    }

    /** An integer argument that may be None. */
    @Nullable Long bound(int index) {
      return has(index) && get(index) != None.NONE ? Types.index(get(index)) : null;
    }

    boolean flag(int index, boolean fallback) {
      return has(index) ? Types.truth(get(index)) : fallback;
    }
  }
}
