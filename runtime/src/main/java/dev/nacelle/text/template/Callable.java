package dev.nacelle.text.template;

/** Something that a template can call. */
interface Callable {
  Object call(Session session, Arguments arguments);

  /** Python's name of its type. */
  String type();

  /** As it would be printed. */
  String describe();

  /** A function of the environment or a bound method. */
  record Builtin(String name, Body body) implements Callable {
    /** What it does. */
    interface Body {
      Object call(Session session, Arguments arguments);
    }

    @Override
    public Object call(Session session, Arguments arguments) {
      return body.call(session, arguments);
    }

    @Override
    public String type() {
      return "builtin_function_or_method";
    }

    @Override
    public String describe() {
      throw Failure.unsupported("the text of the function '" + name + "'");
    }
  }
}
