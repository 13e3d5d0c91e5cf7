package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.RangeValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.HashMap;
import java.util.Map;
import java.util.function.Predicate;

/** The tests by name: what stands after {@code is}. */
final class Tests {
  private static final Map<String, Filters.Filter> TESTS = new HashMap<>();

  static {
    plain("defined", value -> !(value instanceof Undefined));
    plain("undefined", value -> value instanceof Undefined);
    plain("none", value -> value == None.NONE);
    plain("boolean", value -> value instanceof Boolean);
    plain("true", value -> Boolean.TRUE.equals(value));
    plain("false", value -> Boolean.FALSE.equals(value));
    plain("integer", value -> value instanceof Long);
    plain("float", value -> value instanceof Double);
    plain("number", Types::isNumber);
    plain("string", Types::isString);
    plain("mapping", value -> value instanceof DictValue);
    plain("iterable", Types::isIterable);
    plain("sequence", Tests::isSequence);
    plain("callable", value -> value instanceof Callable || value instanceof Undefined);
    plain("escaped", value -> value instanceof Markup);
    TESTS.put("lower", (s, value, a) -> CaseMethods.isLower(s.printer().str(value)));
    TESTS.put("upper", (s, value, a) -> CaseMethods.isUpper(s.printer().str(value)));
    TESTS.put("odd", (s, value, a) -> remainder(s, value, 2L, 1L));
    TESTS.put("even", (s, value, a) -> remainder(s, value, 2L, 0L));
    TESTS.put("divisibleby", (s, value, a) -> remainder(s, value, other("divisibleby", a), 0L));
    TESTS.put("in", (s, value, a) -> s.comparison().contains(other("in", a), value));
    TESTS.put("sameas", (s, value, a) -> same(value, other("sameas", a)));
    TESTS.put(
        "filter", (s, value, a) -> Types.isString(value) && Filters.isKnown(Types.text(value)));
    TESTS.put("test", (s, value, a) -> Types.isString(value) && isKnown(Types.text(value)));
    compare("==", "==", "eq", "equalto");
    compare("!=", "!=", "ne");
    compare(">", ">", "gt", "greaterthan");
    compare(">=", ">=", "ge");
    compare("<", "<", "lt", "lessthan");
    compare("<=", "<=", "le");
  }

  private Tests() {}

  private static void plain(String name, Predicate<Object> test) {
    TESTS.put(
        name,
        (session, value, arguments) -> {
          arguments.bind("test_" + name, 0);
          return test.test(value);
        });
  }

  private static void compare(String operator, String... names) {
    for (String name : names) {
      TESTS.put(name, (s, value, a) -> s.comparison().test(operator, value, other(name, a)));
    }
  }

  private static Object other(String name, Arguments arguments) {
    return arguments.bind(name, 1, "other").get(0);
  }

  static boolean isKnown(String name) {
    return TESTS.containsKey(name);
  }

  static Object apply(Session session, String name, Object value, Arguments arguments) {
    session.meter().step();
    Filters.Filter test = TESTS.get(name);
    if (test == null) {
      throw Failure.type("No test named " + Printer.quote(name) + " found.");
    }
    session.meter().scan(value);
    return test.apply(session, value, arguments);
  }

  private static boolean isSequence(Object value) {
    return Types.isString(value)
        || value instanceof ListValue
        || value instanceof TupleValue
        || value instanceof DictValue
        || value instanceof RangeValue
        || value instanceof Undefined;
  }

  private static Object remainder(Session session, Object value, Object by, Object wanted) {
    return session.comparison().equal(session.operators().apply("%", value, by), wanted);
  }

  /** Identity; whether Python shares equal numbers and strings is its own affair. */
  private static boolean same(Object a, Object b) {
    if (a instanceof Boolean || b instanceof Boolean) {
      return a.equals(b);
    }
    if (!Comparison.identical(a, b) && a.equals(b) && (Types.isString(a) || Types.isNumber(a))) {
      throw Failure.unsupported("sameas of equal numbers or strings");
    }
    return Comparison.identical(a, b);
  }
}
