package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.Map;

/** The methods of str that look for a text inside of it. */
final class SearchMethods {
  private SearchMethods() {}

  static void register(Map<String, StringMethods.Method> methods) {
    methods.put("startswith", (s, self, a) -> affix("startswith", self, a, true));
    methods.put("endswith", (s, self, a) -> affix("endswith", self, a, false));
    methods.put("replace", SearchMethods::replace);
    methods.put("find", (s, self, a) -> find(s, "find", self, a, false));
    methods.put("rfind", (s, self, a) -> find(s, "rfind", self, a, true));
    methods.put("index", (s, self, a) -> index(s, "index", self, a, false));
    methods.put("rindex", (s, self, a) -> index(s, "rindex", self, a, true));
    methods.put("count", SearchMethods::count);
  }

  private static Object affix(String name, String self, Arguments arguments, boolean prefix) {
    Arguments.Bound bound = arguments.bindPositional(name, 1, "prefix", "start", "end");
    SliceRange range = SliceRange.of(bound.bound(1), bound.bound(2), null, Text.length(self));
    Long start = bound.bound(1);
    boolean beyond = start != null && start > Text.length(self);
    String text = Text.slice(self, range);
    Object affixes = bound.get(0);
    if (affixes instanceof TupleValue tuple) {
      for (Object affix : tuple.items()) {
        if (!beyond && matches(name, text, affix, prefix)) {
          return true;
        }
      }
      return false;
    }
    return matches(name, text, affixes, prefix) && !beyond;
  }

  private static boolean matches(String name, String text, Object affix, boolean prefix) {
    if (!Types.isString(affix)) {
      throw Failure.type(
          name + " first arg must be str or a tuple of str, not " + Types.name(affix));
    }
    return prefix ? text.startsWith(Types.text(affix)) : text.endsWith(Types.text(affix));
  }

  private static Object replace(Session session, String self, Arguments arguments) {
    Arguments.Bound bound = arguments.bindPositional("replace", 2, "old", "new", "count");
    return replace(session, self, bound.text(0), bound.text(1), bound.integer(2, -1));
  }

  static String replace(Session session, String self, String old, String by, long limit) {
    session.meter().search(self, old);
    StringBuilder out = new StringBuilder();
    int from = 0;
    long done = 0;
    while (limit < 0 || done < limit) {
      int at = old.isEmpty() ? (done == 0 ? 0 : after(self, from)) : self.indexOf(old, from);
      if (at < 0) {
        break;
      }
      session.meter().text(at - from + (long) by.length());
      out.append(self, from, at).append(by);
      from = at + old.length();
      done++;
    }
    session.meter().text(self.length() - from);
    return out.append(self, from, self.length()).toString();
  }

  private static int after(String text, int index) {
    return index >= text.length() ? -1 : index + Character.charCount(text.codePointAt(index));
  }

  private static long position(
      Session session, String name, String self, Arguments arguments, boolean fromRight) {
    Arguments.Bound bound = arguments.bindPositional(name, 1, "sub", "start", "end");
    String sub = bound.text(0);
    session.meter().search(self, sub);
    int length = Text.length(self);
    Long start = bound.bound(1);
    if (start != null && start > length) {
      return -1;
    }
    SliceRange range = SliceRange.of(start, bound.bound(2), null, length);
    String text = Text.slice(self, range);
    int at = fromRight ? text.lastIndexOf(sub) : text.indexOf(sub);
    return at < 0 ? -1 : range.start() + text.codePointCount(0, at);
  }

  private static Object find(
      Session session, String name, String self, Arguments arguments, boolean fromRight) {
    return position(session, name, self, arguments, fromRight);
  }

  private static Object index(
      Session session, String name, String self, Arguments arguments, boolean fromRight) {
    long at = position(session, name, self, arguments, fromRight);
    if (at < 0) {
      throw Failure.type("substring not found");
    }
    return at;
  }

  private static Object count(Session session, String self, Arguments arguments) {
    Arguments.Bound bound = arguments.bindPositional("count", 1, "sub", "start", "end");
    int length = Text.length(self);
    String text = Text.slice(self, SliceRange.of(bound.bound(1), bound.bound(2), null, length));
    String sub = bound.text(0);
    if (sub.isEmpty()) {
      Long start = bound.bound(1);
      return start != null && start > length ? 0L : Text.length(text) + 1L;
    }
    return occurrences(session, text, sub);
  }

  private static long occurrences(Session session, String text, String sub) {
    session.meter().search(text, sub);
    long count = 0;
    for (int i = text.indexOf(sub); i >= 0; i = text.indexOf(sub, i + sub.length())) {
      count++;
    }
    return count;
  }
}
