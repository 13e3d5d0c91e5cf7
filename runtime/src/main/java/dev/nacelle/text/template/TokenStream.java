package dev.nacelle.text.template;

import java.util.List;

/** A cursor over tokens. */
final class TokenStream {
  private final List<Token> tokens;
  private int index;

  TokenStream(List<Token> tokens) {
    this.tokens = tokens;
    check(current());
  }

  Token current() {
    return tokens.get(index);
  }

  Token look() {
    Token token = tokens.get(Math.min(index + 1, tokens.size() - 1));
    check(token);
    return token;
  }

  private static void check(Token token) {
    if (token.value() instanceof Failure failure) {
      throw failure;
    }
  }

  /** The current token; the cursor moves on. */
  Token next() {
    Token token = current();
    index = Math.min(index + 1, tokens.size() - 1);
    check(current());
    return token;
  }

  boolean skipName(String name) {
    boolean found = current().isName(name);
    if (found) {
      next();
    }
    return found;
  }

  boolean skipOperator(String operator) {
    boolean found = current().isOperator(operator);
    if (found) {
      next();
    }
    return found;
  }

  Token expect(TokenType type) {
    if (current().type() != type) {
      throw unexpected(type.description());
    }
    return next();
  }

  void expectOperator(String operator) {
    if (!skipOperator(operator)) {
      throw unexpected(operator);
    }
  }

  void expectName(String name) {
    if (!skipName(name)) {
      throw unexpected(name);
    }
  }

  private Failure unexpected(String wanted) {
    Token token = current();
    if (token.type() == TokenType.EOF) {
      return Failure.syntax(
          "unexpected end of template, expected " + Printer.quote(wanted) + ".", token.line());
    }
    return Failure.syntax(
        "expected token " + Printer.quote(wanted) + ", got " + Printer.quote(token.describe()),
        token.line());
  }
}
