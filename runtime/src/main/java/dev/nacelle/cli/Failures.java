package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/** Turns what went wrong into a paragraph, a JSON object where asked, and an exit code. */
record Failures(PrintStream out, PrintStream err, boolean json, boolean verbose) {
  int report(Exception failure) {
    if (failure instanceof NacelleException known) {
      return tell(
          known.kind().exitCode(), known.kind().code(), message(known), known.hint(), known);
    }
    return tell(
        NacelleException.Kind.INTERNAL.exitCode(),
        NacelleException.Kind.INTERNAL.code(),
        "unexpected " + failure.getClass().getSimpleName() + ": " + failure.getMessage(),
        "this is a bug: run the command again with -v and report what it prints",
        failure);
  }

  int reportUsage(ParameterException failure) {
    if (failure.getCause() instanceof NacelleException known) {
      return report(known);
    }
    String command = failure.getCommandLine().getCommandSpec().qualifiedName();
    return tell(
        NacelleException.Kind.USAGE.exitCode(),
        NacelleException.Kind.USAGE.code(),
        String.valueOf(failure.getMessage()),
        "'./" + command + " --help' lists every flag",
        failure);
  }

  private static String message(NacelleException failure) {
    return String.valueOf(failure.getMessage());
  }

  private int tell(
      int exitCode, String code, String message, @Nullable String hint, Exception failure) {
    err.println("nacelle: " + message + (hint == null ? "" : "\n  " + hint));
    if (verbose) {
      failure.printStackTrace(err);
    }
    if (json) {
      var error = Json.object();
      var inner = error.putObject("error");
      inner.put("code", code).put("message", message);
      inner.put("hint", hint);
      out.println(Json.text(error));
    }
    return exitCode;
  }
}
