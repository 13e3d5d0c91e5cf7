package dev.nacelle.text.template;

import dev.nacelle.NacelleException;
import org.jspecify.annotations.Nullable;

/** A chat template that cannot be read, or that ended without text. Always bad input (exit 3). */
public final class TemplateException extends NacelleException {
  private static final long serialVersionUID = 1L;

  /** Who said no. */
  public enum Reason {
    /** The template itself, by {@code raise_exception}. */
    RAISED,
    /** The source is no template. */
    SYNTAX,
    /** Something that is not there was used. */
    UNDEFINED,
    /** The sandbox forbids it, as it does in transformers. */
    SECURITY,
    /** An operation on values that do not have it: Python's TypeError, ValueError and the like. */
    RUNTIME,
    /** Valid in Jinja, not done here. */
    UNSUPPORTED,
    /** More steps, text or depth than a template may use. */
    LIMIT
  }

  private final Reason reason;
  private final String detail;
  private final int line;

  TemplateException(Reason reason, String detail, int line) {
    this(reason, detail, line, null);
  }

  TemplateException(Reason reason, String detail, int line, @Nullable Throwable cause) {
    super(Kind.INPUT, sentence(reason, detail, line), hint(reason), cause);
    this.reason = reason;
    this.detail = detail;
    this.line = line;
  }

  public Reason reason() {
    return reason;
  }

  /** The bare words: those that the template raised, or jinja2's where they are known. */
  public String detail() {
    return detail;
  }

  /** Line of the template, from 1; 0 where it is not known. */
  public int line() {
    return line;
  }

  private static String sentence(Reason reason, String detail, int line) {
    String where = line > 0 ? " (line " + line + ")" : "";
    return switch (reason) {
      case RAISED -> "The chat template refuses this conversation" + where + ": " + detail;
      case SYNTAX -> "The chat template cannot be read" + where + ": " + detail;
      case UNDEFINED, RUNTIME -> "The chat template failed" + where + ": " + detail;
      case SECURITY -> "The chat template tried what its sandbox forbids" + where + ": " + detail;
      case UNSUPPORTED ->
          "The chat template needs what Nacelle does not do" + where + ": " + detail;
      case LIMIT -> "The chat template went beyond its limits" + where + ": " + detail;
    };
  }

  private static String hint(Reason reason) {
    return switch (reason) {
      case RAISED -> "Change the conversation's roles or content as the template's words ask.";
      case UNDEFINED, RUNTIME ->
          "Check that every message has the fields that the model's template reads.";
      case SYNTAX, SECURITY, UNSUPPORTED, LIMIT ->
          "Check chat_template.jinja or tokenizer_config.json of the model, or remove the template"
              + " to use the plain one.";
    };
  }
}
