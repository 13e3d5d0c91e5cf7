package dev.nacelle.text.template;

import dev.nacelle.text.template.Callable.Builtin;
import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The methods of str. */
final class StringMethods {
  /** A method: the text it is called on, the arguments. */
  interface Method {
    Object call(Session session, String self, Arguments arguments);
  }

  private static final Map<String, Method> METHODS = new HashMap<>();

  static {
    CaseMethods.register(METHODS);
    SearchMethods.register(METHODS);
    METHODS.put("strip", (s, self, a) -> strip("strip", self, a, true, true));
    METHODS.put("lstrip", (s, self, a) -> strip("lstrip", self, a, true, false));
    METHODS.put("rstrip", (s, self, a) -> strip("rstrip", self, a, false, true));
    METHODS.put("split", (s, self, a) -> split(s, self, a, false));
    METHODS.put("rsplit", (s, self, a) -> split(s, self, a, true));
    METHODS.put("splitlines", StringMethods::splitLines);
    METHODS.put("partition", (s, self, a) -> partition(s, self, a, false));
    METHODS.put("rpartition", (s, self, a) -> partition(s, self, a, true));
    METHODS.put("join", StringMethods::join);
    METHODS.put("removeprefix", StringMethods::removePrefix);
    METHODS.put("removesuffix", StringMethods::removeSuffix);
    METHODS.put("center", (s, self, a) -> pad("center", s, self, a));
    METHODS.put("ljust", (s, self, a) -> pad("ljust", s, self, a));
    METHODS.put("rjust", (s, self, a) -> pad("rjust", s, self, a));
    METHODS.put("zfill", StringMethods::zeroFill);
    METHODS.put("format", (s, self, a) -> new BraceFormat(s, a).format(self));
    METHODS.put("format_map", StringMethods::formatMap);
    for (String name :
        List.of("casefold", "encode", "expandtabs", "isidentifier", "maketrans", "translate")) {
      METHODS.put(
          name,
          (s, self, a) -> {
            throw Failure.unsupported("the string method '" + name + "'");
          });
    }
  }

  private StringMethods() {}

  static @Nullable Callable find(String self, String name) {
    return METHODS.containsKey(name)
        ? new Builtin(name, (session, arguments) -> call(session, self, name, arguments))
        : null;
  }

  /** Calls a method that is known to exist. */
  static Object call(Session session, String self, String name, Arguments arguments) {
    Method method = METHODS.get(name);
    if (method == null) {
      throw new IllegalArgumentException(name);
    }
    session.meter().scan(self.length());
    return method.call(session, self, arguments);
  }

  private static Object strip(
      String name, String self, Arguments arguments, boolean left, boolean right) {
    Arguments.Bound bound = arguments.bindPositional(name, 0, "chars");
    if (bound.has(0) && bound.get(0) != None.NONE) {
      return Text.strip(self, bound.text(0), left, right);
    }
    String text = left ? Text.stripStart(self) : self;
    return right ? Text.stripEnd(text) : text;
  }

  private static Object split(
      Session session, String self, Arguments arguments, boolean fromRight) {
    Arguments.Bound bound = arguments.bind(fromRight ? "rsplit" : "split", 0, "sep", "maxsplit");
    long limit = bound.integer(1, -1);
    List<String> parts;
    if (!bound.has(0) || bound.get(0) == None.NONE) {
      parts =
          fromRight
              ? Text.wordsFromRight(self, limit, session.meter())
              : Text.words(self, limit, session.meter());
    } else {
      String separator = bound.text(0);
      if (separator.isEmpty()) {
        throw Failure.type("empty separator");
      }
      parts =
          fromRight
              ? Text.splitFromRight(self, separator, limit, session.meter())
              : Text.split(self, separator, limit, session.meter());
    }
    return new ListValue(List.copyOf(parts));
  }

  private static Object splitLines(Session session, String self, Arguments arguments) {
    List<String> lines =
        Text.lines(
            self, arguments.bind("splitlines", 0, "keepends").integer(0, 0) != 0, session.meter());
    return new ListValue(List.copyOf(lines));
  }

  private static Object partition(
      Session session, String self, Arguments arguments, boolean fromRight) {
    String separator = arguments.bindPositional("partition", 1, "sep").text(0);
    if (separator.isEmpty()) {
      throw Failure.type("empty separator");
    }
    session.meter().search(self, separator);
    int at = fromRight ? self.lastIndexOf(separator) : self.indexOf(separator);
    if (at < 0) {
      return new TupleValue(fromRight ? List.of("", "", self) : List.of(self, "", ""));
    }
    String rest = self.substring(at + separator.length());
    return new TupleValue(List.of(self.substring(0, at), separator, rest));
  }

  private static Object join(Session session, String self, Arguments arguments) {
    Object items = arguments.bindPositional("join", 1, "iterable").get(0);
    StringBuilder out = new StringBuilder();
    int i = 0;
    for (Object item : session.meter().collect(Types.iterate(items))) {
      if (!Types.isString(item)) {
        throw Failure.type(
            "sequence item " + i + ": expected str instance, " + Types.name(item) + " found");
      }
      if (i++ > 0) {
        out.append(self);
      }
      out.append(Types.text(item));
      session.meter().text(self.length() + (long) Types.text(item).length());
    }
    return out.toString();
  }

  private static Object removePrefix(Session session, String self, Arguments arguments) {
    String prefix = arguments.bindPositional("removeprefix", 1, "prefix").text(0);
    return self.startsWith(prefix) ? session.meter().made(self.substring(prefix.length())) : self;
  }

  private static Object removeSuffix(Session session, String self, Arguments arguments) {
    String suffix = arguments.bindPositional("removesuffix", 1, "suffix").text(0);
    return self.endsWith(suffix)
        ? session.meter().made(self.substring(0, self.length() - suffix.length()))
        : self;
  }

  private static Object pad(String name, Session session, String self, Arguments arguments) {
    Arguments.Bound bound = arguments.bindPositional(name, 1, "width", "fillchar");
    String fill = bound.has(1) ? bound.text(1) : " ";
    if (Text.length(fill) != 1) {
      throw Failure.type("The fill character must be exactly one character long");
    }
    long width = bound.integer(0, 0);
    long missing = width - Text.length(self);
    if (missing <= 0) {
      return self;
    }
    long left =
        switch (name) {
          case "ljust" -> 0;
          case "rjust" -> missing;
          default -> missing / 2 + (missing & width & 1);
        };
    Operators operators = session.operators();
    return operators.text(fill, left) + self + operators.text(fill, missing - left);
  }

  private static Object zeroFill(Session session, String self, Arguments arguments) {
    long missing = arguments.bindPositional("zfill", 1, "width").integer(0, 0) - Text.length(self);
    if (missing <= 0) {
      return self;
    }
    boolean signed = self.startsWith("+") || self.startsWith("-");
    String zeros = session.operators().text("0", missing);
    return signed ? self.charAt(0) + zeros + self.substring(1) : zeros + self;
  }

  private static Object formatMap(Session session, String self, Arguments arguments) {
    if (!(arguments.bindPositional("format_map", 1, "mapping").get(0) instanceof DictValue dict)) {
      throw Failure.unsupported("format_map of what is no dict");
    }
    Map<String, Object> named = new HashMap<>();
    dict.entries()
        .forEach(
            entry -> {
              if (entry.key() instanceof String key) {
                named.put(key, entry.value());
              }
            });
    return new BraceFormat(session, new Arguments(List.of(), named)).format(self);
  }
}
