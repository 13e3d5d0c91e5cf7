package dev.nacelle.text.template;

import java.util.List;
import org.jspecify.annotations.Nullable;

/** Expressions, as the parser builds them. */
sealed interface Expr {
  /** Text outside of tags. */
  record Data(String text) implements Expr {}

  /** A literal: String, Long, Double, Boolean or None. */
  record Const(Object value) implements Expr {}

  /** A variable, read or assigned. */
  record Name(String name) implements Expr {}

  /** {@code name.attribute} as the target of a set. */
  record NamespaceTarget(String name, String attribute) implements Expr {}

  record TupleLiteral(List<Expr> items) implements Expr {}

  record ListLiteral(List<Expr> items) implements Expr {}

  record DictLiteral(List<Expr> keys, List<Expr> values) implements Expr {}

  /** {@code target.name}. */
  record Attribute(Expr target, String name) implements Expr {}

  /** {@code target[key]}. */
  record Item(Expr target, Expr key) implements Expr {}

  /** {@code start:stop:step} inside brackets. */
  record Slice(@Nullable Expr start, @Nullable Expr stop, @Nullable Expr step) implements Expr {}

  record Call(Expr callee, CallArguments arguments) implements Expr {}

  /** {@code input|name(…)}; without input in filter blocks and set blocks. */
  record Filter(@Nullable Expr input, String name, CallArguments arguments) implements Expr {}

  /** {@code input is name(…)}. */
  record Test(Expr input, String name, CallArguments arguments) implements Expr {}

  record Not(Expr operand) implements Expr {}

  record And(Expr left, Expr right) implements Expr {}

  record Or(Expr left, Expr right) implements Expr {}

  /** {@code -x} or {@code +x}. */
  record Unary(String operator, Expr operand) implements Expr {}

  record Binary(String operator, Expr left, Expr right) implements Expr {}

  /** {@code a ~ b ~ c}. */
  record Concat(List<Expr> parts) implements Expr {}

  /** {@code first op second op third …}, each link true. */
  record Compare(Expr first, List<Operand> rest) implements Expr {}

  /** {@code then if test else otherwise}. */
  record Conditional(Expr test, Expr then, @Nullable Expr otherwise, int line) implements Expr {}

  /** One link of a comparison; operator as written, {@code in} or {@code not in}. */
  record Operand(String operator, Expr value) {}

  /** {@code name=value} of a call. */
  record Named(String name, Expr value) {}

  /** What stands between the parentheses of a call. */
  record CallArguments(
      List<Expr> positional, List<Named> named, @Nullable Expr star, @Nullable Expr doubleStar) {
    static final CallArguments NONE = new CallArguments(List.of(), List.of(), null, null);

    boolean isEmpty() {
      return positional.isEmpty() && named.isEmpty() && star == null && doubleStar == null;
    }
  }
}
