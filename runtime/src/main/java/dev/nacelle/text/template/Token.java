package dev.nacelle.text.template;

/**
 * A piece of template source.
 *
 * @param text the data, the name, the operator, or the string after its escapes
 * @param value a Long or Double for numbers, else the text
 * @param line line in the source, from 1
 */
record Token(Type type, String text, Object value, int line) {
  /** What a token can be. */
  enum Type {
    DATA("template data / text"),
    VARIABLE_BEGIN("begin of print statement"),
    VARIABLE_END("end of print statement"),
    BLOCK_BEGIN("begin of statement block"),
    BLOCK_END("end of statement block"),
    NAME("name"),
    STRING("string"),
    INTEGER("integer"),
    FLOAT("float"),
    OPERATOR("operator"),
    EOF("end of template");

    private final String description;

    Type(String description) {
      this.description = description;
    }

    String description() {
      return description;
    }
  }

  boolean isName(String name) {
    return type == Type.NAME && text.equals(name);
  }

  boolean isOperator(String operator) {
    return type == Type.OPERATOR && text.equals(operator);
  }

  /** As jinja2 speaks of it in its messages. */
  String describe() {
    return type == Type.NAME || type == Type.OPERATOR ? text : type.description();
  }
}
