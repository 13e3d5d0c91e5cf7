package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.ListValue;
import dev.nacelle.text.template.Sequences.TupleValue;
import dev.nacelle.text.template.TemplateException.Reason;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** Expressions to values. */
final class Evaluator {
  private final Session session;
  private final Meter meter;

  Evaluator(Session session) {
    this.session = session;
    this.meter = session.meter();
  }

  Object evaluate(Expr expression, Frame frame) {
    meter.step();
    meter.enter();
    Object value = dispatch(expression, frame);
    meter.leave();
    return value;
  }

  boolean test(Expr expression, Frame frame) {
    return Types.truth(evaluate(expression, frame));
  }

  private Object dispatch(Expr expression, Frame frame) {
    return switch (expression) {
      case Expr.Data e -> e.text();
      case Expr.Const e -> e.value();
      case Expr.Name e -> name(e.name(), frame);
      case Expr.TupleLiteral e -> new TupleValue(all(e.items(), frame));
      case Expr.ListLiteral e -> new ListValue(all(e.items(), frame));
      case Expr.DictLiteral e -> dict(e, frame);
      case Expr.Attribute e -> session.attributes().get(evaluate(e.target(), frame), e.name());
      case Expr.Item e -> item(e, frame);
      case Expr.Call e -> call(evaluate(e.callee(), frame), arguments(e.arguments(), frame));
      case Expr.Filter e -> {
        Expr input = e.input();
        if (input == null) {
          throw new IllegalStateException("a filter without input is applied by its block");
        }
        yield filter(e, evaluate(input, frame), frame);
      }
      case Expr.Test e -> {
        Object input = evaluate(e.input(), frame);
        yield Tests.apply(session, e.name(), input, arguments(e.arguments(), frame));
      }
      case Expr.Not e -> !test(e.operand(), frame);
      case Expr.And e -> {
        Object left = evaluate(e.left(), frame);
        yield Types.truth(left) ? evaluate(e.right(), frame) : left;
      }
      case Expr.Or e -> {
        Object left = evaluate(e.left(), frame);
        yield Types.truth(left) ? left : evaluate(e.right(), frame);
      }
      case Expr.Unary e -> Operators.sign(e.operator(), evaluate(e.operand(), frame));
      case Expr.Binary e -> {
        Object left = evaluate(e.left(), frame);
        yield session.operators().apply(e.operator(), left, evaluate(e.right(), frame));
      }
      case Expr.Concat e -> concat(e, frame);
      case Expr.Compare e -> compare(e, frame);
      case Expr.Conditional e -> conditional(e, frame);
      case Expr.Slice e -> throw Failure.unsupported("a slice among several subscripts");
      case Expr.NamespaceTarget e -> throw new IllegalStateException("a target is no value");
    };
  }

  private Object name(String name, Frame frame) {
    Object value = frame.knows(name) ? frame.lookup(name) : session.resolve(name);
    return value == null ? Undefined.name(name) : value;
  }

  private List<Object> all(List<Expr> expressions, Frame frame) {
    List<Object> out = new ArrayList<>(expressions.size());
    for (Expr expression : expressions) {
      out.add(evaluate(expression, frame));
    }
    return out;
  }

  private Object dict(Expr.DictLiteral literal, Frame frame) {
    DictValue dict = new DictValue();
    for (int i = 0; i < literal.keys().size(); i++) {
      Object key = evaluate(literal.keys().get(i), frame);
      dict.put(key, evaluate(literal.values().get(i), frame));
    }
    return dict;
  }

  private Object item(Expr.Item item, Frame frame) {
    Object target = evaluate(item.target(), frame);
    if (item.key() instanceof Expr.Slice slice) {
      Object start = optional(slice.start(), frame);
      Object stop = optional(slice.stop(), frame);
      Object step = optional(slice.step(), frame);
      Undefined.require(target);
      return Attributes.slice(target, bound(start), bound(stop), bound(step), meter);
    }
    return session.attributes().item(target, evaluate(item.key(), frame));
  }

  private Object optional(@Nullable Expr expression, Frame frame) {
    return expression == null ? None.NONE : evaluate(expression, frame);
  }

  private static @Nullable Long bound(Object value) {
    if (value == None.NONE) {
      return null;
    }
    if (!Types.isInteger(value)) {
      throw Failure.type("slice indices must be integers or None or have an __index__ method");
    }
    return Types.integer(value);
  }

  Object call(Object callee, Arguments arguments) {
    meter.step();
    Undefined.require(callee);
    if (callee instanceof Callable function) {
      return function.call(session, arguments);
    }
    throw Failure.type("'" + Types.name(callee) + "' object is not callable");
  }

  Arguments arguments(Expr.CallArguments source, Frame frame) {
    if (source.isEmpty()) {
      return Arguments.NONE;
    }
    List<Object> positional = all(source.positional(), frame);
    Map<String, Object> named = new LinkedHashMap<>();
    for (Expr.Named argument : source.named()) {
      Object value = evaluate(argument.value(), frame);
      if (named.put(argument.name(), value) != null) {
        throw new Failure(Reason.SYNTAX, "keyword argument repeated: " + argument.name());
      }
    }
    if (source.star() != null) {
      positional.addAll(meter.collect(Types.iterate(evaluate(source.star(), frame))));
    }
    if (source.doubleStar() != null) {
      Object more = evaluate(source.doubleStar(), frame);
      if (!(more instanceof DictValue dict)) {
        Undefined.require(more);
        throw Failure.type("argument after ** must be a mapping, not " + Types.name(more));
      }
      for (DictValue.Entry entry : dict.entries()) {
        if (!Types.isString(entry.key())) {
          throw Failure.type("keywords must be strings");
        }
        if (named.put(Types.text(entry.key()), entry.value()) != null) {
          throw Failure.type("got multiple values for keyword argument");
        }
      }
    }
    return new Arguments(positional, named);
  }

  /** Applies a chain of filters to a block's text: the innermost filter has no input. */
  Object filterChain(Expr.Filter filter, String text, Frame frame) {
    Object input =
        filter.input() instanceof Expr.Filter inner ? filterChain(inner, text, frame) : text;
    return filter(filter, input, frame);
  }

  private Object filter(Expr.Filter filter, Object input, Frame frame) {
    return Filters.apply(session, filter.name(), input, arguments(filter.arguments(), frame));
  }

  private Object concat(Expr.Concat concat, Frame frame) {
    StringBuilder out = new StringBuilder();
    for (Object value : all(concat.parts(), frame)) {
      String text = session.printer().str(value);
      meter.text(text.length());
      out.append(text);
    }
    return out.toString();
  }

  private Object compare(Expr.Compare compare, Frame frame) {
    Object left = evaluate(compare.first(), frame);
    for (Expr.Operand operand : compare.rest()) {
      Object right = evaluate(operand.value(), frame);
      if (!session.comparison().test(operand.operator(), left, right)) {
        return false;
      }
      left = right;
    }
    return true;
  }

  private Object conditional(Expr.Conditional conditional, Frame frame) {
    if (test(conditional.test(), frame)) {
      return evaluate(conditional.then(), frame);
    }
    if (conditional.otherwise() != null) {
      return evaluate(conditional.otherwise(), frame);
    }
    return Undefined.hint(
        "the inline if-expression on line "
            + conditional.line()
            + " evaluated to false and no else section was defined.");
  }
}
