package dev.nacelle.embedding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.FinetuneEvent;
import dev.nacelle.FinetuneSummary;
import dev.nacelle.Finetuning;
import dev.nacelle.FinetuningBuilder;
import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import dev.nacelle.TrainedTokens;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A budget inside a program: what the run makes is bounded, and nothing else changes. */
final class BudgetTest {
  private static final Pattern LEAST = Pattern.compile("--budget (\\d+)|give it (\\d+)MiB");

  private static final Pattern AT_MOST = Pattern.compile("([0-9.]+) MiB at most");

  private final List<Long> before = Tiny.held();
  private final List<String> notes = new ArrayList<>();

  @TempDir private Path folder;

  @AfterEach
  void nothingIsHeld() {
    assertEquals(before, Tiny.held(), "buffers, bytes and handles that are still held");
  }

  /** Rows that make activations the most of what is held. */
  private FinetuningBuilder job(String out) {
    Path data = folder.resolve("data.jsonl");
    String line = "{\"text\":\"" + "how many are two and two? ".repeat(20) + "\"}\n";
    try {
      Files.writeString(data, line.repeat(16));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return Finetuning.builder()
        .setModel(Tiny.MODEL)
        .setData(data)
        .setOut(folder.resolve(out))
        .optTrainOn(TrainedTokens.ALL)
        .optMaxLength(96)
        .optRank(4)
        .optSteps(3)
        .optBatchSize(16);
  }

  private FinetuneSummary run(FinetuningBuilder job) {
    try (Nacelle nacelle = Nacelle.open(2)) {
      return nacelle
          .finetune(
              job.build(),
              event -> {
                if (event instanceof FinetuneEvent.Note note) {
                  notes.add(note.text());
                }
              })
          .run();
    }
  }

  @Test
  void lessMemoryGivesTheSameAdapter() {
    FinetuneSummary free = run(job("free"));
    // Beside the ledger a plan counts what the kernels hold: 1 to 5 MiB, by the processor.
    long most = free.peakBytes() + (5 << 20);
    int tighter = 0;
    for (int percent : new int[] {200, 85, 65}) {
      long budget = most * percent / 100;
      String name = "of" + percent;
      notes.clear();
      FinetuneSummary bounded = run(job(name).optBudget(budget));
      assertTrue(bounded.peakBytes() <= budget, bounded.peakBytes() + " of " + budget);
      assertEquals(free.loss(), bounded.loss(), 1e-6, name);
      String planned = notes.stream().filter(n -> n.contains("planned within")).findFirst().get();
      tighter += planned.contains("keeping everything") ? 0 : 1;
      if (percent == 200) {
        assertEquals(
            Tiny.adapter(folder.resolve("free")), Tiny.adapter(folder.resolve(name)), planned);
        Matcher all = AT_MOST.matcher(planned);
        assertTrue(all.find(), planned);
        most = (long) (Double.parseDouble(all.group(1)) * (1 << 20));
      }
    }
    assertEquals(2, tighter, "budgets that asked for another way");
  }

  @Test
  void tooLittleIsRefusedWithTheLeastThatWouldDo() {
    NacelleException refused =
        assertThrows(NacelleException.class, () -> run(job("none").optBudget(1000)));
    assertEquals(NacelleException.Kind.BUDGET, refused.kind());
    String hint = refused.hint();
    assertNotNull(hint);
    Matcher least = LEAST.matcher(hint);
    assertTrue(least.find(), hint);
    long bytes = Long.parseLong(least.group(2)) << 20;
    FinetuneSummary done = run(job("least").optBudget(bytes));
    assertTrue(done.peakBytes() <= bytes);
  }

  @Test
  void noBytesAreNoBudget() {
    for (long bytes : new long[] {0, -1}) {
      NacelleException wrong =
          assertThrows(NacelleException.class, () -> job("wrong").optBudget(bytes).build());
      assertEquals(NacelleException.Kind.USAGE, wrong.kind());
    }
  }
}
