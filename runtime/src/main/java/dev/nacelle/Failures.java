package dev.nacelle;

import java.util.function.Supplier;

/** Lets nothing but {@link NacelleException} out of the public interface. */
final class Failures {
  private Failures() {}

  /** What a program's own listener threw: it goes back to the program as it was. */
  private static final class ListenerFailure extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final transient RuntimeException thrown;

    ListenerFailure(RuntimeException thrown) {
      super(thrown);
      this.thrown = thrown;
    }
  }

  /** Runs something of ours. */
  static <T> T guard(Supplier<T> action) {
    try {
      return action.get();
    } catch (ListenerFailure e) {
      throw e.thrown;
    } catch (RuntimeException | LinkageError | AssertionError | OutOfMemoryError e) {
      throw NacelleException.of(e);
    }
  }

  /** Runs something of the program's inside of {@link #guard}. */
  static void call(Runnable listener) {
    try {
      listener.run();
    } catch (RuntimeException e) {
      throw new ListenerFailure(e);
    }
  }
}
