package dev.nacelle.text.template;

import java.util.List;

/**
 * Whether a body reads a name before it assigns it: how Jinja decides that a macro takes {@code
 * caller}, {@code varargs} or {@code kwargs}.
 */
final class UsedNames {
  private final String name;
  private boolean used;
  private boolean assigned;

  private UsedNames(String name) {
    this.name = name;
  }

  static boolean uses(List<Stmt> body, String name) {
    UsedNames visitor = new UsedNames(name);
    body.forEach(visitor::visit);
    return visitor.used;
  }

  private void visit(Stmt statement) {
    switch (statement) {
      case Stmt.For loop -> {
        target(loop.target());
        expression(loop.iterable());
        loop.body().forEach(this::visit);
        loop.otherwise().forEach(this::visit);
        if (loop.test() != null) {
          expression(loop.test());
        }
      }
      case Stmt.SetValue set -> {
        target(set.target());
        expression(set.value());
      }
      case Stmt.SetBlock set -> {
        target(set.target());
        Children.of(set).forEach(this::expression);
        set.body().forEach(this::visit);
      }
      case Stmt.If branches -> {
        for (Stmt.Branch branch : branches.branches()) {
          expression(branch.test());
          branch.body().forEach(this::visit);
        }
        branches.otherwise().forEach(this::visit);
      }
      case Stmt.With with -> {
        with.targets().forEach(this::target);
        with.values().forEach(this::expression);
        with.body().forEach(this::visit);
      }
      default -> {
        Children.of(statement).forEach(this::expression);
        Children.bodies(statement).forEach(this::visit);
      }
    }
  }

  private void target(Expr target) {
    switch (target) {
      case Expr.Name found -> assigned |= found.name().equals(name);
      case Expr.TupleLiteral tuple -> tuple.items().forEach(this::target);
      default -> {}
    }
  }

  private void expression(Expr expression) {
    if (expression instanceof Expr.Name found) {
      used |= !assigned && found.name().equals(name);
    } else {
      Children.of(expression).forEach(this::expression);
    }
  }
}
