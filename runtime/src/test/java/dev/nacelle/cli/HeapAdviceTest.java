package dev.nacelle.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.JsonText;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

/** A full heap is answered with what changes the heap that the launcher gives. */
final class HeapAdviceTest {
  private static final long MIB = 1L << 20;

  /** The heap that the launcher gives to a budget of so many MiB, as its script says. */
  private static long launcher(long budget) {
    return Math.clamp(budget / 6, 80, 1024);
  }

  @Test
  void theBudgetThatIsNamedGivesTwiceTheHeap() {
    int cases = 0;
    for (long heap = 80; heap <= 440; heap += 40) {
      String advice = HeapAdvice.of(heap * MIB);
      String named = advice.replaceFirst(".*--budget (\\d+)MiB.*", "$1");
      assertEquals(2 * heap, launcher(Long.parseLong(named)), advice);
      assertFalse(advice.contains("-Xmx"), advice);
      cases++;
    }
    assertEquals(10, cases);
  }

  @Test
  void onlyTheLargestHeapIsLeftToTheUser() {
    // A JVM started with -Xmx1024m says a survivor space less.
    String advice = HeapAdvice.of(1024 * MIB - 400 * 1024);
    assertTrue(advice.contains("NACELLE_JAVA_OPTS=-Xmx2048m"), advice);
    assertFalse(advice.contains("--budget"), advice);
  }

  @Test
  void aFullHeapIsABudgetThatWasPassed() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    int exit;
    try (PrintStream toOut = new PrintStream(out, true, StandardCharsets.UTF_8);
        PrintStream toErr = new PrintStream(err, true, StandardCharsets.UTF_8)) {
      exit =
          new Failures(toOut, toErr, true, false).report(new OutOfMemoryError("Java heap space"));
    }
    assertEquals(4, exit);
    JsonNode error = JsonText.read(out.toString(StandardCharsets.UTF_8)).path("error");
    assertEquals(HeapAdvice.now(), error.path("hint").asText());
    assertTrue(error.path("message").asText().contains("the Java heap is full"), error.toString());
    assertTrue(err.toString(StandardCharsets.UTF_8).contains("records in hand"));
  }
}
