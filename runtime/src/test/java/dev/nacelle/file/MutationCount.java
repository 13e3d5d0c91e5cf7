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
 * Runs a reader on damaged files and counts how far each came. A reader may succeed or say in its
 * documented way what is wrong; everything else fails the test, as does memory beyond the bound.
 */
public final class MutationCount {
  /** What one reading of a small file may allocate: parser buffers, tables, a message. */
  private static final long MOST_BYTES = 8L << 20;

  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  private final String name;
  private final long seed;
  private final Map<String, Integer> reach = new TreeMap<>();
  private int runs;
  private int deep;
  private long mostBytes;

  public MutationCount(String name, long seed) {
    this.name = name;
    this.seed = seed;
  }

  /** What a message says of how far the reader came; true where it is past the outer parser. */
  @FunctionalInterface
  public interface Classifier {
    boolean isDeep(String message);
  }

  /** Reads one damaged file. */
  public void run(Runnable reader, Classifier classifier) {
    long buffers = NativeMemory.liveBuffers();
    long before = THREADS.getCurrentThreadAllocatedBytes();
    String stage;
    runs++;
    try {
      reader.run();
      stage = "accepted";
      deep++;
    } catch (NacelleException e) {
      assertEquals(NacelleException.Kind.INPUT, e.kind(), describe(e));
      assertNotNull(e.hint(), describe(e));
      String message = String.valueOf(e.getMessage());
      assertTrue(message.length() < 2000, message);
      boolean isDeep = classifier.isDeep(message);
      stage = isDeep ? "refused by a rule" : "refused by the parser";
      deep += isDeep ? 1 : 0;
    } catch (RuntimeException | Error e) {
      throw new AssertionError(describe(e), e);
    }
    mostBytes = Math.max(mostBytes, THREADS.getCurrentThreadAllocatedBytes() - before);
    reach.merge(stage, 1, Integer::sum);
    assertEquals(buffers, NativeMemory.liveBuffers(), describe(null));
  }

  private String describe(@Nullable Throwable e) {
    return name + ", seed " + seed + ", mutant " + runs + ": " + e;
  }

  /** Prints the reach and holds it against what was promised. */
  public void finish(int expectedRuns) {
    System.out.println(
        name
            + ": seed "
            + seed
            + ", "
            + runs
            + " mutants, "
            + reach
            + ", past the parser "
            + deep
            + ", most allocated "
            + mostBytes
            + " bytes");
    assertEquals(expectedRuns, runs);
    assertTrue(deep >= runs / 2, "too few mutants came past the parser: " + deep);
    assertTrue(mostBytes <= MOST_BYTES, "one reading allocated " + mostBytes + " bytes");
  }
}
