package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/** Turns what went wrong into a paragraph, a JSON object where asked, and an exit code. */
record Failures(PrintStream out, PrintStream err, boolean json, boolean verbose) {
  int report(Throwable failure) {
    if (failure instanceof NacelleException known) {
      return tell(known.kind(), message(known), known.hint(), known);
    }
    // Its subclasses are refused calls, which are ours to answer for.
    if (failure.getClass() == NativeException.class) {
      return tell(NacelleException.Kind.ENVIRONMENT, failure.getMessage(), null, failure);
    }
    if (failure instanceof OutOfMemoryError) {
      return tell(
          NacelleException.Kind.BUDGET,
          "the Java heap is full (" + failure.getMessage() + ")",
          "use a smaller --batch-size or --max-length, or give it more with NACELLE_JAVA_OPTS=-Xmx4g",
          failure);
    }
    return tell(
        NacelleException.Kind.INTERNAL,
        "unexpected " + failure.getClass().getSimpleName() + ": " + failure.getMessage(),
        "this is a bug: run the command again with -v and report what it prints",
        failure);
  }

  int reportUsage(ParameterException failure) {
    if (failure.getCause() instanceof NacelleException known) {
      return report(known);
    }
    String command = failure.getCommandLine().getCommandSpec().qualifiedName(" ");
    return tell(
        NacelleException.Kind.USAGE,
        String.valueOf(failure.getMessage()),
        "'./" + command + " --help' lists every flag",
        failure);
  }

  private static String message(NacelleException failure) {
    return String.valueOf(failure.getMessage());
  }

  private int tell(
      NacelleException.Kind kind,
      @Nullable String message,
      @Nullable String hint,
      Throwable failure) {
    err.println("nacelle: " + message + (hint == null ? "" : "\n  " + hint));
    if (verbose) {
      failure.printStackTrace(err);
    }
    if (json) {
      var error = Json.object();
      var inner = error.putObject("error");
      inner.put("code", kind.code()).put("message", message);
      inner.put("hint", hint);
      out.println(Json.text(error));
    }
    return kind.exitCode();
  }
}
