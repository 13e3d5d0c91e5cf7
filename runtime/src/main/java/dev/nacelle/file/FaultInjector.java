package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Makes the N-th act of a kind fail, so that tests from outside reach paths that no test inside can
 * ({@code NACELLE_FAULT=save:3}). One instance counts for one engine; safe for threads.
 */
public final class FaultInjector {
  /** The environment variable: {@code alloc:N}, {@code save:N}, {@code step:N}, {@code read:N}. */
  public static final String VARIABLE = "NACELLE_FAULT";

  /** What can be made to fail. */
  public enum Act {
    /** An allocation of the ledger. */
    ALLOC,
    /** A file written beside its target, log lines apart. */
    SAVE,
    /** An optimiser step. */
    STEP,
    /** A record or a tensor read. */
    READ
  }

  /** Where a save stands, for tests that kill the process there. */
  public enum Moment {
    /** A file's temporary is open and empty. */
    FILE_BEGUN,
    /** A file is written and flushed, and not yet renamed. */
    FILE_WRITTEN,
    /** A folder is written and flushed, and not yet renamed. */
    FOLDER_WRITTEN,
    /** A folder has its name. */
    FOLDER_RENAMED
  }

  private final Consumer<Moment> watcher;
  private final Map<Act, Long> failing;
  private final Map<Act, AtomicLong> counted = new EnumMap<>(Act.class);

  private FaultInjector(Map<Act, Long> failing, Consumer<Moment> watcher) {
    this.failing = failing;
    this.watcher = watcher;
    for (Act act : Act.values()) {
      counted.put(act, new AtomicLong());
    }
  }

  /** Never fails anything. */
  public static FaultInjector none() {
    return watching(ignored -> {});
  }

  /** Never fails anything, and tells how far a save has come. */
  public static FaultInjector watching(Consumer<Moment> watcher) {
    return new FaultInjector(new EnumMap<>(Act.class), watcher);
  }

  /** What {@link #VARIABLE} asks for; nothing where it is not set. */
  public static FaultInjector fromEnvironment() {
    return parse(System.getenv(VARIABLE));
  }

  /**
   * Reads {@code save:3}, or several such with commas between.
   *
   * @throws NacelleException of kind USAGE for anything else
   */
  public static FaultInjector parse(@Nullable String text) {
    Map<Act, Long> failing = new EnumMap<>(Act.class);
    if (text == null || text.isBlank()) {
      return none();
    }
    for (String part : text.split(",", -1)) {
      String[] pieces = part.strip().split(":", -1);
      try {
        if (pieces.length != 2) {
          throw new IllegalArgumentException(part);
        }
        long which = Long.parseLong(pieces[1]);
        if (which < 1) {
          throw new IllegalArgumentException(part);
        }
        failing.put(Act.valueOf(pieces[0].toUpperCase(Locale.ROOT)), which);
      } catch (IllegalArgumentException e) {
        throw new NacelleException(
            NacelleException.Kind.USAGE,
            VARIABLE + " is " + Quoted.name(text) + ", which asks for no fault that we know",
            "set it to alloc:N, save:N, step:N or read:N with N from 1 on, or unset it",
            e);
      }
    }
    return new FaultInjector(failing, ignored -> {});
  }

  /** Tells the watcher where a save stands. */
  void reached(Moment moment) {
    watcher.accept(moment);
  }

  /** Counts one act; true where it is the one that must fail. */
  public boolean next(Act act) {
    long number = counter(act).incrementAndGet();
    Long wanted = failing.get(act);
    return wanted != null && wanted == number;
  }

  /** Acts of the kind so far. */
  public long count(Act act) {
    return counter(act).get();
  }

  private AtomicLong counter(Act act) {
    AtomicLong counter = counted.get(act);
    if (counter == null) {
      throw new AssertionError(act);
    }
    return counter;
  }
}
