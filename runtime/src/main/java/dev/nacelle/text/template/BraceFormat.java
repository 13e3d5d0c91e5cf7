package dev.nacelle.text.template;

import org.jspecify.annotations.Nullable;

/** {@code "…{}…".format(…)}, with the sandbox's attribute rules inside of fields. */
final class BraceFormat {
  private final Session session;
  private final Arguments arguments;
  private int automatic;
  private boolean manual;

  BraceFormat(Session session, Arguments arguments) {
    this.session = session;
    this.arguments = arguments;
  }

  String format(String template) {
    return format(template, 2);
  }

  private String format(String template, int depth) {
    if (depth < 0) {
      throw Failure.type("Max string recursion exceeded");
    }
    StringBuilder out = new StringBuilder();
    session.meter().steps(template.length() >> 2);
    int i = 0;
    while (i < template.length()) {
      char c = template.charAt(i);
      if ((c == '{' || c == '}') && i + 1 < template.length() && template.charAt(i + 1) == c) {
        out.append(c);
        i += 2;
      } else if (c == '}') {
        throw Failure.type("Single '}' encountered in format string");
      } else if (c == '{') {
        int end = closing(template, i);
        String text = field(template.substring(i + 1, end), depth);
        session.meter().text(text.length());
        out.append(text);
        i = end + 1;
      } else {
        out.append(c);
        i++;
      }
    }
    return session.meter().made(out.toString());
  }

  private static int closing(String template, int open) {
    int depth = 0;
    boolean brackets = false;
    for (int i = open; i < template.length(); i++) {
      char c = template.charAt(i);
      if (c == '[' && depth == 1) {
        brackets = true;
      } else if (c == ']') {
        brackets = false;
      } else if (!brackets && c == '{') {
        depth++;
      } else if (!brackets && c == '}' && --depth == 0) {
        return i;
      }
    }
    throw Failure.type(
        open + 1 == template.length()
            ? "Single '{' encountered in format string"
            : "expected '}' before end of string");
  }

  private String field(String field, int depth) {
    int end = 0;
    boolean brackets = false;
    while (end < field.length()
        && (brackets || (field.charAt(end) != '!' && field.charAt(end) != ':'))) {
      brackets = field.charAt(end) == '[' || (brackets && field.charAt(end) != ']');
      end++;
    }
    Object value = resolve(field.substring(0, end));
    if (end < field.length() && field.charAt(end) == '!') {
      if (end + 1 >= field.length() || (end + 2 < field.length() && field.charAt(end + 2) != ':')) {
        throw Failure.type("expected ':' after conversion specifier");
      }
      value =
          switch (field.charAt(end + 1)) {
            case 's' -> session.printer().str(value);
            case 'r' -> session.printer().repr(value);
            case 'a' -> throw Failure.unsupported("the conversion !a in a format string");
            default -> throw Failure.type("Unknown conversion specifier " + field.charAt(end + 1));
          };
      end += 2;
    }
    String spec = end < field.length() ? format(field.substring(end + 1), depth - 1) : "";
    if (spec.isEmpty()) {
      return session.printer().str(value);
    }
    if (value instanceof Undefined) {
      throw Failure.type("unsupported format string passed to Undefined.__format__");
    }
    return FormatSpec.format(session.meter(), value, spec);
  }

  private Object resolve(String path) {
    int end = 0;
    while (end < path.length() && path.charAt(end) != '.' && path.charAt(end) != '[') {
      end++;
    }
    Object value = first(path.substring(0, end));
    while (end < path.length()) {
      if (path.charAt(end) == '.') {
        int next = end + 1;
        while (next < path.length() && path.charAt(next) != '.' && path.charAt(next) != '[') {
          next++;
        }
        value = session.attributes().get(value, notEmpty(path.substring(end + 1, next)));
        end = next;
      } else if (path.charAt(end) == '[') {
        int close = path.indexOf(']', end);
        if (close < 0) {
          throw Failure.type("Missing ']' in format string");
        }
        String key = notEmpty(path.substring(end + 1, close));
        Long index = index(key);
        value = session.attributes().item(value, index == null ? key : (Object) index);
        end = close + 1;
      } else {
        throw Failure.type("Only '.' or '[' may follow ']' in format field specifier");
      }
    }
    return value;
  }

  private static String notEmpty(String name) {
    if (name.isEmpty()) {
      throw Failure.type("Empty attribute in format string");
    }
    return name;
  }

  private static @Nullable Long index(String text) {
    boolean digits =
        !text.isEmpty() && text.length() < 10 && text.chars().allMatch(c -> c >= '0' && c <= '9');
    return digits ? Long.valueOf(text) : null;
  }

  private Object first(String name) {
    Long index = index(name);
    if (name.isEmpty()) {
      if (manual) {
        throw Failure.type(
            "cannot switch from manual field specification to automatic field numbering");
      }
      index = (long) automatic++;
    } else if (index != null) {
      if (automatic > 0) {
        throw Failure.type(
            "cannot switch from manual field specification to automatic field numbering");
      }
      manual = true;
    }
    if (index != null) {
      if (index >= arguments.positional().size()) {
        throw Failure.type(
            "Replacement index " + index + " out of range for positional args tuple");
      }
      return arguments.positional().get(index.intValue());
    }
    Object value = arguments.named().get(name);
    if (value == null) {
      throw Failure.type(Printer.quote(name));
    }
    return value;
  }
}
