package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.cli.Main;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** What one command came to. */
public record Outcome(int code, String out, String err) {
  public static final ObjectMapper JSON = new ObjectMapper();

  /** Runs a command in this process, its two streams caught. */
  public static Outcome of(String... args) {
    PrintStream out = System.out;
    PrintStream err = System.err;
    ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
    ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
    try (PrintStream newOut = new PrintStream(outBytes, true, StandardCharsets.UTF_8);
        PrintStream newErr = new PrintStream(errBytes, true, StandardCharsets.UTF_8)) {
      System.setOut(newOut);
      System.setErr(newErr);
      int code = Main.run(args);
      return new Outcome(
          code,
          outBytes.toString(StandardCharsets.UTF_8),
          errBytes.toString(StandardCharsets.UTF_8));
    } finally {
      System.setOut(out);
      System.setErr(err);
    }
  }

  /** Holds the exit code and that no stack trace is shown. */
  public Outcome expect(int expected) {
    assertEquals(expected, code, () -> "exit code; it said:\n" + err + out);
    assertFalse(err.contains("\tat "), () -> "a stack trace without -v:\n" + err);
    return this;
  }

  /** Standard output as the one JSON object that it must be. */
  public JsonNode json() {
    try {
      assertEquals(1, out.strip().lines().count(), () -> "one line of JSON:\n" + out);
      return JSON.readTree(out);
    } catch (JsonProcessingException e) {
      throw new AssertionError("no JSON object: " + out, e);
    }
  }
}
