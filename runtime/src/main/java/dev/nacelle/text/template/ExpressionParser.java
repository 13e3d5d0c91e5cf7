package dev.nacelle.text.template;

import dev.nacelle.text.template.Expr.CallArguments;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Expressions by recursive descent, loosest first: inline if, or, and, not, comparison, + and −, ~,
 * * / // %, **, sign, then postfixes, filters and tests. Note that ~ binds tighter than +, and a
 * test or filter tighter than any operator.
 */
final class ExpressionParser {
  /** Deeper nesting than any template has, and far from what the stack of a thread holds. */
  private static final int MAX_DEPTH = 100;

  private static final Set<String> COMPARISONS = Set.of("==", "!=", "<", "<=", ">", ">=");

  private final TokenStream stream;
  private final PrimaryParser primaries;
  private int depth;

  ExpressionParser(TokenStream stream) {
    this.stream = stream;
    this.primaries = new PrimaryParser(stream, this);
  }

  PrimaryParser primaries() {
    return primaries;
  }

  /** Guards recursion; every nesting passes through here or through {@link #parseUnary}. */
  private void enter() {
    if (++depth > MAX_DEPTH) {
      throw new Failure(
          TemplateException.Reason.LIMIT,
          "expressions nested deeper than " + MAX_DEPTH,
          stream.current().line());
    }
  }

  Expr parse() {
    return parse(true);
  }

  Expr parse(boolean withConditional) {
    enter();
    Expr result = withConditional ? parseConditional() : parseOr();
    depth--;
    return result;
  }

  private Expr parseConditional() {
    int line = stream.current().line();
    Expr then = parseOr();
    while (stream.skipName("if")) {
      Expr test = parseOr();
      Expr otherwise = null;
      if (stream.skipName("else")) {
        otherwise = parse(true);
      }
      then = new Expr.Conditional(test, then, otherwise, line);
      line = stream.current().line();
    }
    return then;
  }

  private Expr parseOr() {
    Expr left = parseAnd();
    while (stream.skipName("or")) {
      left = new Expr.Or(left, parseAnd());
    }
    return left;
  }

  private Expr parseAnd() {
    Expr left = parseNot();
    while (stream.skipName("and")) {
      left = new Expr.And(left, parseNot());
    }
    return left;
  }

  private Expr parseNot() {
    if (stream.skipName("not")) {
      enter();
      Expr operand = parseNot();
      depth--;
      return new Expr.Not(operand);
    }
    return parseCompare();
  }

  private Expr parseCompare() {
    Expr first = parseSum();
    List<Expr.Operand> rest = new ArrayList<>();
    while (true) {
      Token token = stream.current();
      if (token.type() == TokenType.OPERATOR && COMPARISONS.contains(token.text())) {
        stream.next();
        rest.add(new Expr.Operand(token.text(), parseSum()));
      } else if (stream.skipName("in")) {
        rest.add(new Expr.Operand("in", parseSum()));
      } else if (token.isName("not") && stream.look().isName("in")) {
        stream.next();
        stream.next();
        rest.add(new Expr.Operand("not in", parseSum()));
      } else {
        return rest.isEmpty() ? first : new Expr.Compare(first, rest);
      }
    }
  }

  private Expr parseSum() {
    Expr left = parseConcat();
    while (stream.current().isOperator("+") || stream.current().isOperator("-")) {
      String operator = stream.next().text();
      left = new Expr.Binary(operator, left, parseConcat());
    }
    return left;
  }

  private Expr parseConcat() {
    Expr first = parseProduct();
    if (!stream.current().isOperator("~")) {
      return first;
    }
    List<Expr> parts = new ArrayList<>();
    parts.add(first);
    while (stream.skipOperator("~")) {
      parts.add(parseProduct());
    }
    return new Expr.Concat(parts);
  }

  private Expr parseProduct() {
    Expr left = parsePower();
    while (true) {
      Token token = stream.current();
      if (!token.isOperator("*")
          && !token.isOperator("/")
          && !token.isOperator("//")
          && !token.isOperator("%")) {
        return left;
      }
      stream.next();
      left = new Expr.Binary(token.text(), left, parsePower());
    }
  }

  private Expr parsePower() {
    Expr left = parseUnary(true);
    while (stream.skipOperator("**")) {
      left = new Expr.Binary("**", left, parseUnary(true));
    }
    return left;
  }

  private Expr parseUnary(boolean withFilter) {
    enter();
    Expr node;
    if (stream.current().isOperator("-") || stream.current().isOperator("+")) {
      String operator = stream.next().text();
      node = new Expr.Unary(operator, parseUnary(false));
    } else {
      node = primaries.parsePrimary(false);
    }
    node = primaries.parsePostfix(node);
    if (withFilter) {
      node = parseFilterExpression(node);
    }
    depth--;
    return node;
  }

  private Expr parseFilterExpression(Expr start) {
    Expr node = start;
    while (true) {
      Token token = stream.current();
      if (token.isOperator("|")) {
        stream.next();
        node = parseFilter(node);
      } else if (token.isName("is")) {
        node = parseTest(node);
      } else if (token.isOperator("(")) {
        node = new Expr.Call(node, primaries.parseCallArguments());
      } else {
        return node;
      }
    }
  }

  /** A filter and those after it; the first bar was read. */
  Expr.Filter parseFilter(@Nullable Expr input) {
    String name = dottedName();
    CallArguments arguments =
        stream.current().isOperator("(") ? primaries.parseCallArguments() : CallArguments.NONE;
    Expr.Filter filter = new Expr.Filter(input, name, arguments);
    while (stream.skipOperator("|")) {
      String next = dottedName();
      CallArguments more =
          stream.current().isOperator("(") ? primaries.parseCallArguments() : CallArguments.NONE;
      filter = new Expr.Filter(filter, next, more);
    }
    return filter;
  }

  private String dottedName() {
    StringBuilder name = new StringBuilder(stream.expect(TokenType.NAME).text());
    while (stream.skipOperator(".")) {
      name.append('.').append(stream.expect(TokenType.NAME).text());
    }
    return name.toString();
  }

  private Expr parseTest(Expr input) {
    stream.next();
    boolean negated = stream.skipName("not");
    String name = dottedName();
    Token token = stream.current();
    CallArguments arguments = CallArguments.NONE;
    if (token.isOperator("(")) {
      arguments = primaries.parseCallArguments();
    } else if (startsOperand(token)) {
      if (token.isName("is")) {
        throw Failure.syntax("You cannot chain multiple tests with is", token.line());
      }
      Expr operand = primaries.parsePostfix(primaries.parsePrimary(false));
      arguments = new CallArguments(List.of(operand), List.of(), null, null);
    }
    Expr test = new Expr.Test(input, name, arguments);
    return negated ? new Expr.Not(test) : test;
  }

  private static boolean startsOperand(Token token) {
    return switch (token.type()) {
      case NAME -> !Set.of("else", "or", "and").contains(token.text());
      case STRING, INTEGER, FLOAT -> true;
      case OPERATOR -> token.text().equals("[") || token.text().equals("{");
      default -> false;
    };
  }
}
