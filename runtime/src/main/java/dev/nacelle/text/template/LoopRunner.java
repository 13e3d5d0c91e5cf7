package dev.nacelle.text.template;

import dev.nacelle.text.template.Interpreter.Signal;
import dev.nacelle.text.template.Sequences.IteratorValue;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/** Runs one for statement, and again for each recursive call of its loop. */
final class LoopRunner {
  private final Session session;
  private final Stmt.For statement;
  private final ScopeAnalyzer.LoopScopes scopes;
  private final Frame outer;

  LoopRunner(Session session, Stmt.For statement, ScopeAnalyzer.LoopScopes scopes, Frame outer) {
    this.session = session;
    this.statement = statement;
    this.scopes = scopes;
    this.outer = outer;
  }

  boolean recursive() {
    return statement.recursive();
  }

  /** The text of a recursive call. */
  String text(Object iterable, int depth) {
    StringBuilder out = new StringBuilder();
    session.meter().enter();
    run(iterable, depth, out);
    session.meter().leave();
    return out.toString();
  }

  Signal run(Object iterable, int depth, StringBuilder out) {
    Interpreter interpreter = session.interpreter();
    Loop loop =
        new Loop(session, this, statement.test() == null ? iterable : filter(iterable), depth);
    // Jinja notes at the end of the body that it ran: break and continue pass that by
    boolean completed = false;
    while (loop.advance()) {
      session.meter().step();
      Frame frame = new Frame(scopes.body(), outer, session);
      frame.set("loop", loop);
      interpreter.assign(statement.target(), loop.current(), frame);
      Signal signal = interpreter.body(statement.body(), frame, out);
      if (signal == Signal.BREAK) {
        break;
      }
      completed |= signal == Signal.NEXT;
    }
    if (!completed && !statement.otherwise().isEmpty()) {
      Frame frame = new Frame(scopes.otherwise(), outer, session);
      return interpreter.body(statement.otherwise(), frame, out);
    }
    return Signal.NEXT;
  }

  private Object filter(Object iterable) {
    Expr test = statement.test();
    Iterator<Object> source = Types.iterate(iterable);
    List<Object> kept = new ArrayList<>();
    while (test != null && source.hasNext()) {
      Object item = source.next();
      Frame frame = new Frame(scopes.test(), outer, session);
      session.interpreter().assign(statement.target(), item, frame);
      if (session.evaluator().test(test, frame)) {
        kept.add(item);
      }
    }
    return new IteratorValue("generator", kept.iterator());
  }
}
