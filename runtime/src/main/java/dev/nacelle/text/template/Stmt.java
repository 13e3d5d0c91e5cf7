package dev.nacelle.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Statements, as the parser builds them; each knows its line. */
sealed interface Stmt {
  int line();

  /** Text and printed expressions. */
  record Output(List<Expr> parts, int line) implements Stmt {}

  record For(
      Expr target,
      Expr iterable,
      @Nullable Expr test,
      boolean recursive,
      List<Stmt> body,
      List<Stmt> otherwise,
      int line)
      implements Stmt {}

  /** The first branch is the {@code if}, the others are {@code elif}. */
  record If(List<Branch> branches, List<Stmt> otherwise, int line) implements Stmt {}

  record Branch(Expr test, List<Stmt> body, int line) {}

  record MacroDefinition(String name, Signature signature, List<Stmt> body, int line)
      implements Stmt {}

  /** {@code {% call(parameters) callee(…) %}}. */
  record CallBlock(Signature signature, Expr.Call call, List<Stmt> body, int line)
      implements Stmt {}

  record FilterBlock(Expr.Filter filter, List<Stmt> body, int line) implements Stmt {}

  record SetValue(Expr target, Expr value, int line) implements Stmt {}

  record SetBlock(Expr target, Expr.@Nullable Filter filter, List<Stmt> body, int line)
      implements Stmt {}

  record With(List<Expr> targets, List<Expr> values, List<Stmt> body, int line) implements Stmt {}

  /** transformers' mark around what the assistant said; a scope of its own, no more. */
  record Generation(List<Stmt> body, int line) implements Stmt {}

  record Break(int line) implements Stmt {}

  record Continue(int line) implements Stmt {}

  /** Parameters of a macro; the last ones have the defaults. */
  record Signature(List<String> names, List<Expr> defaults) {
    static final Signature NONE = new Signature(List.of(), List.of());

    /** The default of a parameter, null where it has none. */
    @Nullable Expr defaultOf(int index) {
      int i = index - (names.size() - defaults.size());
      return i < 0 ? null : defaults.get(i);
    }
  }
}
