package dev.nacelle.text.template;

import dev.nacelle.text.template.Callable.Builtin;
import dev.nacelle.text.template.Sequences.RangeValue;
import dev.nacelle.text.template.TemplateException.Reason;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The functions that every template can call. */
final class Globals {
  /** The sandbox's own bound on {@code range}. */
  private static final int MAX_RANGE = 100_000;

  private static final Map<String, Callable> FUNCTIONS =
      Map.of(
          "range", new Builtin("range", Globals::range),
          "dict", new Builtin("dict", Globals::dict),
          "namespace", new Builtin("namespace", Globals::namespace),
          "raise_exception", new Builtin("raise_exception", Globals::raise),
          "strftime_now", new Builtin("strftime_now", Globals::now),
          "cycler", notDone("cycler"),
          "joiner", notDone("joiner"),
          "lipsum", notDone("lipsum"),
          "self", notDone("self"));

  private Globals() {}

  static @Nullable Object get(String name) {
    return FUNCTIONS.get(name);
  }

  private static Callable notDone(String name) {
    return new Builtin(
        name,
        (session, arguments) -> {
          throw Failure.unsupported("the function '" + name + "'");
        });
  }

  private static Object range(Session session, Arguments arguments) {
    List<Object> given = arguments.bind("range", 1, "start", "stop", "step").values();
    long[] bounds = new long[arguments.positional().size()];
    for (int i = 0; i < bounds.length; i++) {
      Object bound = given.get(i);
      bounds[i] = Types.index(bound == null ? None.NONE : bound);
      if (Math.abs(bounds[i]) > 1L << 61 || bounds[i] == Long.MIN_VALUE) {
        throw Failure.type(
            "Range too big. The sandbox blocks ranges larger than MAX_RANGE (100000).");
      }
    }
    if (bounds.length == 0 || !arguments.named().isEmpty()) {
      throw Failure.type("range() takes no keyword arguments");
    }
    long start = bounds.length > 1 ? bounds[0] : 0;
    long stop = bounds.length > 1 ? bounds[1] : bounds[0];
    long step = bounds.length > 2 ? bounds[2] : 1;
    if (step == 0) {
      throw Failure.type("range() arg 3 must not be zero");
    }
    long span = step > 0 ? stop - start : start - stop;
    if (span > 0 && (span - 1) / Math.abs(step) + 1 > MAX_RANGE) {
      throw Failure.type(
          "Range too big. The sandbox blocks ranges larger than MAX_RANGE (" + MAX_RANGE + ").");
    }
    return new RangeValue(start, stop, step);
  }

  private static Object dict(Session session, Arguments arguments) {
    DictValue dict = new DictValue();
    if (arguments.positional().size() > 1) {
      throw Failure.type("dict expected at most 1 argument, got " + arguments.positional().size());
    }
    if (!arguments.positional().isEmpty()) {
      Object source = Undefined.require(arguments.positional().getFirst());
      if (source instanceof DictValue other) {
        other.entries().forEach(entry -> dict.put(entry.key(), entry.value()));
      } else {
        for (Object item : session.meter().collect(Types.iterate(source))) {
          List<Object> pair = session.meter().collect(Types.iterate(item));
          if (pair.size() != 2) {
            throw Failure.type(
                "dictionary update sequence element has length " + pair.size() + "; 2 is required");
          }
          dict.put(pair.get(0), pair.get(1));
        }
      }
    }
    session.meter().steps(dict.size());
    arguments.named().forEach(dict::put);
    return dict;
  }

  private static Object namespace(Session session, Arguments arguments) {
    Namespace namespace = new Namespace();
    ((DictValue) dict(session, arguments))
        .entries()
        .forEach(entry -> namespace.set(entry.key(), entry.value()));
    return namespace;
  }

  private static Object raise(Session session, Arguments arguments) {
    Object message = arguments.bind("raise_exception", 1, "message").get(0);
    throw new Failure(Reason.RAISED, session.printer().str(message));
  }

  private static Object now(Session session, Arguments arguments) {
    String format = arguments.bind("strftime_now", 1, "format").text(0);
    return session.meter().made(Strftime.format(session.clock(), format));
  }
}
