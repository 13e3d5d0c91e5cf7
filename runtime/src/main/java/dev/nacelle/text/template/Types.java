package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.IteratorValue;
import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.RangeValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import dev.nacelle.text.template.Sequences.ViewValue;
import java.util.Iterator;
import java.util.List;
import java.util.function.IntFunction;

/** What kind of thing a value is to Python: type names, truth, length, iteration. */
final class Types {
  private Types() {}

  static String name(Object value) {
    return switch (value) {
      case String v -> "str";
      case Markup v -> "Markup";
      case Boolean v -> "bool";
      case Long v -> "int";
      case Double v -> "float";
      case None v -> "NoneType";
      case ListValue v -> "list";
      case TupleValue v -> "tuple";
      case DictValue v -> "dict";
      case RangeValue v -> "range";
      case ViewValue v -> v.type();
      case IteratorValue v -> v.type();
      case Undefined v -> "Undefined";
      case Namespace v -> "TemplateNamespace";
      case Loop v -> "LoopContext";
      case Callable v -> v.type();
      default -> throw new IllegalStateException("not a template value: " + value.getClass());
    };
  }

  /** As jinja2 names a value in its messages. */
  static String described(Object value) {
    return switch (value) {
      case None v -> "None";
      case Markup v -> "markupsafe.Markup object";
      case Namespace v -> "transformers.utils.chat_template_utils.TemplateNamespace object";
      case Loop v -> "jinja2.runtime.LoopContext object";
      case Macro v -> "jinja2.runtime.Macro object";
      default -> name(value) + " object";
    };
  }

  static boolean isString(Object value) {
    return value instanceof String || value instanceof Markup;
  }

  /** The characters of a string or Markup. */
  static String text(Object value) {
    return value instanceof Markup markup ? markup.text() : (String) value;
  }

  static boolean truth(Object value) {
    return switch (value) {
      case String v -> !v.isEmpty();
      case Markup v -> !v.text().isEmpty();
      case Boolean v -> v;
      case Long v -> v != 0;
      case Double v -> v != 0;
      case None v -> false;
      case ListValue v -> !v.items().isEmpty();
      case TupleValue v -> !v.items().isEmpty();
      case DictValue v -> v.size() > 0;
      case RangeValue v -> v.count() > 0;
      case ViewValue v -> !v.items().isEmpty();
      case Undefined v -> false;
      case Loop v -> v.length() > 0;
      default -> true;
    };
  }

  static boolean hasLength(Object value) {
    return isString(value)
        || value instanceof ListValue
        || value instanceof TupleValue
        || value instanceof DictValue
        || value instanceof RangeValue
        || value instanceof ViewValue
        || value instanceof Undefined
        || value instanceof Loop;
  }

  static long length(Object value) {
    return switch (value) {
      case String v -> Text.length(v);
      case Markup v -> Text.length(v.text());
      case ListValue v -> v.items().size();
      case TupleValue v -> v.items().size();
      case DictValue v -> v.size();
      case RangeValue v -> v.count();
      case ViewValue v -> v.items().size();
      case Undefined v -> 0;
      case Loop v -> v.length();
      default -> throw Failure.type("object of type '" + name(value) + "' has no len()");
    };
  }

  static boolean isIterable(Object value) {
    return hasLength(value) || value instanceof IteratorValue;
  }

  static Iterator<Object> iterate(Object value) {
    return switch (value) {
      case String v -> characters(v, false);
      case Markup v -> characters(v.text(), true);
      case ListValue v -> v.items().iterator();
      case TupleValue v -> v.items().iterator();
      case DictValue v -> v.entries().stream().map(DictValue.Entry::key).iterator();
      case RangeValue v -> indexed(v.count(), v::at);
      case ViewValue v -> v.items().iterator();
      case IteratorValue v -> v.iterator();
      case Undefined v -> List.of().iterator();
      case Loop v -> throw Failure.unsupported("iterating over the loop variable");
      default -> throw Failure.type("'" + name(value) + "' object is not iterable");
    };
  }

  private static Iterator<Object> characters(String text, boolean markup) {
    Iterator<Integer> points = text.codePoints().iterator();
    return new Iterator<>() {
      @Override
      public boolean hasNext() {
        return points.hasNext();
      }

      @Override
      public Object next() {
        String c = Character.toString(points.next());
        return markup ? new Markup(c) : c;
      }
    };
  }

  private static Iterator<Object> indexed(int count, IntFunction<Object> item) {
    return new Iterator<>() {
      private int next;

      @Override
      public boolean hasNext() {
        return next < count;
      }

      @Override
      public Object next() {
        return item.apply(next++);
      }
    };
  }

  static boolean isInteger(Object value) {
    return value instanceof Long || value instanceof Boolean;
  }

  static boolean isNumber(Object value) {
    return isInteger(value) || value instanceof Double;
  }

  static long integer(Object value) {
    return value instanceof Boolean b ? (b ? 1 : 0) : (Long) value;
  }

  static double real(Object value) {
    return value instanceof Double d ? d : (double) integer(value);
  }

  /** A value used as an index or a count. */
  static long index(Object value) {
    if (isInteger(value)) {
      return integer(value);
    }
    throw Failure.type("'" + name(value) + "' object cannot be interpreted as an integer");
  }
}
