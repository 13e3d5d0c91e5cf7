package dev.nacelle.text.template;

/**
 * A piece of template source.
 *
 * @param text the data, the name, the operator, or the string after its escapes
 * @param value a Long or Double for numbers, else the text
 * @param line line in the source, from 1
 */
record Token(TokenType type, String text, Object value, int line) {
  boolean isName(String name) {
    return type == TokenType.NAME && text.equals(name);
  }

  boolean isOperator(String operator) {
    return type == TokenType.OPERATOR && text.equals(operator);
  }

  /** As jinja2 speaks of it in its messages. */
  String describe() {
    return type == TokenType.NAME || type == TokenType.OPERATOR ? text : type.description();
  }
}
