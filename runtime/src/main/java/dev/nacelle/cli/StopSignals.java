package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.train.Cancellation;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * SIGINT and SIGTERM while a run goes on: the first asks it to stop, which saves its state; the
 * second ends the process at once. Closed, the JVM's own handlers are back.
 *
 * <p>The JDK's only way to them is {@code sun.misc.Signal}, an interface without a successor that
 * the compiler warns of by name; it is reached by reflection. A shutdown hook would not do: it
 * cannot tell a second signal, and runs when everything else may already be going. Where the class
 * is not there, signals end the process as they do by default.
 */
final class StopSignals implements AutoCloseable {
  private static final Map<String, NacelleException.Kind> SIGNALS =
      Map.of(
          "INT", NacelleException.Kind.INTERRUPTED,
          "TERM", NacelleException.Kind.TERMINATED);

  private final Cancellation cancellation = new Cancellation();
  private final Consumer<String> err;

  /** What handled each signal before. */
  private final Map<Object, Object> before = new LinkedHashMap<>();

  private @Nullable Method handle;

  private StopSignals(Consumer<String> err) {
    this.err = err;
  }

  /**
   * Listens until it is closed.
   *
   * @param err where a person is told that it was heard
   */
  static StopSignals listen(Consumer<String> err) {
    StopSignals signals = new StopSignals(err);
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Method handle = signal.getMethod("handle", signal, handler);
      signals.handle = handle;
      for (Map.Entry<String, NacelleException.Kind> entry : SIGNALS.entrySet()) {
        Object named = signal.getConstructor(String.class).newInstance(entry.getKey());
        NacelleException.Kind kind = entry.getValue();
        InvocationHandler answer =
            (proxy, method, arguments) ->
                switch (method.getName()) {
                  case "handle" -> signals.heard(kind);
                  case "hashCode" -> System.identityHashCode(proxy);
                  case "equals" ->
                      System.identityHashCode(proxy) == System.identityHashCode(arguments[0]);
                  default -> "nacelle's handler";
                };
        Object ours =
            Proxy.newProxyInstance(handler.getClassLoader(), new Class<?>[] {handler}, answer);
        signals.before.put(named, handle.invoke(null, named, ours));
      }
    } catch (ReflectiveOperationException notThere) {
      // A runtime image without jdk.unsupported, or signals that belong to somebody else.
      return signals;
    }
    return signals;
  }

  /** What a signal asks. */
  Cancellation cancellation() {
    return cancellation;
  }

  private @Nullable Object heard(NacelleException.Kind kind) {
    if (cancellation.isAsked()) {
      Runtime.getRuntime().halt(kind.exitCode());
    }
    cancellation.stop(kind);
    err.accept("\nnacelle: stopping to save what is done; once more ends at once");
    return null;
  }

  @Override
  public void close() {
    Method how = handle;
    if (how == null) {
      return;
    }
    for (Map.Entry<Object, Object> entry : before.entrySet()) {
      try {
        Object ignored = how.invoke(null, entry.getKey(), entry.getValue());
      } catch (ReflectiveOperationException e) {
        throw new LinkageError("signals can no longer be handed back", e);
      }
    }
  }
}
