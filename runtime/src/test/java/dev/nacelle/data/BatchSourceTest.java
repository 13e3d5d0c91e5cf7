package dev.nacelle.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchSourceTest {
  @TempDir Path folder;
  private Dataset data;

  /** Eleven records; records 3 and 10 leave no sample. */
  @BeforeEach
  void write() throws IOException {
    StringBuilder lines = new StringBuilder();
    for (int i = 0; i < 11; i++) {
      lines.append(
          i == 3 || i == 10
              ? "{\"messages\": [{\"role\": \"user\", \"content\": \"a\"}]}\n"
              : "{\"text\": \"t" + i + "\"}\n");
    }
    Path file = Files.writeString(folder.resolve("d.jsonl"), lines);
    data = Dataset.open(List.of(file), ToyText.encoder(ToyText.options(16)), folder, Progress.NONE);
  }

  @AfterEach
  void close() {
    data.close();
  }

  private BatchSource source(Order order, long seed, int batch, int accumulate, Cursor start) {
    return new BatchSource(data.all(), order, seed, batch, accumulate, start);
  }

  private static String numbers(StepBatches step) {
    return step.epoch()
        + "="
        + step.microBatches().stream()
            .map(batch -> batch.stream().map(Sample::record).toList())
            .toList();
  }

  private static List<String> steps(BatchSource source, int count) {
    List<String> steps = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      steps.add(numbers(source.next()));
    }
    return steps;
  }

  @Test
  void fileOrderUsesTheLastSmallerBatchAndBeginsAgainFromTheTop() {
    BatchSource source = source(Order.FILE, 0, 4, 1, Cursor.START);
    assertEquals(3, source.stepsPerEpoch());
    assertEquals(
        List.of("0=[[0, 1, 2, 4]]", "0=[[5, 6, 7, 8]]", "0=[[9]]", "1=[[0, 1, 2, 4]]"),
        steps(source, 4));
  }

  @Test
  void theLastAccumulationIsShorter() {
    BatchSource source = source(Order.FILE, 0, 2, 3, Cursor.START);
    assertEquals(2, source.stepsPerEpoch());
    assertEquals(
        List.of("0=[[0, 1], [2, 4], [5, 6]]", "0=[[7, 8], [9]]", "1=[[0, 1], [2, 4], [5, 6]]"),
        steps(source, 3));
  }

  @Test
  void anEpochThatEndsWithAStepLeavesNoEmptyOne() {
    BatchSource source = source(Order.FILE, 0, 3, 3, Cursor.START);
    assertEquals(1, source.stepsPerEpoch());
    assertEquals(
        List.of("0=[[0, 1, 2], [4, 5, 6], [7, 8, 9]]", "1=[[0, 1, 2], [4, 5, 6], [7, 8, 9]]"),
        steps(source, 2));
  }

  @Test
  void eachEpochIsShuffledAnew() {
    BatchSource source = source(Order.SHUFFLE, 5, 9, 1, Cursor.START);
    TreeSet<Long> first = new TreeSet<>();
    StepBatches one = source.next();
    StepBatches two = source.next();
    one.microBatches().get(0).forEach(s -> first.add(s.record()));
    assertEquals("[0, 1, 2, 4, 5, 6, 7, 8, 9]", first.toString());
    assertEquals(1, two.epoch());
    assertNotEquals(numbers(one).substring(1), numbers(two).substring(1));
    assertNotEquals(numbers(one), numbers(source(Order.SHUFFLE, 6, 9, 1, Cursor.START).next()));
  }

  @Test
  void aCursorIsAllThatResumingNeeds() {
    for (Order order : Order.values()) {
      List<String> whole = steps(source(order, 5, 2, 2, Cursor.START), 12);
      BatchSource before = source(order, 5, 2, 2, Cursor.START);
      for (int step = 1; step < 12; step++) {
        StepBatches done = before.next();
        assertEquals(done.after(), before.cursor());
        assertEquals(
            whole.subList(step, 12), steps(source(order, 5, 2, 2, done.after()), 12 - step));
      }
    }
  }
}
