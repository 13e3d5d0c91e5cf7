package dev.nacelle.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.NativeMemory;
import java.lang.management.ManagementFactory;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Runs a reader on damaged input and counts how far each came: one row of the project's hostile
 * inputs, whatever the kind of input. A reader may succeed or say in its documented way what is
 * wrong; everything else fails the test, as do memory and time beyond the bounds.
 *
 * <p>A new kind of input is a test of its own with one of these: {@code times(n)} mutants, {@code
 * run} for each, {@code finish} in the end. The Maven profile hostile multiplies the counts.
 */
public final class MutationCount {
  private static final long MOST_BYTES = 256L << 20;
  private static final double MOST_SECONDS = 2;

  /** A mutant that takes this long by the clock will never end, however busy the machine is. */
  private static final long HANGING_MILLIS = 120_000;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final String name;
  private final long seed;
  private final Map<String, Integer> reach = new TreeMap<>();
  private int runs;
  private int deep;
  private long mostBytes;
  private double mostSeconds;
  private volatile long began;

  public MutationCount(String name, long seed) {
    this.name = name;
    this.seed = seed;
    Thread reading = Thread.currentThread();
    Thread.ofPlatform().daemon().name("hanging mutants").start(() -> watch(reading));
  }

  /** How many mutants to make where the normal suite makes {@code normal}. */
  public static int times(int normal) {
    return normal * Integer.getInteger("nacelle.mutants.times", 1);
  }

  /** How many mutants to make in the normal suite, and in the hostile profile. */
  static int times(int normal, int hostile) {
    return times(1) == 1 ? normal : hostile;
  }

  /** What a message says of how far the reader came; true where it is past the outer parser. */
  @FunctionalInterface
  public interface Classifier {
    boolean isDeep(String message);
  }

  /** Tells how far one reading came. */
  public static final class Reach {
    private boolean deep;

    private Reach() {}

    /** The outer parser is passed. */
    public void past() {
      deep = true;
    }
  }

  /** Reads one damaged input. */
  @FunctionalInterface
  public interface Reader {
    void read(Reach reach) throws java.io.IOException;
  }

  /** Reads one small damaged file; success is past the parser. */
  public void run(Runnable reader, Classifier classifier) {
    run(0, reach -> reader.run(), classifier);
  }

  /**
   * Reads one damaged input.
   *
   * @param inputBytes its size, of which a reader may allocate four times
   */
  public void run(long inputBytes, Reader reader, Classifier classifier) {
    long buffers = NativeMemory.liveBuffers();
    long nativeBytes = NativeMemory.allocatedBytes();
    long bytes = THREADS.getCurrentThreadAllocatedBytes();
    long nanos = THREADS.getCurrentThreadCpuTime();
    Reach reached = new Reach();
    String stage;
    runs++;
    began = System.currentTimeMillis();
    try {
      reader.read(reached);
      stage = "accepted";
      reached.deep = true;
    } catch (NacelleException e) {
      assertEquals(NacelleException.Kind.INPUT, e.kind(), describe(e));
      assertNotNull(e.hint(), describe(e));
      String message = String.valueOf(e.getMessage());
      assertTrue(message.length() < 2000, message);
      reached.deep |= classifier.isDeep(message);
      stage = reached.deep ? "refused by a rule" : "refused by the parser";
    } catch (Exception | Error e) {
      throw new AssertionError(describe(e), e);
    } finally {
      began = 0;
    }
    deep += reached.deep ? 1 : 0;
    double seconds = (THREADS.getCurrentThreadCpuTime() - nanos) / 1e9;
    long allocated =
        THREADS.getCurrentThreadAllocatedBytes()
            - bytes
            + NativeMemory.allocatedBytes()
            - nativeBytes;
    mostSeconds = Math.max(mostSeconds, seconds);
    mostBytes = Math.max(mostBytes, allocated);
    assertTrue(seconds < MOST_SECONDS, () -> describe(null) + " took " + seconds + " s");
    assertTrue(
        allocated <= Math.max(4 * inputBytes, MOST_BYTES),
        () -> describe(null) + " allocated " + allocated + " bytes");
    reach.merge(stage, 1, Integer::sum);
    assertEquals(buffers, NativeMemory.liveBuffers(), () -> describe(null));
  }

  private void watch(Thread reading) {
    while (reading.isAlive() && runs >= 0) {
      long since = began;
      if (since != 0 && System.currentTimeMillis() - since > HANGING_MILLIS) {
        System.err.println(describe(null) + " hangs");
        for (StackTraceElement frame : reading.getStackTrace()) {
          System.err.println("  at " + frame);
        }
        Runtime.getRuntime().halt(1);
      }
      try {
        Thread.sleep(1_000);
      } catch (InterruptedException e) {
        return;
      }
    }
  }

  private String describe(@Nullable Throwable e) {
    return name + ", seed " + seed + ", mutant " + runs + (e == null ? "" : ": " + e);
  }

  /** Prints the reach and holds it against what was promised. */
  public void finish(int expectedRuns) {
    System.out.printf(
        "%s: seed %d, %d mutants, %s, past the parser %d, most processor time %.3f s, most"
            + " allocated %d bytes%n",
        name, seed, runs, reach, deep, mostSeconds, mostBytes);
    assertEquals(expectedRuns, runs);
    assertTrue(deep >= runs / 2, "too few mutants came past the parser: " + deep);
    runs = -1; // ends the watch
  }

  /** As {@link #finish(int)}, with a narrower bound on what one reading allocates. */
  public void finish(int expectedRuns, long bound) {
    finish(expectedRuns);
    assertTrue(mostBytes <= bound, "one reading allocated " + mostBytes + " bytes");
  }

  public int accepted() {
    return reach.getOrDefault("accepted", 0);
  }

  public int refusedByRules() {
    return reach.getOrDefault("refused by a rule", 0);
  }
}
