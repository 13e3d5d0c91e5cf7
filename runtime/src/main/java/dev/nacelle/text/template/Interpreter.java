package dev.nacelle.text.template;

import dev.nacelle.text.template.TemplateException.Reason;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Runs statements, appending what they print. */
final class Interpreter {
  /** How a run of statements ended. */
  enum Signal {
    NEXT,
    BREAK,
    CONTINUE
  }

  private final Session session;
  private final Meter meter;
  private final Evaluator evaluator;
  private final ScopeAnalyzer.Result scopes;
  private int line;

  Interpreter(Session session, ScopeAnalyzer.Result scopes) {
    this.session = session;
    this.meter = session.meter();
    this.evaluator = session.evaluator();
    this.scopes = scopes;
  }

  /** Line of the statement that runs, for messages. */
  int line() {
    return line;
  }

  String run(List<Stmt> template) {
    StringBuilder out = new StringBuilder();
    run(template, new Frame(scopes.root(), null, session), out);
    return out.toString();
  }

  /** A body on its own: what it prints. */
  String text(List<Stmt> body, Frame frame) {
    StringBuilder out = new StringBuilder();
    run(body, frame, out);
    return out.toString();
  }

  private Signal run(List<Stmt> body, Frame frame, StringBuilder out) {
    for (Stmt statement : body) {
      meter.step();
      meter.enter();
      line = statement.line();
      Signal signal = run(statement, frame, out);
      meter.leave();
      if (signal != Signal.NEXT) {
        return signal;
      }
    }
    return Signal.NEXT;
  }

  private Signal run(Stmt statement, Frame frame, StringBuilder out) {
    switch (statement) {
      case Stmt.Output s -> {
        for (Expr part : s.parts()) {
          print(part instanceof Expr.Data d ? d.text() : evaluator.evaluate(part, frame), out);
        }
      }
      case Stmt.If s -> {
        return branches(s, frame, out);
      }
      case Stmt.For s -> {
        return loop(s, frame, out);
      }
      case Stmt.SetValue s -> {
        checkNamespaces(s.target(), frame);
        assign(s.target(), evaluator.evaluate(s.value(), frame), frame);
      }
      case Stmt.SetBlock s -> setBlock(s, frame);
      case Stmt.MacroDefinition s ->
          frame.set(s.name(), new Macro(s.name(), s.signature(), s.body(), frame, scopes.scope(s)));
      case Stmt.CallBlock s -> callBlock(s, frame, out);
      case Stmt.FilterBlock s -> {
        Frame inner = new Frame(scopes.scope(s), frame, session);
        StringBuilder own = new StringBuilder();
        Signal signal = run(s.body(), inner, own);
        if (signal != Signal.NEXT) {
          return signal;
        }
        print(evaluator.filterChain(s.filter(), own.toString(), inner), out);
      }
      case Stmt.With s -> {
        return with(s, frame, out);
      }
      case Stmt.Generation s ->
          print(text(s.body(), new Frame(scopes.scope(s), frame, session)), out);
      case Stmt.Break s -> {
        return Signal.BREAK;
      }
      case Stmt.Continue s -> {
        return Signal.CONTINUE;
      }
    }
    return Signal.NEXT;
  }

  private void print(Object value, StringBuilder out) {
    String text = session.printer().str(value);
    meter.text(text.length());
    out.append(text);
  }

  private Signal branches(Stmt.If statement, Frame frame, StringBuilder out) {
    for (Stmt.Branch branch : statement.branches()) {
      line = branch.line();
      if (evaluator.test(branch.test(), frame)) {
        return run(branch.body(), frame, out);
      }
    }
    return run(statement.otherwise(), frame, out);
  }

  private Signal with(Stmt.With statement, Frame frame, StringBuilder out) {
    Frame inner = new Frame(scopes.scope(statement), frame, session);
    for (int i = 0; i < statement.targets().size(); i++) {
      Object value = evaluator.evaluate(statement.values().get(i), frame);
      assign(statement.targets().get(i), value, inner);
    }
    return run(statement.body(), inner, out);
  }

  private void setBlock(Stmt.SetBlock statement, Frame frame) {
    Frame inner = new Frame(scopes.scope(statement), frame, session);
    String text = text(statement.body(), inner);
    Expr.Filter filter = statement.filter();
    assign(
        statement.target(),
        filter == null ? text : evaluator.filterChain(filter, text, inner),
        frame);
  }

  private void callBlock(Stmt.CallBlock statement, Frame frame, StringBuilder out) {
    Macro caller =
        new Macro(
            "caller", statement.signature(), statement.body(), frame, scopes.scope(statement));
    Expr.Call call = statement.call();
    Object callee = evaluator.evaluate(call.callee(), frame);
    Arguments arguments = evaluator.arguments(call.arguments(), frame).with("caller", caller);
    print(evaluator.call(callee, arguments), out);
  }

  private Signal loop(Stmt.For statement, Frame frame, StringBuilder out) {
    Object iterable = evaluator.evaluate(statement.iterable(), frame);
    LoopRunner runner = new LoopRunner(session, statement, scopes.loop(statement), frame);
    return runner.run(iterable, 0, out);
  }

  /** Runs a loop's body once. */
  Signal body(List<Stmt> body, Frame frame, StringBuilder out) {
    return run(body, frame, out);
  }

  /** Gives a value to a name, to a namespace's attribute, or its items to a tuple of them. */
  void assign(Expr target, Object value, Frame frame) {
    switch (target) {
      case Expr.Name name -> frame.set(name.name(), value);
      case Expr.NamespaceTarget reference -> {
        checkNamespaces(reference, frame);
        if (frame.lookup(reference.name()) instanceof Namespace namespace) {
          namespace.set(reference.attribute(), value);
        }
      }
      case Expr.TupleLiteral tuple -> unpack(tuple.items(), value, frame);
      default -> throw new IllegalStateException("not a target: " + target.getClass());
    }
  }

  /** Jinja looks at the owner before it evaluates what to assign. */
  private void checkNamespaces(Expr target, Frame frame) {
    if (target instanceof Expr.TupleLiteral tuple) {
      tuple.items().forEach(item -> checkNamespaces(item, frame));
    } else if (target instanceof Expr.NamespaceTarget reference
        && !(frame.lookup(reference.name()) instanceof Namespace)) {
      throw new Failure(Reason.RUNTIME, "cannot assign attribute on non-namespace object");
    }
  }

  private void unpack(List<Expr> targets, Object value, Frame frame) {
    if (!Types.isIterable(value)) {
      throw Failure.type("cannot unpack non-iterable " + Types.name(value) + " object");
    }
    Iterator<Object> source = Types.iterate(value);
    List<Object> items = new ArrayList<>();
    while (source.hasNext()) {
      meter.step();
      items.add(source.next());
      if (items.size() > targets.size()) {
        throw Failure.type("too many values to unpack (expected " + targets.size() + ")");
      }
    }
    if (items.size() < targets.size()) {
      throw Failure.type(
          "not enough values to unpack (expected "
              + targets.size()
              + ", got "
              + items.size()
              + ")");
    }
    for (int i = 0; i < targets.size(); i++) {
      assign(targets.get(i), items.get(i), frame);
    }
  }
}
