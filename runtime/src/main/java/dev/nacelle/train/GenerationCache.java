package dev.nacelle.train;

import dev.nacelle.layer.KeyValueCache;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Keys and values of the tokens that a model has seen, kept from one text to the next: where a new
 * prompt begins as the last one did, only the rest is computed. Grows as it is needed.
 */
public final class GenerationCache implements AutoCloseable {
  /** Tokens of a prompt that go through the model together. */
  public static final int PROMPT_CHUNK = 512;

  private static final int SMALLEST = 256;

  private final DecoderModel model;
  private final Strategy strategy;
  private @Nullable KeyValueCache cache;
  private int[] seen = new int[SMALLEST];
  private int reused;

  /** One for all tokens: of a large vocabulary each would be a megabyte of the Java heap. */
  private final float[] logits;

  public GenerationCache(DecoderModel model) {
    this(model, Strategy.FASTEST);
  }

  /**
   * @param strategy says where the weights are between two uses
   */
  GenerationCache(DecoderModel model, Strategy strategy) {
    this.model = model;
    this.strategy = strategy;
    this.logits = new float[model.config().vocabularySize()];
  }

  /** Tokens held. */
  public int length() {
    return cache == null ? 0 : cache.length();
  }

  /** Tokens of the last prompt that had been seen before. */
  public int reused() {
    return reused;
  }

  /**
   * Goes on to behind a prompt.
   *
   * @param ids at least one token
   * @param room tokens that will follow, for which memory is made at once
   * @return the logits (V) for the token that follows, until the next call
   */
  float[] prompt(int[] ids, int room) {
    KeyValueCache held = cache(ids.length + room);
    boolean turnedAlike = model.isStretched(ids.length) == model.isStretched(held.length());
    int same = turnedAlike ? Arrays.mismatch(seen, 0, held.length(), ids, 0, ids.length) : 0;
    // The last token is computed in any case: its logits were not kept.
    reused = Math.min(same < 0 ? ids.length : same, ids.length - 1);
    held.truncate(reused);
    return run(held, ids, reused);
  }

  /** Goes on behind further tokens; the logits as {@link #prompt}'s. */
  float[] next(int... ids) {
    int from = length();
    KeyValueCache held = cache(from + ids.length);
    int[] all = Arrays.copyOf(seen, from + ids.length);
    System.arraycopy(ids, 0, all, from, ids.length);
    if (model.isStretched(from) != model.isStretched(all.length)) {
      // From here on every key is turned otherwise, those before too.
      held.truncate(0);
    }
    return run(held, all, held.length());
  }

  /** Everything from a token on, in chunks. */
  private float[] run(KeyValueCache held, int[] ids, int first) {
    if (seen.length < held.capacity()) {
      seen = Arrays.copyOf(seen, held.capacity());
    }
    for (int from = first; from < ids.length; from += PROMPT_CHUNK) {
      int[] chunk = Arrays.copyOfRange(ids, from, Math.min(ids.length, from + PROMPT_CHUNK));
      model.nextLogits(logits, strategy, held, ids.length, chunk);
      System.arraycopy(chunk, 0, seen, from, chunk.length);
    }
    return logits;
  }

  private KeyValueCache cache(int capacity) {
    KeyValueCache held = cache;
    if (held != null && held.capacity() >= capacity) {
      return held;
    }
    KeyValueCache larger = model.newCache(held == null ? capacity : roomFor(capacity));
    if (held != null) {
      larger.copyFrom(held);
      held.close();
    }
    cache = larger;
    return larger;
  }

  /** Doubling: a long conversation moves its tokens a few times, not at each turn. */
  private static int roomFor(int capacity) {
    return Math.max(SMALLEST, Math.max(capacity, Integer.highestOneBit(capacity) << 1));
  }

  @Override
  public void close() {
    if (cache != null) {
      cache.close();
      cache = null;
    }
  }
}
