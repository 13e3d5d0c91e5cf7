package dev.nacelle.embedding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.FinetuneEvent;
import dev.nacelle.FinetuneRun;
import dev.nacelle.FinetuneSummary;
import dev.nacelle.Generation;
import dev.nacelle.LanguageModel;
import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Two engines in one process, of other numbers of threads, do not notice each other. */
final class TwoEnginesTest {
  private final List<Long> before = Tiny.held();

  @TempDir private Path folder;

  @AfterEach
  void nothingIsHeld() {
    assertEquals(before, Tiny.held(), "buffers, bytes and handles that are still held");
  }

  private String train(int threads, String name, long seed, CountDownLatch together) {
    Path out = folder.resolve(name);
    try (Nacelle nacelle = Nacelle.open(threads)) {
      nacelle
          .finetune(
              Tiny.finetuning(out, seed).build(),
              event -> {
                if (event instanceof FinetuneEvent.Started) {
                  meet(together);
                }
              })
          .run();
    }
    return Tiny.adapter(out);
  }

  private static void meet(CountDownLatch together) {
    together.countDown();
    try {
      assertTrue(together.await(60, TimeUnit.SECONDS));
    } catch (InterruptedException e) {
      throw new IllegalStateException(e);
    }
  }

  @Test
  void sideBySideGivesTheBytesOfOneAfterTheOther() throws Exception {
    String one = train(1, "one", 1, new CountDownLatch(1));
    String two = train(2, "two", 2, new CountDownLatch(1));
    assertNotEquals(one, two);
    CountDownLatch together = new CountDownLatch(2);
    try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
      Future<String> first = threads.submit(() -> train(1, "one-beside", 1, together));
      Future<String> second = threads.submit(() -> train(2, "two-beside", 2, together));
      assertEquals(one, first.get());
      assertEquals(two, second.get());
    }
  }

  @Test
  void oneIsCancelledAndTheOtherGoesOn() throws Exception {
    CountDownLatch stepped = new CountDownLatch(1);
    try (Nacelle left = Nacelle.open(1);
        Nacelle right = Nacelle.open(1);
        ExecutorService threads = Executors.newFixedThreadPool(2)) {
      FinetuneRun endless =
          left.finetune(
              Tiny.finetuning(folder.resolve("endless"), 0).optSteps(1_000_000).build(),
              event -> {
                if (event instanceof FinetuneEvent.Stepped) {
                  stepped.countDown();
                }
              });
      Future<FinetuneSummary> cancelled = threads.submit(endless::run);
      assertTrue(stepped.await(60, TimeUnit.SECONDS));
      Future<FinetuneSummary> other =
          threads.submit(
              right.finetune(Tiny.finetuning(folder.resolve("other"), 0).build(), e -> {})::run);
      endless.cancel();
      assertInterrupted(cancelled);
      assertEquals(12, other.get().steps());
      EngineTest.assertKind(NacelleException.Kind.USAGE, "run before", endless::run);
    }
  }

  @Test
  void closingAnEngineStopsWhatItRuns() throws Exception {
    CountDownLatch stepped = new CountDownLatch(1);
    Nacelle nacelle = Nacelle.open(1);
    try (ExecutorService threads = Executors.newFixedThreadPool(1)) {
      Future<FinetuneSummary> run =
          threads.submit(
              nacelle.finetune(
                      Tiny.finetuning(folder.resolve("out"), 0).optSteps(1_000_000).build(),
                      event -> {
                        if (event instanceof FinetuneEvent.Stepped) {
                          stepped.countDown();
                        }
                      })
                  ::run);
      assertTrue(stepped.await(60, TimeUnit.SECONDS));
      nacelle.close();
      assertTrue(nacelle.memoryUse().liveBytes() == 0);
      assertInterrupted(run);
    }
  }

  @Test
  void manyThreadsMayAskOneModel() throws Exception {
    try (Nacelle nacelle = Nacelle.open(1);
        LanguageModel model = nacelle.openModel(Tiny.MODEL);
        ExecutorService threads = Executors.newFixedThreadPool(4)) {
      Generation asked =
          Generation.ofPrompt("Q: ").optMaxNewTokens(6).optTemperature(1).optSeed(5).build();
      String alone = model.generate(asked).text();
      List<Future<String>> texts =
          java.util.stream.IntStream.range(0, 8)
              .mapToObj(i -> threads.submit(() -> model.generate(asked).text()))
              .toList();
      for (Future<String> text : texts) {
        assertEquals(alone, text.get());
      }
    }
  }

  private static void assertInterrupted(Future<FinetuneSummary> run) {
    ExecutionException thrown = assertThrows(ExecutionException.class, run::get);
    NacelleException why = assertInstanceOf(NacelleException.class, thrown.getCause());
    assertEquals(NacelleException.Kind.INTERRUPTED, why.kind(), why.getMessage());
  }
}
