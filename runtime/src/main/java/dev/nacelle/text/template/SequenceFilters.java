package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.IteratorValue;
import dev.nacelle.text.template.Sequences.ListValue;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Filters over sequences as a whole. */
final class SequenceFilters {
  private SequenceFilters() {}

  static void register(Map<String, Filters.Filter> filters) {
    filters.put("length", (s, value, a) -> Types.length(value));
    filters.put("count", (s, value, a) -> Types.length(value));
    filters.put("list", (s, value, a) -> new ListValue(collect(s, value)));
    filters.put("first", SequenceFilters::first);
    filters.put("last", SequenceFilters::last);
    filters.put("reverse", SequenceFilters::reverse);
    filters.put("sort", SequenceFilters::sort);
    filters.put("dictsort", SequenceFilters::dictSort);
    filters.put("unique", SequenceFilters::unique);
    filters.put("min", (s, value, a) -> extreme(s, value, a, "<"));
    filters.put("max", (s, value, a) -> extreme(s, value, a, ">"));
    filters.put("sum", SequenceFilters::sum);
    filters.put("items", (s, value, a) -> items(s, value));
    filters.put("batch", SequenceFilters::batch);
    filters.put("slice", SequenceFilters::slice);
  }

  private static List<Object> collect(Session session, Object value) {
    return session.meter().collect(Types.iterate(value));
  }

  private static Object first(Session session, Object value, Arguments arguments) {
    Iterator<Object> items = Types.iterate(value);
    return items.hasNext() ? items.next() : Undefined.hint("No first item, sequence was empty.");
  }

  private static Object last(Session session, Object value, Arguments arguments) {
    if (value instanceof IteratorValue iterator) {
      throw Failure.type("'" + iterator.type() + "' object is not reversible");
    }
    if (!Types.isIterable(value)) {
      throw Failure.type("'" + Types.name(value) + "' object is not reversible");
    }
    List<Object> items = collect(session, value);
    return items.isEmpty() ? Undefined.hint("No last item, sequence was empty.") : items.getLast();
  }

  private static Object reverse(Session session, Object value, Arguments arguments) {
    if (Types.isString(value)) {
      String text = new StringBuilder(Types.text(value)).reverse().toString();
      session.meter().text(text.length());
      return value instanceof Markup ? new Markup(text) : text;
    }
    if (!Types.isIterable(value)) {
      throw Failure.type("argument must be iterable");
    }
    List<Object> items = collect(session, value).reversed();
    return value instanceof IteratorValue
        ? new ListValue(items)
        : new IteratorValue("list_reverseiterator", items.iterator());
  }

  private static Object sort(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("sort", 0, "reverse", "case_sensitive", "attribute");
    boolean caseSensitive = bound.flag(1, false);
    Object attribute = bound.get(2, None.NONE);
    List<Object> paths =
        Types.isString(attribute)
            ? List.copyOf(Text.split(Types.text(attribute), ",", -1, session.meter()))
            : List.of(attribute);
    List<Object> items = collect(session, value);
    List<Object> keys = new ArrayList<>(items.size());
    for (Object item : items) {
      List<Object> key = new ArrayList<>(paths.size());
      for (Object path : paths) {
        Object part = Filters.path(session, item, path);
        key.add(caseSensitive ? part : Filters.ignoreCase(part));
      }
      keys.add(new ListValue(key));
    }
    List<Object> out = new ArrayList<>(items.size());
    Filters.order(session, keys, bound.flag(0, false)).forEach(i -> out.add(items.get(i)));
    return new ListValue(out);
  }

  private static Object dictSort(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("dictsort", 0, "case_sensitive", "by", "reverse");
    String by = bound.has(1) ? bound.text(1) : "key";
    if (!by.equals("key") && !by.equals("value")) {
      throw Failure.type("You can only sort by either \"key\" or \"value\"");
    }
    Undefined.require(value);
    if (!(value instanceof DictValue dict)) {
      throw Failure.type("'" + Types.name(value) + "' object has no attribute 'items'");
    }
    session.meter().steps(4L * dict.size());
    List<Object> items = CollectionMethods.items(dict);
    List<Object> keys = new ArrayList<>(items.size());
    for (DictValue.Entry entry : dict.entries()) {
      Object key = by.equals("key") ? entry.key() : entry.value();
      keys.add(bound.flag(0, false) ? key : Filters.ignoreCase(key));
    }
    List<Object> out = new ArrayList<>(items.size());
    Filters.order(session, keys, bound.flag(2, false)).forEach(i -> out.add(items.get(i)));
    return new ListValue(out);
  }

