package dev.nacelle.text.template;

import dev.nacelle.text.template.Callable.Builtin;
import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.RangeValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import dev.nacelle.text.template.Sequences.ViewValue;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The methods of dict, list, tuple and range that leave them as they are. */
final class CollectionMethods {
  private CollectionMethods() {}

  static @Nullable Object ofDict(DictValue dict, String name) {
    return switch (name) {
      case "get" ->
          new Builtin(
              name,
              (session, arguments) -> {
                Arguments.Bound bound = arguments.bindPositional("get", 1, "key", "default");
                Object value = dict.get(bound.get(0));
                return value == null ? bound.get(1, None.NONE) : value;
              });
      case "items" ->
          new Builtin(
              name, (session, arguments) -> view(session, "dict_items", items(dict), arguments));
      case "keys" ->
          new Builtin(
              name, (session, arguments) -> view(session, "dict_keys", dict.keys(), arguments));
      case "values" ->
          new Builtin(
              name, (session, arguments) -> view(session, "dict_values", values(dict), arguments));
      case "copy" ->
          new Builtin(
              name,
              (session, arguments) -> {
                arguments.bindPositional("copy", 0);
                return dict;
              });
      case "fromkeys" ->
          new Builtin(
              name,
              (session, arguments) -> {
                throw Failure.unsupported("the method 'fromkeys' of a dict");
              });
      default -> null;
    };
  }

  private static Object view(
      Session session, String type, List<Object> items, Arguments arguments) {
    session.meter().steps(2L * items.size());
    arguments.bindPositional(type, 0);
    return new ViewValue(type, items);
  }

  static List<Object> items(DictValue dict) {
    List<Object> out = new ArrayList<>(dict.size());
    dict.entries().forEach(entry -> out.add(pair(entry)));
    return out;
  }

  static TupleValue pair(DictValue.Entry entry) {
    return new TupleValue(List.of(entry.key(), entry.value()));
  }

  private static List<Object> values(DictValue dict) {
    List<Object> out = new ArrayList<>(dict.size());
    dict.entries().forEach(entry -> out.add(entry.value()));
    return out;
  }

  static @Nullable Object ofList(Object self, List<Object> items, String name) {
    return switch (name) {
      case "index" ->
          new Builtin(name, (session, arguments) -> index(session, self, items, arguments));
      case "count" ->
          new Builtin(
              name,
              (session, arguments) -> {
                Object wanted = arguments.bindPositional("count", 1, "value").get(0);
                return items.stream()
                    .filter(
                        item ->
                            Comparison.identical(item, wanted)
                                || session.comparison().equal(item, wanted))
                    .count();
              });
      case "copy" ->
          self instanceof ListValue ? new Builtin(name, (session, arguments) -> self) : null;
      default -> null;
    };
  }

  private static Object index(
      Session session, Object self, List<Object> items, Arguments arguments) {
    Arguments.Bound bound = arguments.bindPositional("index", 1, "value", "start", "stop");
    SliceRange range = SliceRange.of(bound.bound(1), bound.bound(2), null, items.size());
    for (int i = range.start(); i < range.start() + range.count(); i++) {
      if (Comparison.identical(items.get(i), bound.get(0))
          || session.comparison().equal(items.get(i), bound.get(0))) {
        return (long) i;
      }
    }
    throw Failure.type(
        self instanceof ListValue
            ? session.printer().repr(bound.get(0)) + " is not in list"
            : "tuple.index(x): x not in tuple");
  }

  static @Nullable Object ofRange(RangeValue range, String name) {
    return switch (name) {
      case "start" -> range.start();
      case "stop" -> range.stop();
      case "step" -> range.step();
      default -> null;
    };
  }
}
