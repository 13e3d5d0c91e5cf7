package dev.nacelle.kernels.operator;

/**
 * An operator, backend or attribute that does not exist, or an attribute out of range: the caller's
 * command is wrong, whatever the tensors hold.
 */
public final class OperatorUsageException extends IllegalArgumentException {
  private static final long serialVersionUID = 1L;

  public OperatorUsageException(String message) {
    super(message);
  }
}
