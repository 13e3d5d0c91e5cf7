package dev.nacelle.cli;

import java.lang.reflect.Proxy;

/**
 * What Ctrl-C does while a command wants to hear of it. Java has no public way to ask for a signal;
 * the class that every JDK has for it is reached by name, and where it is missing the process ends
 * as usual.
 */
final class Interrupts {
  private Interrupts() {}

  /** Calls the action at each SIGINT, on a thread of its own, instead of ending the process. */
  static void onInterrupt(Runnable action) {
    try {
      Class<?> signal = Class.forName("sun.misc.Signal");
      Class<?> handler = Class.forName("sun.misc.SignalHandler");
      Object proxy =
          Proxy.newProxyInstance(
              handler.getClassLoader(),
              new Class<?>[] {handler},
              (self, method, args) ->
                  switch (method.getName()) {
                    case "handle" -> {
                      action.run();
                      yield null;
                    }
                    case "hashCode" -> System.identityHashCode(self);
                    case "equals" ->
                        args != null && System.identityHashCode(self) == args[0].hashCode();
                    default -> "interrupts";
                  });
      Object interrupt = signal.getConstructor(String.class).newInstance("INT");
      Object ignored = signal.getMethod("handle", signal, handler).invoke(null, interrupt, proxy);
    } catch (ReflectiveOperationException e) {
      // Ctrl-C ends the process, as it does everywhere else.
    }
  }
}
