package dev.nacelle.text.template;

import dev.nacelle.text.template.TemplateException.Reason;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The filters by name. */
final class Filters {
  /** A filter: the value that it is applied to, the arguments after it. */
  interface Filter {
    Object apply(Session session, Object value, Arguments arguments);
  }

  private static final Map<String, Filter> FILTERS = new HashMap<>();

  /** Jinja has them; what they are for is web pages. */
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "filesizeformat",
          "groupby",
          "pprint",
          "random",
          "striptags",
          "urlencode",
          "urlize",
          "wordwrap",
          "xmlattr");

  static {
    TextFilters.register(FILTERS);
    NumberFilters.register(FILTERS);
    SequenceFilters.register(FILTERS);
    SelectFilters.register(FILTERS);
    FILTERS.put("tojson", JsonWriter::filter);
    FILTERS.put("default", Filters::defaultValue);
    FILTERS.put("d", Filters::defaultValue);
    FILTERS.put("attr", Filters::attribute);
  }

  private Filters() {}

  static boolean isKnown(String name) {
    return FILTERS.containsKey(name);
  }

  static boolean isUnsupported(String name) {
    return UNSUPPORTED.contains(name);
  }

  static Object apply(Session session, String name, Object value, Arguments arguments) {
    session.meter().step();
    Filter filter = FILTERS.get(name);
    if (filter == null) {
      throw new Failure(
          isUnsupported(name) ? Reason.UNSUPPORTED : Reason.RUNTIME,
          "No filter named " + Printer.quote(name) + " found.");
    }
    session.meter().scan(value);
    return filter.apply(session, value, arguments);
  }

  private static Object defaultValue(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("default", 0, "default_value", "boolean");
    boolean falseToo = bound.flag(1, false);
    boolean replaced = value instanceof Undefined || (falseToo && !Types.truth(value));
    return replaced ? bound.get(0, "") : value;
  }

  private static Object attribute(Session session, Object value, Arguments arguments) {
    String name = arguments.bind("attr", 1, "name").text(0);
    return session.attributes().attributeOnly(value, name);
  }

  /** {@code users|map(attribute="a.b.0")}: a path of attributes and indices. */
  static Object path(Session session, Object value, Object path) {
    if (path == None.NONE) {
      return value;
    }
    if (!Types.isString(path)) {
      return session.attributes().item(value, path);
    }
    Object found = value;
    for (String part : Text.split(Types.text(path), ".", -1, session.meter())) {
      boolean index =
          !part.isEmpty() && part.length() < 10 && part.chars().allMatch(c -> c >= '0' && c <= '9');
      found = session.attributes().item(found, index ? (Object) Long.valueOf(part) : part);
    }
    return found;
  }

  /** What a case-insensitive comparison compares. */
  static Object ignoreCase(Object value) {
    return Types.isString(value) ? CaseMethods.lower(Types.text(value)) : value;
  }

  /** A stable sort by keys, with Python's order and its errors. */
  static List<Integer> order(Session session, List<Object> keys, boolean reverse) {
    int count = keys.size();
    Integer[] order = new Integer[count];
    for (int i = 0; i < count; i++) {
      order[i] = reverse ? count - 1 - i : i;
    }
    Integer[] other = new Integer[count];
    for (int width = 1; width < count; width *= 2) {
      for (int low = 0; low < count; low += 2 * width) {
        merge(session, keys, order, other, low, width);
      }
      Integer[] swap = order;
      order = other;
      other = swap;
    }
    List<Integer> result = List.of(order);
    return reverse ? result.reversed() : result;
  }

  private static void merge(
      Session session, List<Object> keys, Integer[] from, Integer[] to, int low, int width) {
    int middle = Math.min(low + width, from.length);
    int high = Math.min(low + 2 * width, from.length);
    int left = low;
    int right = middle;
    for (int i = low; i < high; i++) {
      boolean takeRight =
          left >= middle
              || (right < high
                  && session
                      .comparison()
                      .ordered("<", keys.get(from[right]), keys.get(from[left])));
      to[i] = takeRight ? from[right++] : from[left++];
    }
  }
}
