package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import java.io.PrintStream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ParameterException;

/** Turns what went wrong into a paragraph, a JSON object where asked, and an exit code. */
record Failures(PrintStream out, PrintStream err, boolean json, boolean verbose) {
  int report(Throwable failure) {
    NacelleException known = NacelleException.of(failure);
    return tell(known.kind(), known.getMessage(), hint(known, failure), failure);
  }

  /** As a person at a terminal acts on it. */
  private static @Nullable String hint(NacelleException known, Throwable failure) {
    if (failure instanceof OutOfMemoryError) {
      return HeapAdvice.now();
    }
    return !(failure instanceof NacelleException) && known.kind() == NacelleException.Kind.INTERNAL
        ? "this is a bug: run the command again with -v and report what it prints"
        : known.hint();
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
