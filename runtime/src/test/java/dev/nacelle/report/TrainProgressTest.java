package dev.nacelle.report;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TrainEvent;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** The bar fits into every width, and elsewhere there is no bar. */
final class TrainProgressTest {
  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private final PrintStream err = new PrintStream(bytes, true, StandardCharsets.UTF_8);
  private final AtomicInteger columns = new AtomicInteger(80);

  @Test
  void linesFitEveryWidth() {
    int lines = 0;
    for (long steps : new long[] {1, 60, 5000, 1_000_000}) {
      for (double loss : new double[] {0.01234, 2.5, 123456.789, 1e30}) {
        ProgressLine line = new ProgressLine(steps, steps, loss, 812.4, 123_456, 5L << 30);
        for (int width = 1; width <= 200; width++) {
          String text = line.fitting(width);
          assertTrue(text.length() <= width, width + ": " + text);
          if (width >= 19 && steps <= 5000 && loss < 1000) {
            assertTrue(text.contains("/" + steps), text);
            assertTrue(text.contains(" "), "the loss is shown: " + text);
          }
          lines++;
        }
      }
    }
    assertEquals(3200, lines);
    ProgressLine usual = new ProgressLine(12, 60, 1.2345, 812, 95, 1L << 30);
    assertEquals(
        "[####................] step 12/60  loss 1.2345  812 tokens/s  01:35 left  peak 1.00 GiB",
        usual.fitting(100));
    assertEquals("12/60  1.2345  01:35", usual.fitting(20));
    assertEquals("12/60 1.23 01:35", usual.fitting(19));
  }

  @Test
  void aNarrowerWindowIsServedBetweenSteps() throws InterruptedException {
    try (TrainProgress progress =
        new TrainProgress(err, new Terminal(true, true, columns::get), false)) {
      progress.accept(new TrainEvent.Started(60, 10, 2));
      progress.accept(new TrainEvent.Stepped(step(1), null, null, List.of()));
      columns.set(25);
      for (int i = 0; i < 100 && drawn() < 2; i++) {
        Thread.sleep(50);
      }
    }
    String said = bytes.toString(StandardCharsets.UTF_8);
    String[] draws = said.split("\r", -1);
    assertEquals(3, draws.length, said);
    assertTrue(draws[1].length() > 60, said);
    assertTrue(draws[2].replaceAll("\u001b\\[K|\n", "").length() <= 24, said);
    assertTrue(said.endsWith("\n"), "the cursor is left on a line of its own");
  }

  @Test
  void plainOutputHasNoControlCharacter() {
    try (TrainProgress progress =
        new TrainProgress(err, new Terminal(false, true, columns::get), false)) {
      progress.accept(new TrainEvent.Note("file \u001b[2J\r\u0007.jsonl"));
      progress.accept(new TrainEvent.Preparing("reading", 1, 2));
      progress.accept(new TrainEvent.Started(2, 10, 2));
      progress.accept(new TrainEvent.Stepped(step(1), null, null, List.of()));
      progress.accept(new TrainEvent.Stepped(step(2), 1.5, null, List.of()));
      progress.accept(new TrainEvent.Saved(Path.of("out\u001b")));
    }
    String said = bytes.toString(StandardCharsets.UTF_8);
    assertTrue(said.contains("step 2/2  loss 0.5000"), said);
    assertEquals(-1, said.chars().filter(c -> c < 0x20 && c != '\n').findFirst().orElse(-1), said);
    assertFalse(said.contains("[" + "#"), said);
  }

  private long drawn() {
    return bytes.toString(StandardCharsets.UTF_8).chars().filter(c -> c == '\r').count();
  }

  private static StepRecord step(long step) {
    return new StepRecord(step, 0.5, 100, 50, 0, 1e-4, 1, 2, 1e9, 1 << 20, 1 << 22, Map.of());
  }
}
