package dev.nacelle.nativeaccess.torch;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.WeakHashMap;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Counts the native handles that Java owns; zero at the end of every test suite. */
public final class Handles {
  /** The system property that makes every handle remember where it was made. Slow. */
  public static final String TRACE_PROPERTY = "nacelle.handles.trace";

  private static final AtomicLong LIVE = new AtomicLong();
  private static volatile boolean trace = Boolean.getBoolean(TRACE_PROPERTY);
  private static final Set<NativeHandle> TRACED =
      Collections.synchronizedSet(Collections.newSetFromMap(new WeakHashMap<>()));

  private Handles() {}

  /** Handles that are not closed yet. */
  public static long live() {
    return LIVE.get();
  }

  /** Where each open handle was made, as far as {@link #TRACE_PROPERTY} was on at the time. */
  public static List<Throwable> sites() {
    List<Throwable> sites = new ArrayList<>();
    synchronized (TRACED) {
      for (NativeHandle handle : TRACED) {
        Throwable site = handle.site();
        if (site != null) {
          sites.add(site);
        }
      }
    }
    return sites;
  }

  /** Turns the recording of sites on or off for handles made from now on. */
  public static void trace(boolean on) {
    trace = on;
  }

  static @Nullable Throwable made(NativeHandle handle) {
    LIVE.incrementAndGet();
    if (!trace) {
      return null;
    }
    TRACED.add(handle);
    return new Throwable(
        "this handle was made here, by thread " + Thread.currentThread().getName());
  }

  static void closed(NativeHandle handle) {
    LIVE.decrementAndGet();
    if (handle.site() != null) {
      TRACED.remove(handle);
    }
  }
}
