package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import org.jspecify.annotations.Nullable;

/** The {@code loop} variable: where a loop stands, what came before and comes next. */
final class Loop implements Callable {
  private final Session session;
  private final LoopRunner runner;
  private final Object iterable;
  private final int depth;
  private Iterator<Object> items;
  private long length = -1;
  private long index0 = -1;
  private @Nullable Object before;
  private @Nullable Object current;
  private @Nullable Object after;
  private @Nullable Object changed;

  Loop(Session session, LoopRunner runner, Object iterable, int depth) {
    this.session = session;
    this.runner = runner;
    this.iterable = iterable;
    this.depth = depth;
    this.items = Types.iterate(iterable);
  }

  /** Moves to the next item, if there is one. */
  boolean advance() {
    Object next = peek();
    if (next == null) {
      return false;
    }
    after = null;
    index0++;
    before = current;
    current = next;
    return true;
  }

  private @Nullable Object peek() {
    if (after == null && items.hasNext()) {
      after = items.next();
    }
    return after;
  }

  Object current() {
    if (current == null) {
      throw new NoSuchElementException("the loop has not begun");
    }
    return current;
  }

  long index() {
    return index0 + 1;
  }

  long length() {
    if (length < 0) {
      if (Types.hasLength(iterable)) {
        length = Types.length(iterable);
      } else {
        List<Object> rest = session.meter().collect(items);
        items = rest.iterator();
        length = rest.size() + index() + (after == null ? 0 : 1);
      }
    }
    return length;
  }

  @Nullable Object attribute(String name) {
    return switch (name) {
      case "index" -> index();
      case "index0" -> index0;
      case "revindex" -> length() - index0;
      case "revindex0" -> length() - index();
      case "first" -> index0 == 0;
      case "last" -> peek() == null;
      case "length" -> length();
      case "depth" -> depth + 1L;
      case "depth0" -> (long) depth;
      case "previtem" ->
          before == null || index0 == 0 ? Undefined.hint("there is no previous item") : before;
      case "nextitem" -> {
        Object next = peek();
        yield next == null ? Undefined.hint("there is no next item") : next;
      }
      case "cycle" -> new Builtin("cycle", (session, arguments) -> cycle(arguments));
      case "changed" -> new Builtin("changed", (session, arguments) -> isChanged(arguments));
      default -> null;
    };
  }

  private Object cycle(Arguments arguments) {
    List<Object> values = arguments.positional();
    if (values.isEmpty()) {
      throw Failure.type("no items for cycling given");
    }
    return values.get((int) (index0 % values.size()));
  }

  private Object isChanged(Arguments arguments) {
    Object now = new TupleValue(arguments.positional());
    if (changed != null && session.comparison().equal(changed, now)) {
      return false;
    }
    changed = now;
    return true;
  }

  /** A recursive loop, called with what to loop over. */
  @Override
  public Object call(Session ignored, Arguments arguments) {
    if (!runner.recursive()) {
      throw Failure.type("The loop must have the 'recursive' marker to be called recursively.");
    }
    return runner.text(arguments.bind("loop", 1, "iterable").get(0), depth + 1);
  }

  @Override
  public String type() {
    return "LoopContext";
  }

  @Override
  public String describe() {
    return "<LoopContext " + index() + "/" + length() + ">";
  }
}
