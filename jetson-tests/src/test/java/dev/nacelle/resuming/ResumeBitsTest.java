package dev.nacelle.resuming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import dev.nacelle.data.Order;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.train.Cancellation;
import dev.nacelle.train.CancelledException;
import dev.nacelle.train.FinetuneResult;
import dev.nacelle.train.TrainEvent;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/** Whatever interrupts a run, and whatever it was doing: resumed, it ends with the same bytes. */
final class ResumeBitsTest {
  @TempDir private static Path folder;
  private static List<Path> data = List.of();
  private static int interruptions;

  @BeforeAll
  static void makeData() throws IOException {
    data = Folders.data(folder.resolve("data"), 23);
  }

  @AfterAll
  static void count() {
    System.out.println("resume: " + interruptions + " interrupted runs ended with the same bytes");
    assertTrue(interruptions >= 30, "interruptions: " + interruptions);
  }

  private static Map<String, Job> jobs() {
    Map<String, Job> jobs = new TreeMap<>();
    Job plain = Job.of(data);
    jobs.put("plain", plain);
    jobs.put(
        "dropout, accumulation, no packing",
        new Job(
            "gqa-tied",
            data,
            9,
            0,
            2,
            3,
            0.3,
            false,
            Order.SHUFFLE,
            0,
            0,
            0,
            "q_proj,down_proj",
            DType.FP32,
            2,
            1));
    jobs.put(
        "evaluation",
        new Job(
            "plain",
            data,
            10,
            0,
            3,
            1,
            0.1,
            true,
            Order.SHUFFLE,
            20,
            2,
            0,
            "all-linear",
            DType.FP32,
            4,
            2));
    jobs.put(
        "epochs, file order",
        new Job(
            "plain",
            data,
            0,
            1.5,
            4,
            2,
            0.2,
            true,
            Order.FILE,
            10,
            3,
            0,
            "all-linear",
            DType.FP32,
            1,
            3));
    jobs.put(
        "bf16 with the head",
        new Job(
            "plain",
            data,
            8,
            0,
            3,
            1,
            0.1,
            true,
            Order.SHUFFLE,
            0,
            0,
            0,
            "v_proj,lm_head",
            DType.BF16,
            3,
            2));
    return jobs;
  }

  @TestFactory
  List<DynamicTest> everyInterruption() {
    List<DynamicTest> tests = new ArrayList<>();
    jobs().forEach((name, job) -> tests.add(DynamicTest.dynamicTest(name, () -> all(name, job))));
    assertEquals(5, tests.size());
    return tests;
  }

  private static void all(String name, Job job) throws IOException {
    Path whole = folder.resolve(name + "-whole");
    long steps = job.run(whole, false).steps();
    for (long n : List.of(1L, steps / 2, steps)) {
      interrupted(job, whole, n, "stop after step " + n, stopAfter(n));
    }
    for (long n : List.of(steps - 1)) {
      interrupted(job, whole, n, "stop while evaluating " + n, stopInEvaluation(n));
    }
    for (long n : List.of(2L, steps)) {
      failing(job, whole, "step:" + n);
    }
  }

  /** What an interruption does when it hears an event. */
  private interface Interruption {
    void heard(TrainEvent event, Cancellation cancellation);
  }

  private static Interruption stopAfter(long step) {
    return (event, cancellation) -> {
      if (event instanceof TrainEvent.Stepped stepped && stepped.step().step() == step) {
        cancellation.stop();
      }
    };
  }

  /** The evaluation after the step; where there is none, between two steps. */
  private static Interruption stopInEvaluation(long step) {
    long[] done = {0};
    return (event, cancellation) -> {
      if (event instanceof TrainEvent.Stepped stepped) {
        done[0] = stepped.step().step();
      }
      boolean evaluating = event instanceof TrainEvent.Preparing p && p.what().equals("evaluating");
      if (done[0] >= step - 1 && done[0] > 0 && (evaluating || done[0] >= step)) {
        cancellation.stop();
      }
    };
  }

  private static void interrupted(
      Job job, Path whole, long n, String what, Interruption interruption) throws IOException {
    Path out = folder.resolve("part-" + interruptions);
    Cancellation cancellation = new Cancellation();
    boolean stopped = false;
    try {
      Consumer<TrainEvent> listener = event -> interruption.heard(event, cancellation);
      FinetuneResult ignored =
          Job.run(job.options(out, false), FaultInjector.none(), listener, cancellation);
    } catch (CancelledException e) {
      stopped = true;
      assertTrue(e.step() >= n - 1, what + ": stopped after " + e.step());
    }
    // A stop that is asked for behind the last step comes too late, and changes nothing.
    assertTrue(stopped || n >= job.steps(), what);
    Folders.assertNoLeftovers(out);
    job.run(out, true);
    Folders.assertSame(whole, out, what);
    interruptions++;
  }

  private static void failing(Job job, Path whole, String fault) throws IOException {
    Path out = folder.resolve("part-" + interruptions);
    assertThrows(
        NacelleException.class,
        () -> Job.run(job.options(out, false), FaultInjector.parse(fault), e -> {}, null));
    job.run(out, true);
    Folders.assertSame(whole, out, fault);
    interruptions++;
  }

  /** Interrupted after every single step, and resumed each time. */
  @Test
  void stepByStep() throws IOException {
    Job job = Job.of(data).saving(0, 1);
    Path whole = folder.resolve("whole");
    job.run(whole, false);
    Path out = folder.resolve("steps");
    for (long n = 1; n < job.steps(); n++) {
      long step = n;
      Cancellation cancellation = new Cancellation();
      CancelledException e =
          assertThrows(
              CancelledException.class,
              () ->
                  Job.run(
                      job.options(out, step > 1),
                      FaultInjector.none(),
                      event -> stopAfter(step).heard(event, cancellation),
                      cancellation));
      assertEquals(step, e.step());
      assertEquals(List.of("step-%06d".formatted(step)), Folders.checkpoints(out));
    }
    assertEquals(9L, job.run(out, true).resumedFromStep());
    Folders.assertSame(whole, out, "step by step");
  }

  /** A finished run goes on with more steps; asked for no more, it ends at once with the same. */
  @Test
  void moreSteps() throws IOException {
    Job job = Job.of(data);
    Path out = folder.resolve("more");
    job.run(out, false);
    Path kept = Folders.copy(out, folder.resolve("kept"));
    FinetuneResult again = job.run(out, true);
    assertEquals(10, again.steps());
    Folders.assertSame(kept, out, "no more steps");
    FinetuneResult more = job.ofSteps(14).run(out, true);
    assertEquals(14, more.steps());
    assertEquals(10L, more.resumedFromStep());
    assertEquals(14, Folders.log(out).size());
    assertEquals(Folders.log(kept), Folders.log(out).subList(0, 10));
    assertEquals(List.of("step-000012", "step-000014"), Folders.checkpoints(out));
    NacelleException e = assertThrows(NacelleException.class, () -> job.ofSteps(12).run(out, true));
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    assertTrue(String.valueOf(e.getMessage()).contains("--steps 12"), e.getMessage());
  }
}
