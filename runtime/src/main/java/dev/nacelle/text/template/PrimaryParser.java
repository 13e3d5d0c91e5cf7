package dev.nacelle.text.template;

import dev.nacelle.text.template.Expr.CallArguments;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The inner half of expressions: literals, names, brackets, attributes, subscripts, calls. */
final class PrimaryParser {
  private final TokenStream stream;
  private final ExpressionParser expressions;

  PrimaryParser(TokenStream stream, ExpressionParser expressions) {
    this.stream = stream;
    this.expressions = expressions;
  }

  Expr parsePrimary(boolean withNamespace) {
    Token token = stream.current();
    switch (token.type()) {
      case NAME -> {
        stream.next();
        return name(token, withNamespace);
      }
      case STRING -> {
        StringBuilder text = new StringBuilder();
        while (stream.current().type() == TokenType.STRING) {
          text.append(stream.next().text());
        }
        return new Expr.Const(text.toString());
      }
      case INTEGER, FLOAT -> {
        return new Expr.Const(stream.next().value());
      }
      default -> {}
    }
    if (stream.skipOperator("(")) {
      Expr inner = parseTuple(Tuples.PARENTHESISED);
      stream.expectOperator(")");
      return inner;
    }
    if (token.isOperator("[")) {
      return parseList();
    }
    if (token.isOperator("{")) {
      return parseDict();
    }
    throw Failure.syntax("unexpected " + Printer.quote(token.describe()), token.line());
  }

  private Expr name(Token token, boolean withNamespace) {
    return switch (token.text()) {
      case "true", "True" -> new Expr.Const(true);
      case "false", "False" -> new Expr.Const(false);
      case "none", "None" -> new Expr.Const(None.NONE);
      default ->
          withNamespace && stream.skipOperator(".")
              ? new Expr.NamespaceTarget(token.text(), stream.expect(TokenType.NAME).text())
              : new Expr.Name(token.text());
    };
  }

  /** How a list of expressions divided by commas is read. */
  enum Tuples {
    /** In a tag: full expressions, at least one. */
    PLAIN,
    /** As PLAIN, without inline if. */
    NO_CONDITIONAL,
    /** In parentheses: may be empty. */
    PARENTHESISED,
    /** Targets of an assignment: names and literals alone. */
    TARGET,
    /** As TARGET, attributes of namespaces too. */
    NAMESPACE_TARGET
  }

  /** One expression, or a tuple where a comma follows. */
  Expr parseTuple(Tuples kind) {
    List<Expr> items = new ArrayList<>();
    boolean tuple = false;
    while (true) {
      if (!items.isEmpty()) {
        stream.expectOperator(",");
      }
      if (isTupleEnd()) {
        break;
      }
      items.add(
          switch (kind) {
            case TARGET -> parsePrimary(false);
            case NAMESPACE_TARGET -> parsePrimary(true);
            case NO_CONDITIONAL -> expressions.parse(false);
            case PLAIN, PARENTHESISED -> expressions.parse(true);
          });
      if (!stream.current().isOperator(",")) {
        break;
      }
      tuple = true;
    }
    if (!tuple) {
      if (!items.isEmpty()) {
        return items.getFirst();
      }
      if (kind != Tuples.PARENTHESISED) {
        Token token = stream.current();
        throw Failure.syntax(
            "Expected an expression, got " + Printer.quote(token.describe()), token.line());
      }
    }
    return new Expr.TupleLiteral(items);
  }

  private boolean isTupleEnd() {
    Token token = stream.current();
    return token.type() == TokenType.VARIABLE_END
        || token.type() == TokenType.BLOCK_END
        || token.isOperator(")");
  }

  private Expr parseList() {
    stream.expectOperator("[");
    List<Expr> items = new ArrayList<>();
    while (!stream.current().isOperator("]")) {
      if (!items.isEmpty()) {
        stream.expectOperator(",");
      }
      if (stream.current().isOperator("]")) {
        break;
      }
      items.add(expressions.parse());
    }
    stream.expectOperator("]");
    return new Expr.ListLiteral(items);
  }

