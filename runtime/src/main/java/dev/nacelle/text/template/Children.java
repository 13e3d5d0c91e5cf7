package dev.nacelle.text.template;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** The expressions directly inside an expression or a statement, in source order. */
final class Children {
  private Children() {}

  static List<Expr> of(Expr expression) {
    List<Expr> out = new ArrayList<>();
    switch (expression) {
      case Expr.Data e -> {}
      case Expr.Const e -> {}
      case Expr.Name e -> {}
      case Expr.NamespaceTarget e -> {}
      case Expr.TupleLiteral e -> out.addAll(e.items());
      case Expr.ListLiteral e -> out.addAll(e.items());
      case Expr.DictLiteral e -> {
        out.addAll(e.keys());
        out.addAll(e.values());
      }
      case Expr.Attribute e -> out.add(e.target());
      case Expr.Item e -> {
        out.add(e.target());
        out.add(e.key());
      }
      case Expr.Slice e -> {
        add(out, e.start());
        add(out, e.stop());
        add(out, e.step());
      }
      case Expr.Call e -> {
        out.add(e.callee());
        add(out, e.arguments());
      }
      case Expr.Filter e -> {
        add(out, e.input());
        add(out, e.arguments());
      }
      case Expr.Test e -> {
        out.add(e.input());
        add(out, e.arguments());
      }
      case Expr.Not e -> out.add(e.operand());
      case Expr.And e -> {
        out.add(e.left());
        out.add(e.right());
      }
      case Expr.Or e -> {
        out.add(e.left());
        out.add(e.right());
      }
      case Expr.Unary e -> out.add(e.operand());
      case Expr.Binary e -> {
        out.add(e.left());
        out.add(e.right());
      }
      case Expr.Concat e -> out.addAll(e.parts());
      case Expr.Compare e -> {
        out.add(e.first());
        e.rest().forEach(operand -> out.add(operand.value()));
      }
      case Expr.Conditional e -> {
        out.add(e.test());
        out.add(e.then());
        add(out, e.otherwise());
      }
    }
    return out;
  }

  static List<Expr> of(Stmt statement) {
    return switch (statement) {
      case Stmt.Output s -> s.parts();
      case Stmt.For s -> s.test() == null ? List.of(s.iterable()) : List.of(s.iterable(), s.test());
      case Stmt.If s -> s.branches().stream().map(Stmt.Branch::test).toList();
      case Stmt.MacroDefinition s -> s.signature().defaults();
      case Stmt.CallBlock s -> {
        List<Expr> out = new ArrayList<>(s.signature().defaults());
        out.add(s.call());
        yield out;
      }
      case Stmt.FilterBlock s -> List.of(s.filter());
      case Stmt.SetValue s -> List.of(s.value());
      case Stmt.SetBlock s -> s.filter() == null ? List.of() : List.of(s.filter());
      case Stmt.With s -> s.values();
      case Stmt.Generation s -> List.of();
      case Stmt.Break s -> List.of();
      case Stmt.Continue s -> List.of();
    };
  }

  /** The statements directly inside a statement. */
  static List<Stmt> bodies(Stmt statement) {
    List<Stmt> out = new ArrayList<>();
    switch (statement) {
      case Stmt.For s -> {
        out.addAll(s.body());
        out.addAll(s.otherwise());
      }
      case Stmt.If s -> {
        s.branches().forEach(branch -> out.addAll(branch.body()));
        out.addAll(s.otherwise());
      }
      case Stmt.MacroDefinition s -> out.addAll(s.body());
      case Stmt.CallBlock s -> out.addAll(s.body());
      case Stmt.FilterBlock s -> out.addAll(s.body());
      case Stmt.SetBlock s -> out.addAll(s.body());
      case Stmt.With s -> out.addAll(s.body());
      case Stmt.Generation s -> out.addAll(s.body());
      case Stmt.Output s -> {}
      case Stmt.SetValue s -> {}
      case Stmt.Break s -> {}
      case Stmt.Continue s -> {}
    }
    return out;
  }

  private static void add(List<Expr> out, @Nullable Expr expression) {
    if (expression != null) {
      out.add(expression);
    }
  }

  private static void add(List<Expr> out, Expr.CallArguments arguments) {
    out.addAll(arguments.positional());
    arguments.named().forEach(named -> out.add(named.value()));
    add(out, arguments.star());
    add(out, arguments.doubleStar());
  }
}
