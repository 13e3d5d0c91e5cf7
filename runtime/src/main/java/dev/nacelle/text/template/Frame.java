package dev.nacelle.text.template;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A scope that was entered: the values of its names. */
final class Frame {
  private final Scope scope;
  private final @Nullable Frame parent;
  private final Map<String, Object> values = new HashMap<>();

  Frame(Scope scope, @Nullable Frame parent, Session session) {
    this.scope = scope;
    this.parent = parent;
    session.meter().steps(scope.names().size());
    scope
        .names()
        .forEach(
            (name, load) -> {
              Object value =
                  switch (load) {
                    case CONTEXT -> session.resolve(name);
                    case OUTER -> parent == null ? null : parent.lookup(name);
                    case PARAMETER, NOTHING -> null;
                  };
              if (value != null) {
                values.put(name, value);
              }
            });
  }

  /** The value of a name, null while it has none. */
  @Nullable Object lookup(String name) {
    for (Frame frame = this; frame != null; frame = frame.parent) {
      if (frame.scope.names().containsKey(name)) {
        return frame.values.get(name);
      }
    }
    return null;
  }

  /** Whether the name belongs to a scope at all. */
  boolean knows(String name) {
    for (Frame frame = this; frame != null; frame = frame.parent) {
      if (frame.scope.names().containsKey(name)) {
        return true;
      }
    }
    return false;
  }

  void set(String name, Object value) {
    values.put(name, value);
  }
}
