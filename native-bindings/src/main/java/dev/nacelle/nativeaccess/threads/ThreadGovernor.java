package dev.nacelle.nativeaccess.threads;

import dev.nacelle.nativeaccess.ffm.Libc;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.IntConsumer;

/**
 * The one number of threads. Setting it reaches the OpenMP runtime, OpenBLAS, LibTorch and whatever
 * else follows, those that are opened later included.
 *
 * <p>OpenMP keeps the number for each thread that starts parallel regions: what {@link #set} does
 * holds for the calling thread and for threads whose first region comes later. A thread that has
 * computed before calls {@link #adopt}.
 */
public final class ThreadGovernor {
  private static final List<IntConsumer> FOLLOWERS = new CopyOnWriteArrayList<>();
  private static int threads = initial();

  private ThreadGovernor() {}

  /** What the user's environment says, else every processor. */
  private static int initial() {
    String given = System.getenv("OMP_NUM_THREADS");
    try {
      if (given != null && Integer.parseInt(given.strip()) > 0) {
        return Integer.parseInt(given.strip());
      }
    } catch (NumberFormatException e) {
      // A list for nested regions means nothing here.
      return Runtime.getRuntime().availableProcessors();
    }
    return Runtime.getRuntime().availableProcessors();
  }

  /** The number in force. */
  public static synchronized int threads() {
    return threads;
  }

  /**
   * Sets the number everywhere.
   *
   * @throws IllegalArgumentException if it is below one
   */
  public static synchronized void set(int count) {
    if (count < 1) {
      throw new IllegalArgumentException(count + " threads cannot compute; give one or more");
    }
    threads = count;
    // Read by libraries when they are opened, and by LibTorch at each thread's first region.
    Libc.setEnvironment("OMP_NUM_THREADS", Integer.toString(count));
    Libc.setEnvironment("OPENBLAS_NUM_THREADS", Integer.toString(count));
    for (IntConsumer follower : FOLLOWERS) {
      follower.accept(count);
    }
  }

  /**
   * Tells {@code pool} the number now and after every change, on the thread that changes it.
   * Libraries that are bound elsewhere, our kernels say, hook in here.
   */
  public static synchronized void follow(IntConsumer pool) {
    FOLLOWERS.add(pool);
    pool.accept(threads);
  }

  /** Makes the number hold for parallel regions that the calling thread starts. */
  public static void adopt() {
    OpenMp.load().threads(threads());
  }
}
