package dev.nacelle.text.template;

import java.time.Clock;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** One rendering: what it was called with, what it may still use, and the tools that share it. */
final class Session {
  private final Meter meter;
  private final Clock clock;
  private final Map<String, Object> context;
  private final Printer printer;
  private final Comparison comparison;
  private final Operators operators;
  private final Attributes attributes;
  private final Evaluator evaluator;
  private final Interpreter interpreter;

  Session(Meter meter, Clock clock, Map<String, Object> context, ScopeAnalyzer.Result scopes) {
    this.meter = meter;
    this.clock = clock;
    this.context = context;
    this.printer = new Printer(meter);
    this.comparison = new Comparison(meter);
    this.operators = new Operators(meter);
    this.attributes = new Attributes(printer, meter);
    this.evaluator = new Evaluator(this);
    this.interpreter = new Interpreter(this, scopes);
  }

  Meter meter() {
    return meter;
  }

  Clock clock() {
    return clock;
  }

  /** A variable that the template was called with, or a global; null where there is none. */
  @Nullable Object resolve(String name) {
    Object value = context.get(name);
    return value == null ? Globals.get(name) : value;
  }

  Printer printer() {
    return printer;
  }

  Comparison comparison() {
    return comparison;
  }

  Operators operators() {
    return operators;
  }

  Attributes attributes() {
    return attributes;
  }

  Evaluator evaluator() {
    return evaluator;
  }

  Interpreter interpreter() {
    return interpreter;
  }
}
