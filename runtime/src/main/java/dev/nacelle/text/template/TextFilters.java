package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** Filters that make text of a value. */
final class TextFilters {
  private TextFilters() {}

  static void register(Map<String, Filters.Filter> filters) {
    filters.put("string", (s, value, a) -> soft(s, value));
    filters.put("safe", (s, value, a) -> new Markup(s.printer().str(value)));
    filters.put("escape", (s, value, a) -> escape(s, value, a));
    filters.put("e", (s, value, a) -> escape(s, value, a));
    filters.put("forceescape", (s, value, a) -> new Markup(Text.escape(s.printer().str(value))));
    filters.put("trim", (s, value, a) -> method(s, value, "strip", a, "chars"));
    filters.put("upper", (s, value, a) -> method(s, value, "upper", a));
    filters.put("lower", (s, value, a) -> method(s, value, "lower", a));
    filters.put("capitalize", (s, value, a) -> method(s, value, "capitalize", a));
    filters.put("title", TextFilters::title);
    filters.put("center", TextFilters::center);
    filters.put("replace", TextFilters::replace);
    filters.put("indent", TextFilters::indent);
    filters.put("truncate", TextFilters::truncate);
    filters.put("wordcount", TextFilters::wordCount);
    filters.put("format", TextFilters::format);
    filters.put("join", TextFilters::join);
  }

  /** Text of a value; a string marked safe stays so. */
  private static Object soft(Session session, Object value) {
    return value instanceof Markup ? value : session.printer().str(value);
  }

  private static Object method(
      Session session, Object value, String method, Arguments arguments, String... parameters) {
    Arguments.Bound bound = arguments.bind(method, 0, parameters);
    Arguments passed =
        parameters.length > 0 && bound.has(0) ? Arguments.of(bound.get(0)) : Arguments.NONE;
    Object text = soft(session, value);
    session.meter().text(Types.text(text).length());
    Object result = StringMethods.call(session, Types.text(text), method, passed);
    return text instanceof Markup && result instanceof String s ? new Markup(s) : result;
  }

  private static Object escape(Session session, Object value, Arguments arguments) {
    arguments.bind("escape", 0);
    return value instanceof Markup ? value : new Markup(Text.escape(session.printer().str(value)));
  }

  private static Object title(Session session, Object value, Arguments arguments) {
    arguments.bind("title", 0);
    String text = session.printer().str(value);
    session.meter().text(text.length());
    StringBuilder out = new StringBuilder(text.length());
    boolean first = true;
    StringBuilder rest = new StringBuilder();
    for (int c : text.codePoints().toArray()) {
      if (Text.isSpace(c) || "-({[<".indexOf(c) >= 0) {
        out.append(CaseMethods.lower(rest.toString())).appendCodePoint(c);
        rest.setLength(0);
        first = true;
      } else if (first) {
        out.append(CaseMethods.upper(Character.toString(c)));
        first = false;
      } else {
        rest.appendCodePoint(c);
      }
    }
    return out.append(CaseMethods.lower(rest.toString())).toString();
  }

  private static Object center(Session session, Object value, Arguments arguments) {
    long width = arguments.bind("center", 0, "width").integer(0, 80);
    return StringMethods.call(session, session.printer().str(value), "center", Arguments.of(width));
  }

  private static Object replace(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("replace", 2, "old", "new", "count");
    Printer printer = session.printer();
    long count = bound.has(2) && bound.get(2) != None.NONE ? bound.integer(2, -1) : -1;
    return SearchMethods.replace(
        session, printer.str(value), printer.str(bound.get(0)), printer.str(bound.get(1)), count);
  }

  private static Object indent(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("indent", 0, "width", "first", "blank");
    Undefined.require(value);
    if (!Types.isString(value)) {
      throw Failure.type(
          "unsupported operand type(s) for +=: '" + Types.name(value) + "' and 'str'");
    }
    Object width = bound.get(0, 4L);
    String indent =
        Types.isString(width)
            ? Types.text(width)
            : session.operators().text(" ", Types.index(width));
    boolean blank = bound.flag(2, false);
    StringBuilder out = new StringBuilder(bound.flag(1, false) ? indent : "");
    boolean firstLine = true;
    for (String line : Text.lines(Types.text(value) + "\n", false, session.meter())) {
      if (!firstLine) {
        out.append('\n');
        if (blank || !line.isEmpty()) {
          session.meter().text(indent.length());
          out.append(indent);
        }
      }
      out.append(line);
      firstLine = false;
    }
    String text = session.meter().made(out.toString());
    return value instanceof Markup ? new Markup(text) : text;
  }

  private static Object truncate(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("truncate", 0, "length", "killwords", "end", "leeway");
    long length = bound.integer(0, 255);
    String end = bound.has(2) ? bound.text(2) : "...";
    Long given = bound.bound(3);
    long leeway = given == null ? 5 : given;
    if (length < Text.length(end) || leeway < 0) {
      throw Failure.type("expected length >= " + Text.length(end) + ", got " + length);
    }
    if (!(value instanceof String text)) {
      throw Failure.unsupported("truncate of a " + Types.name(value));
    }
    if (Text.length(text) <= length + leeway) {
      return text;
    }
    String cut = text.substring(0, Text.offset(text, (int) length - Text.length(end)));
    int space = cut.lastIndexOf(' ');
    return (bound.flag(1, false) || space < 0 ? cut : cut.substring(0, space)) + end;
  }

  private static Object wordCount(Session session, Object value, Arguments arguments) {
    arguments.bind("wordcount", 0);
    session.meter().steps(Types.isString(value) ? Types.text(value).length() >> 2 : 1);
    long words = 0;
    boolean inWord = false;
    for (int c : session.printer().str(value).codePoints().toArray()) {
      boolean letter = c == '_' || Character.isLetter(c) || CaseMethods.isNumeric(c);
      words += letter && !inWord ? 1 : 0;
      inWord = letter;
    }
    return words;
  }

  private static Object format(Session session, Object value, Arguments arguments) {
    if (!arguments.positional().isEmpty() && !arguments.named().isEmpty()) {
      throw Failure.type("can't handle positional and keyword arguments at the same time");
    }
    Object values =
        arguments.named().isEmpty()
            ? new TupleValue(arguments.positional())
            : DictValue.of(arguments.named());
    return session.operators().apply("%", soft(session, value), values);
  }

  private static Object join(Session session, Object value, Arguments arguments) {
    Arguments.Bound bound = arguments.bind("join", 0, "d", "attribute");
    Object attribute = bound.get(1, None.NONE);
    List<Object> texts = new ArrayList<>();
    for (Object item : session.meter().collect(Types.iterate(value))) {
      texts.add(session.printer().str(Filters.path(session, item, attribute)));
    }
    String separator = session.printer().str(bound.get(0, ""));
    return StringMethods.call(
        session, separator, "join", Arguments.of(new Sequences.ListValue(texts)));
  }
}
