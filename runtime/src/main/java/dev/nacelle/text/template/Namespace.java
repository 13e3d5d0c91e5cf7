package dev.nacelle.text.template;

import dev.nacelle.text.template.TemplateException.Reason;
import org.jspecify.annotations.Nullable;

/** The one thing that a template can change: {@code namespace(…)}. */
final class Namespace {
  private final DictValue attributes = new DictValue();

  @Nullable Object get(String name) {
    return attributes.get(name);
  }

  void set(Object name, Object value) {
    if (name instanceof String text && text.startsWith("_")) {
      throw new Failure(
          Reason.SECURITY,
          "Chat templates cannot store underscore-prefixed attributes on a namespace, but got "
              + Printer.quote(text)
              + ". Please rename the attribute.");
    }
    attributes.put(name, value);
  }

  DictValue attributes() {
    return attributes;
  }
}
