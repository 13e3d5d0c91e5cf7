package dev.nacelle.kernels.operator;

/** A tensor that is missing, unknown, ill-shaped or of a wrong type; the message names it. */
public final class OperatorInputException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  public OperatorInputException(String message) {
    super(message);
  }

  public OperatorInputException(String message, Throwable cause) {
    super(message, cause);
  }
}
