package dev.nacelle.text.template;

import dev.nacelle.text.template.TemplateException.Reason;
import java.util.List;

/**
 * Unknown filters and tests are errors of the whole template, except directly inside an if, where
 * Jinja only complains when it comes to them.
 */
final class NameChecker {
  private int line;

  static void check(List<Stmt> template) {
    NameChecker checker = new NameChecker();
    template.forEach(statement -> checker.visit(statement, false));
  }

  private void visit(Stmt statement, boolean soft) {
    line = statement.line();
    switch (statement) {
      case Stmt.If branches -> {
        for (Stmt.Branch branch : branches.branches()) {
          visit(branch.test(), true);
          branch.body().forEach(s -> visit(s, true));
        }
        branches.otherwise().forEach(s -> visit(s, true));
      }
      case Stmt.For loop -> {
        visit(loop.iterable(), soft);
        if (loop.test() != null) {
          visit(loop.test(), false);
        }
        Children.bodies(loop).forEach(s -> visit(s, false));
      }
      default -> {
        boolean own = statement instanceof Stmt.FilterBlock || statement instanceof Stmt.SetBlock;
        Children.of(statement).forEach(e -> visit(e, soft && !own));
        Children.bodies(statement).forEach(s -> visit(s, false));
      }
    }
  }

  private void visit(Expr expression, boolean soft) {
    if (!soft && expression instanceof Expr.Filter filter && !Filters.isKnown(filter.name())) {
      throw new Failure(
          Filters.isUnsupported(filter.name()) ? Reason.UNSUPPORTED : Reason.SYNTAX,
          "No filter named '" + filter.name() + "'.",
          line);
    }
    if (!soft && expression instanceof Expr.Test test && !Tests.isKnown(test.name())) {
      throw Failure.syntax("No test named '" + test.name() + "'.", line);
    }
    boolean inner = soft || expression instanceof Expr.Conditional;
    Children.of(expression).forEach(child -> visit(child, inner));
  }
}