  private Expr parseDict() {
    stream.expectOperator("{");
    List<Expr> keys = new ArrayList<>();
    List<Expr> values = new ArrayList<>();
    while (!stream.current().isOperator("}")) {
      if (!keys.isEmpty()) {
        stream.expectOperator(",");
      }
      if (stream.current().isOperator("}")) {
        break;
      }
      keys.add(expressions.parse());
      stream.expectOperator(":");
      values.add(expressions.parse());
    }
    stream.expectOperator("}");
    return new Expr.DictLiteral(keys, values);
  }

  Expr parsePostfix(Expr start) {
    Expr node = start;
    while (true) {
      if (stream.skipOperator(".")) {
        Token token = stream.next();
        if (token.type() == TokenType.NAME) {
          node = new Expr.Attribute(node, token.text());
        } else if (token.type() == TokenType.INTEGER) {
          node = new Expr.Item(node, new Expr.Const(token.value()));
        } else {
          throw Failure.syntax("expected name or number", token.line());
        }
      } else if (stream.skipOperator("[")) {
        node = new Expr.Item(node, parseSubscript());
      } else if (stream.current().isOperator("(")) {
        node = new Expr.Call(node, parseCallArguments());
      } else {
        return node;
      }
    }
  }

  private Expr parseSubscript() {
    List<Expr> parts = new ArrayList<>();
    while (!stream.current().isOperator("]")) {
      if (!parts.isEmpty()) {
        stream.expectOperator(",");
      }
      parts.add(parseSubscriptPart());
    }
    stream.expectOperator("]");
    return parts.size() == 1 ? parts.getFirst() : new Expr.TupleLiteral(parts);
  }

  private Expr parseSubscriptPart() {
    Expr start = null;
    if (!stream.current().isOperator(":")) {
      start = expressions.parse();
      if (!stream.current().isOperator(":")) {
        return start;
      }
    }
    stream.next();
    Expr stop = stream.current().isOperator(":") ? null : sliceBound();
    Expr step = stream.skipOperator(":") ? sliceBound() : null;
    return new Expr.Slice(start, stop, step);
  }

  private @Nullable Expr sliceBound() {
    Token token = stream.current();
    return token.isOperator("]") || token.isOperator(",") ? null : expressions.parse();
  }

  CallArguments parseCallArguments() {
    int line = stream.current().line();
    stream.expectOperator("(");
    List<Expr> positional = new ArrayList<>();
    List<Expr.Named> named = new ArrayList<>();
    Expr star = null;
    Expr doubleStar = null;
    boolean needComma = false;
    while (!stream.current().isOperator(")")) {
      if (needComma) {
        stream.expectOperator(",");
        if (stream.current().isOperator(")")) {
          break;
        }
      }
      needComma = true;
      if (stream.current().isOperator("*")) {
        ensure(star == null && doubleStar == null, line);
        stream.next();
        star = expressions.parse();
      } else if (stream.current().isOperator("**")) {
        ensure(doubleStar == null, line);
        stream.next();
        doubleStar = expressions.parse();
      } else if (stream.current().type() == TokenType.NAME && stream.look().isOperator("=")) {
        ensure(doubleStar == null, line);
        String name = stream.next().text();
        stream.next();
        named.add(new Expr.Named(name, expressions.parse()));
      } else {
        ensure(star == null && doubleStar == null && named.isEmpty(), line);
        positional.add(expressions.parse());
      }
    }
    stream.expectOperator(")");
    return new CallArguments(positional, named, star, doubleStar);
  }

  private static void ensure(boolean valid, int line) {
    if (!valid) {
      throw Failure.syntax("invalid syntax for function call expression", line);
    }
  }
}
