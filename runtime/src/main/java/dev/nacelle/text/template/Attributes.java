package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.RangeValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * {@code a.b} and {@code a[b]} by Jinja's rules: the dot tries Python's attribute first and the
 * item after, brackets the other way round. Attributes that could change a value or reach into
 * Python are undefined values that fail when used, as in the sandbox.
 */
final class Attributes {
  private static final Set<String> DICT_CHANGERS =
      Set.of("clear", "pop", "popitem", "setdefault", "update");
  private static final Set<String> LIST_CHANGERS =
      Set.of("append", "clear", "pop", "reverse", "insert", "sort", "extend", "remove");

  /** Names that every Python object answers to. */
  private static final Set<String> INTERNALS =
      Set.of(
          "__class__",
          "__init__",
          "__doc__",
          "__dir__",
          "__eq__",
          "__ne__",
          "__hash__",
          "__new__",
          "__repr__",
          "__str__",
          "__reduce__",
          "__reduce_ex__",
          "__subclasshook__",
          "__sizeof__",
          "__setattr__",
          "__delattr__",
          "__getattribute__",
          "__format__",
          "__init_subclass__",
          "__getstate__",
          "__lt__",
          "__le__",
          "__gt__",
          "__ge__");

  private final Printer printer;
  private final Meter meter;

  Attributes(Printer printer, Meter meter) {
    this.printer = printer;
    this.meter = meter;
  }

  Object get(Object owner, String name) {
    if (owner instanceof Undefined && INTERNALS.contains(name)) {
      return Undefined.unsafe(owner, name);
    }
    Undefined.require(owner);
    Object attribute = attribute(owner, name);
    if (attribute != null) {
      return attribute;
    }
    Object item = owner instanceof DictValue dict ? dict.get(name) : null;
    return item == null ? Undefined.attribute(owner, name) : item;
  }

  /** The attribute alone: items are not looked at. */
  Object attributeOnly(Object owner, String name) {
    Undefined.require(owner);
    Object attribute = attribute(owner, name);
    return attribute == null ? Undefined.attribute(owner, name) : attribute;
  }

  Object item(Object owner, Object key) {
    Undefined.require(owner);
    meter.scan(owner);
    Object item = plainItem(owner, key);
    if (item != null) {
      return item;
    }
    if (Types.isString(key)) {
      String name = Types.text(key);
      Object attribute = attribute(owner, name);
      return attribute == null ? Undefined.attribute(owner, name) : attribute;
    }
    return Undefined.element(owner, key, printer);
  }

  /** The item, or null where Python would raise a TypeError or LookupError. */
  private static @Nullable Object plainItem(Object owner, Object key) {
    if (owner instanceof DictValue dict) {
      return key instanceof ListValue || key instanceof DictValue ? null : dict.get(key);
    }
    if (!Types.isInteger(key)) {
      return null;
    }
    if (!Types.isString(owner)
        && !(owner instanceof ListValue)
        && !(owner instanceof TupleValue)
        && !(owner instanceof RangeValue)) {
      return null;
    }
    long length = Types.length(owner);
    long index = Types.integer(key);
    long at = index < 0 ? index + length : index;
    if (at < 0 || at >= length) {
      return null;
    }
    return switch (owner) {
      case String v -> Text.at(v, (int) at);
      case Markup v -> new Markup(Text.at(v.text(), (int) at));
      case ListValue v -> v.items().get((int) at);
      case TupleValue v -> v.items().get((int) at);
      case RangeValue v -> v.at((int) at);
      default -> throw new IllegalStateException("not indexed: " + owner.getClass());
    };
  }

  /** Python's attribute, or null where there is none. */
  private static @Nullable Object attribute(Object owner, String name) {
    if (owner instanceof Namespace namespace) {
      Object value = namespace.get(name);
      return value == null && name.equals("__class__") ? Undefined.unsafe(owner, name) : value;
    }
    if (INTERNALS.contains(name)) {
      return Undefined.unsafe(owner, name);
    }
    return switch (owner) {
      case String v -> StringMethods.find(v, name);
      case Markup v -> MarkupMethods.find(v, name);
      case DictValue v ->
          DICT_CHANGERS.contains(name)
              ? Undefined.unsafe(owner, name)
              : CollectionMethods.ofDict(v, name);
      case ListValue v ->
          LIST_CHANGERS.contains(name)
              ? Undefined.unsafe(owner, name)
              : CollectionMethods.ofList(v, v.items(), name);
      case TupleValue v -> CollectionMethods.ofList(v, v.items(), name);
      case RangeValue v -> CollectionMethods.ofRange(v, name);
      case Loop v -> v.attribute(name);
      case Macro v -> v.attribute(name);
      case Long v -> NumberMethods.find(v, name);
      case Boolean v -> NumberMethods.find(v ? 1L : 0L, name);
      case Double v -> NumberMethods.find(v, name);
      default -> null;
    };
  }

  static Object slice(
      Object owner, @Nullable Long start, @Nullable Long stop, @Nullable Long step, Meter meter) {
    Undefined.require(owner);
    if (owner instanceof DictValue) {
      throw Failure.type("unhashable type: 'slice'");
    }
    if (!Types.isString(owner) && !(owner instanceof ListValue) && !(owner instanceof TupleValue)) {
      if (owner instanceof RangeValue) {
        throw Failure.unsupported("slices of range()");
      }
      throw Failure.type("'" + Types.name(owner) + "' object is not subscriptable");
    }
    SliceRange range = SliceRange.of(start, stop, step, (int) Types.length(owner));
    meter.scan(owner);
    if (Types.isString(owner)) {
      meter.text(2L * range.count());
    } else {
      meter.steps(range.count());
    }
    return switch (owner) {
      case String v -> Text.slice(v, range);
      case Markup v -> new Markup(Text.slice(v.text(), range));
      case ListValue v -> new ListValue(items(v.items(), range));
      case TupleValue v -> new TupleValue(items(v.items(), range));
      default -> throw new IllegalStateException("not sliced: " + owner.getClass());
    };
  }

  private static List<Object> items(List<Object> items, SliceRange range) {
    Object[] out = new Object[range.count()];
    for (int i = 0; i < out.length; i++) {
      out[i] = items.get(range.at(i));
    }
    return List.of(out);
  }
}
