package dev.nacelle.text.template;

import dev.nacelle.text.template.Callable.Builtin;
import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The methods of a string that was marked safe: those of str, with text arguments that end up in
 * the result escaped and the result marked safe again.
 */
final class MarkupMethods {
  private static final Set<String> ESCAPING = Set.of("replace", "ljust", "rjust", "center", "join");
  private static final Set<String> NOT_DONE = Set.of("format", "format_map");

  private MarkupMethods() {}

  static @Nullable Callable find(Markup self, String name) {
    if (NOT_DONE.contains(name)) {
      throw Failure.unsupported(name + " on a string that was marked safe");
    }
    if (StringMethods.find(self.text(), name) == null) {
      return null;
    }
    return new Builtin(
        name,
        (session, arguments) -> {
          Arguments used = ESCAPING.contains(name) ? escaped(session, name, arguments) : arguments;
          return marked(StringMethods.call(session, self.text(), name, used));
        });
  }

  private static Arguments escaped(Session session, String name, Arguments arguments) {
    List<Object> positional = new ArrayList<>();
    for (int i = 0; i < arguments.positional().size(); i++) {
      Object value = arguments.positional().get(i);
      // what is looked for stays as it is, what is put in its place is escaped
      positional.add(name.equals("replace") && i == 0 ? value : escape(session, name, value));
    }
    Map<String, Object> named = new LinkedHashMap<>();
    arguments
        .named()
        .forEach((key, v) -> named.put(key, key.equals("old") ? v : escape(session, name, v)));
    return new Arguments(positional, named);
  }

  private static Object escape(Session session, String name, Object value) {
    if (value instanceof String text) {
      return Text.escape(text);
    }
    if (name.equals("join") && Types.isIterable(value) && !Types.isString(value)) {
      List<Object> items = new ArrayList<>();
      for (Object item : session.meter().collect(Types.iterate(value))) {
        items.add(item instanceof Markup ? item : Text.escape(session.printer().str(item)));
      }
      return new ListValue(items);
    }
    return value;
  }

  private static Object marked(Object result) {
    return switch (result) {
      case String text -> new Markup(text);
      case ListValue list ->
          new ListValue(list.items().stream().map(MarkupMethods::marked).toList());
      case TupleValue tuple ->
          new TupleValue(tuple.items().stream().map(MarkupMethods::marked).toList());
      default -> result;
    };
  }
}
