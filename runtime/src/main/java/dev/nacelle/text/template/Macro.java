package dev.nacelle.text.template;

import dev.nacelle.text.template.Sequences.TupleValue;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** A macro, or the body of a call block: text made from arguments. */
final class Macro implements Callable {
  private final String name;
  private final Stmt.Signature signature;
  private final List<Stmt> body;
  private final Frame outer;
  private final Scope scope;

  Macro(String name, Stmt.Signature signature, List<Stmt> body, Frame outer, Scope scope) {
    this.name = name;
    this.signature = signature;
    this.body = body;
    this.outer = outer;
    this.scope = scope;
  }

  private boolean takes(String special) {
    return !signature.names().contains(special)
        && scope.names().get(special) == Scope.Load.PARAMETER;
  }

  @Override
  public Object call(Session session, Arguments arguments) {
    Frame frame = new Frame(scope, outer, session);
    Map<String, Object> named = new LinkedHashMap<>(arguments.named());
    int count = signature.names().size();
    List<Object> positional = arguments.positional();
    for (int i = 0; i < Math.min(count, positional.size()); i++) {
      frame.set(signature.names().get(i), positional.get(i));
    }
    List<Integer> missing = new ArrayList<>();
    for (int i = positional.size(); i < count; i++) {
      Object value = named.remove(signature.names().get(i));
      if (value == null) {
        missing.add(i);
      } else {
        frame.set(signature.names().get(i), value);
      }
    }
    specials(frame, named, positional);
    session.meter().enter();
    for (int i : missing) {
      Expr fallback = signature.defaultOf(i);
      String parameter = signature.names().get(i);
      frame.set(
          parameter,
          fallback == null
              ? Undefined.hint("parameter " + Printer.quote(parameter) + " was not provided")
              : session.evaluator().evaluate(fallback, frame));
    }
    String text = session.interpreter().text(body, frame);
    session.meter().leave();
    return text;
  }

  private void specials(Frame frame, Map<String, Object> named, List<Object> positional) {
    int count = signature.names().size();
    if (takes("caller")) {
      Object caller = named.remove("caller");
      frame.set("caller", caller == null ? Undefined.hint("No caller defined") : caller);
    }
    if (takes("kwargs")) {
      frame.set("kwargs", DictValue.of(named));
    } else if (!named.isEmpty()) {
      String first = named.keySet().iterator().next();
      throw Failure.type(
          named.containsKey("caller")
              ? "macro "
                  + Printer.quote(name)
                  + " was invoked with two values for the special caller argument. This is most"
                  + " likely a bug."
              : "macro "
                  + Printer.quote(name)
                  + " takes no keyword argument "
                  + Printer.quote(first));
    }
    if (takes("varargs")) {
      frame.set(
          "varargs",
          new TupleValue(
              positional.size() > count
                  ? positional.subList(count, positional.size())
                  : List.of()));
    } else if (positional.size() > count) {
      throw Failure.type(
          "macro " + Printer.quote(name) + " takes not more than " + count + " argument(s)");
    }
  }

  @Nullable Object attribute(String attribute) {
    return switch (attribute) {
      case "name" -> name;
      case "arguments" -> new TupleValue(List.copyOf(signature.names()));
      case "catch_kwargs" -> takes("kwargs");
      case "catch_varargs" -> takes("varargs");
      case "caller" -> takes("caller");
      default -> null;
    };
  }

  @Override
  public String type() {
    return "Macro";
  }

  @Override
  public String describe() {
    return "<Macro " + Printer.quote(name) + ">";
  }
}
