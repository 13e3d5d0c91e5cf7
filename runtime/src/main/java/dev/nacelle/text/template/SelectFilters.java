package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.IteratorValue;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/** map, select, reject and their attr forms: lazy, walked once, like Python's generators. */
final class SelectFilters {
  private SelectFilters() {}

  static void register(Map<String, Filters.Filter> filters) {
    filters.put("map", SelectFilters::map);
    filters.put("select", (s, value, a) -> select(s, value, a, false, true));
    filters.put("reject", (s, value, a) -> select(s, value, a, false, false));
    filters.put("selectattr", (s, value, a) -> select(s, value, a, true, true));
    filters.put("rejectattr", (s, value, a) -> select(s, value, a, true, false));
  }

  private static Object map(Session session, Object value, Arguments arguments) {
    return lazy(session, value, () -> mapper(session, arguments));
  }

  private static UnaryOperator<@Nullable Object> mapper(Session session, Arguments arguments) {
    if (arguments.positional().isEmpty() && arguments.named().containsKey("attribute")) {
      Map<String, Object> rest = new LinkedHashMap<>(arguments.named());
      Object attribute = rest.remove("attribute");
      Object fallback = rest.remove("default");
      if (!rest.isEmpty()) {
        throw Failure.type(
            "Unexpected keyword argument " + Printer.quote(rest.keySet().iterator().next()));
      }
      return item -> mapped(session, item, attribute, fallback);
    }
    if (arguments.positional().isEmpty()) {
      throw Failure.type("map requires a filter argument");
    }
    String name = calledName(arguments.positional().getFirst(), "filter");
    Arguments rest = arguments.skip(1);
    return item -> Filters.apply(session, name, Undefined.orNone(item), rest);
  }

  private static Object mapped(
      Session session,
      @Nullable Object item,
      @Nullable Object attribute,
      @Nullable Object fallback) {
    Object path = attribute == null ? None.NONE : attribute;
    if (fallback == null || fallback == None.NONE) {
      return Filters.path(session, Undefined.orNone(item), path);
    }
    if (!Types.isString(path) || !Types.text(path).contains(".")) {
      Object found = Filters.path(session, Undefined.orNone(item), path);
      return found instanceof Undefined ? fallback : found;
    }
    Object found = Undefined.orNone(item);
    for (String part : Text.split(Types.text(path), ".", -1, session.meter())) {
      Object next = Filters.path(session, found, part);
      found = next instanceof Undefined ? fallback : next;
    }
    return found;
  }

  private static String calledName(Object name, String kind) {
    if (!Types.isString(name)) {
      throw Failure.type("No " + kind + " named " + Types.name(name) + ".");
    }
    return Types.text(name);
  }

  private static Object select(
      Session session, Object value, Arguments arguments, boolean byAttribute, boolean wanted) {
    return lazy(
        session,
        value,
        () -> {
          List<Object> positional = arguments.positional();
          int offset = byAttribute ? 1 : 0;
          if (positional.size() < offset) {
            throw Failure.type("Missing parameter for attribute name");
          }
          Object attribute = byAttribute ? positional.getFirst() : None.NONE;
          Arguments rest = positional.size() > offset ? arguments.skip(offset + 1) : Arguments.NONE;
          String test =
              positional.size() > offset ? calledName(positional.get(offset), "test") : "";
          return item -> {
            Object subject = Filters.path(session, Undefined.orNone(item), attribute);
            boolean holds =
                test.isEmpty()
                    ? Types.truth(subject)
                    : Types.truth(Tests.apply(session, test, subject, rest));
            return holds == wanted ? item : null;
          };
        });
  }

  /** Makes the function only when the first item is asked for, as a generator would. */
  private interface Maker {
    UnaryOperator<@Nullable Object> make();
  }

  private static Object lazy(Session session, Object value, Maker maker) {
    return new IteratorValue("generator", new Lazy(session, value, maker));
  }

  /** Items for which the function gives something. */
  private static final class Lazy implements Iterator<Object> {
    private final Session session;
    private final Object value;
    private final Maker maker;
    private @Nullable Iterator<Object> source;
    private @Nullable UnaryOperator<@Nullable Object> function;
    private @Nullable Object next;

    Lazy(Session session, Object value, Maker maker) {
      this.session = session;
      this.value = value;
      this.maker = maker;
    }

    private void begin() {
      if (source == null) {
        if (Types.truth(value)) {
          function = maker.make();
          source = Types.iterate(value);
        } else {
          source = List.of().iterator();
        }
      }
    }

    @Override
    public boolean hasNext() {
      begin();
      while (next == null && source != null && function != null && source.hasNext()) {
        session.meter().step();
        session.meter().enter();
        next = function.apply(source.next());
        session.meter().leave();
      }
      return next != null;
    }

    @Override
    public Object next() {
      if (!hasNext() || next == null) {
        throw new NoSuchElementException("no more items");
      }
      Object result = next;
      next = null;
      return result;
    }
  }
}