  private static Object unique(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("unique", 0, "case_sensitive", "attribute");
    Set<Object> seen = new HashSet<>();
    List<Object> out = new ArrayList<>();
    for (Object item : collect(session, value)) {
      Object key = Filters.path(session, item, bound.get(1, None.NONE));
      if (seen.add(DictValue.hashable(bound.flag(0, false) ? key : Filters.ignoreCase(key)))) {
        out.add(item);
      }
    }
    return new IteratorValue("generator", out.iterator());
  }

  private static Object extreme(Session session, Object value, Arguments arguments, String better) {
    Arguments.Bound bound =
        arguments.bind(better.equals("<") ? "min" : "max", 0, "case_sensitive", "attribute");
    Object best = null;
    Object bestKey = None.NONE;
    for (Object item : collect(session, value)) {
      Object key = Filters.path(session, item, bound.get(1, None.NONE));
      key = bound.flag(0, false) ? key : Filters.ignoreCase(key);
      if (best == null || session.comparison().ordered(better, key, bestKey)) {
        best = item;
        bestKey = key;
      }
    }
    return best == null ? Undefined.hint("No aggregated item, sequence was empty.") : best;
  }

  private static Object sum(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("sum", 0, "attribute", "start");
    Object total = bound.get(1, 0L);
    if (Types.isString(total)) {
      throw Failure.type("sum() can't sum strings [use ''.join(seq) instead]");
    }
    for (Object item : collect(session, value)) {
      Object part = Filters.path(session, item, bound.get(0, None.NONE));
      total = session.operators().apply("+", total, part);
    }
    return total;
  }

  private static Object items(Session session, Object value) {
    if (value instanceof DictValue dict) {
      session.meter().steps(2L * dict.size());
      return new IteratorValue("generator", CollectionMethods.items(dict).iterator());
    }
    if (value instanceof Undefined) {
      return new IteratorValue("generator", List.of().iterator());
    }
    return new IteratorValue(
        "generator",
        new Iterator<>() {
          @Override
          public boolean hasNext() {
            throw Failure.type("Can only get item pairs from a mapping.");
          }

          @Override
          public Object next() {
            throw Failure.type("Can only get item pairs from a mapping.");
          }
        });
  }

  private static Object batch(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("batch", 1, "linecount", "fill_with");
    long size = Types.index(bound.get(0));
    List<Object> out = new ArrayList<>();
    List<Object> line = new ArrayList<>();
    for (Object item : collect(session, value)) {
      if (line.size() == size) {
        out.add(new ListValue(line));
        line = new ArrayList<>();
      }
      line.add(item);
    }
    if (!line.isEmpty()) {
      Object fill = bound.get(1, None.NONE);
      while (fill != None.NONE && line.size() < size) {
        session.meter().step();
        line.add(fill);
      }
      out.add(new ListValue(line));
    }
    return new IteratorValue("generator", out.iterator());
  }

  private static Object slice(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("slice", 1, "slices", "fill_with");
    long slices = Types.index(bound.get(0));
    List<Object> items = collect(session, value);
    if (slices == 0) {
      throw Failure.type("integer division or modulo by zero");
    }
    session.meter().steps(Math.max(0, slices));
    Object fill = bound.get(1, None.NONE);
    List<Object> out = new ArrayList<>();
    int from = 0;
    for (long i = 0; i < slices; i++) {
      boolean larger = i < items.size() % slices;
      int to = from + (int) (items.size() / slices) + (larger ? 1 : 0);
      List<Object> part = new ArrayList<>(items.subList(from, to));
      if (fill != None.NONE && !larger) {
        part.add(fill);
      }
      out.add(new ListValue(part));
      from = to;
    }
    return new IteratorValue("generator", out.iterator());
  }
}
