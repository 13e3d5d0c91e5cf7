package dev.nacelle.text.template;

import dev.nacelle.text.template.TemplateException.Reason;
import org.jspecify.annotations.Nullable;

/** What is not there: prints as nothing, is false and empty; everything else with it fails. */
record Undefined(String message, Reason reason) {
  static Undefined name(String name) {
    return new Undefined(Printer.quote(name) + " is undefined", Reason.UNDEFINED);
  }

  static Undefined hint(String message) {
    return new Undefined(message, Reason.UNDEFINED);
  }

  static Undefined attribute(Object owner, String name) {
    return new Undefined(
        Printer.quote(Types.described(owner)) + " has no attribute " + Printer.quote(name),
        Reason.UNDEFINED);
  }

  static Undefined element(Object owner, Object key, Printer printer) {
    return new Undefined(
        Types.described(owner) + " has no element " + printer.repr(key), Reason.UNDEFINED);
  }

  static Undefined unsafe(Object owner, String name) {
    return new Undefined(
        "access to attribute "
            + Printer.quote(name)
            + " of "
            + Printer.quote(Types.name(owner))
            + " object is unsafe.",
        Reason.SECURITY);
  }

  Failure failure() {
    return new Failure(reason, message);
  }

  /** None for Java's null, which no value of a template is. */
  static Object orNone(@Nullable Object value) {
    return value == null ? None.NONE : value;
  }

  /** The value, unless it is undefined. */
  static Object require(@Nullable Object value) {
    if (value instanceof Undefined undefined) {
      throw undefined.failure();
    }
    return value == null ? None.NONE : value;
  }
}
