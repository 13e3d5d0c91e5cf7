package dev.nacelle.text.template;

import dev.nacelle.text.template.TemplateException.Reason;

/**
 * Unwinds the interpreter. Carries no stack trace, because templates fail as a matter of course
 * ({@code raise_exception}); the public face turns it into a {@link TemplateException} and adds the
 * line.
 */
final class Failure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final Reason reason;
  private final String detail;
  private final int line;

  Failure(Reason reason, String detail) {
    this(reason, detail, 0);
  }

  Failure(Reason reason, String detail, int line) {
    super(detail, null, false, false);
    this.reason = reason;
    this.detail = detail;
    this.line = line;
  }

  static Failure type(String detail) {
    return new Failure(Reason.RUNTIME, detail);
  }

  static Failure unsupported(String detail) {
    return new Failure(Reason.UNSUPPORTED, detail);
  }

  static Failure limit(String detail) {
    return new Failure(Reason.LIMIT, detail);
  }

  static Failure syntax(String detail, int line) {
    return new Failure(Reason.SYNTAX, detail, line);
  }

  Reason reason() {
    return reason;
  }

  String detail() {
    return detail;
  }

  TemplateException toException(int currentLine) {
    return new TemplateException(reason, detail, line > 0 ? line : currentLine);
  }
}
