package dev.nacelle.text.template;

import dev.nacelle.text.template.PrimaryParser.Tuples;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** What can be assigned to: names, tuples of them, attributes of namespaces, parameters. */
final class TargetParser {
  private static final Set<String> RESERVED =
      Set.of("true", "false", "none", "True", "False", "None");

  private final TokenStream stream;
  private final ExpressionParser expressions;

  TargetParser(TokenStream stream, ExpressionParser expressions) {
    this.stream = stream;
    this.expressions = expressions;
  }

  Stmt.Signature signature() {
    List<String> names = new ArrayList<>();
    List<Expr> defaults = new ArrayList<>();
    stream.expectOperator("(");
    while (!stream.current().isOperator(")")) {
      if (!names.isEmpty()) {
        stream.expectOperator(",");
      }
      int line = stream.current().line();
      names.add(name());
      if (stream.skipOperator("=")) {
        defaults.add(expressions.parse());
      } else if (!defaults.isEmpty()) {
        throw Failure.syntax("non-default argument follows default argument", line);
      }
    }
    stream.expectOperator(")");
    return new Stmt.Signature(names, defaults);
  }

  String name() {
    Token token = stream.expect(TokenType.NAME);
    checkTarget(
        RESERVED.contains(token.text()) ? new Expr.Const(true) : new Expr.Name(token.text()),
        token.line());
    return token.text();
  }

  Expr target(Tuples kind) {
    int line = stream.current().line();
    Expr target = expressions.primaries().parseTuple(kind);
    checkTarget(target, line);
    return target;
  }

  private static void checkTarget(Expr target, int line) {
    if (!assignable(target)) {
      String kind = target.getClass().getSimpleName().replace("Literal", "");
      throw Failure.syntax("can't assign to '" + kind.toLowerCase(Locale.ROOT) + "'", line);
    }
  }

  private static boolean assignable(Expr target) {
    return switch (target) {
      case Expr.Name name -> true;
      case Expr.NamespaceTarget name -> true;
      case Expr.TupleLiteral tuple -> tuple.items().stream().allMatch(TargetParser::assignable);
      default -> false;
    };
  }
}
