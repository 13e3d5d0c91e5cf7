package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.memory.Strategy;
import dev.nacelle.model.DecoderModel;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;
import org.jspecify.annotations.Nullable;

/** Writes on behind a prompt, token by token, with a cache of keys and values. */
public final class Generator {
  private final DecoderModel model;
  private final Set<Integer> endTokens;
  private final @Nullable GenerationCache kept;
  private final Strategy strategy;

  /**
   * @param endTokens tokens that end the text; they are not part of the result
   */
  public Generator(DecoderModel model, Set<Integer> endTokens) {
    this(model, endTokens, Strategy.FASTEST);
  }

  /**
   * @param strategy says where the weights are between two uses
   */
  public Generator(DecoderModel model, Set<Integer> endTokens, Strategy strategy) {
    this.model = model;
    this.endTokens = Set.copyOf(endTokens);
    this.kept = null;
    this.strategy = strategy;
  }

  /**
   * @param kept holds what was seen from one text to the next; null to forget it each time
   */
  public Generator(DecoderModel model, Set<Integer> endTokens, @Nullable GenerationCache kept) {
    this.model = model;
    this.endTokens = Set.copyOf(endTokens);
    this.kept = kept;
    this.strategy = Strategy.FASTEST;
  }

  /**
   * @param prompt at least one token
   * @param listener sees each new token; false ends the generation after it
   * @return the new tokens, without the end token
   */
  public int[] generate(
      int[] prompt, int maxNewTokens, Sampling sampling, long seed, IntPredicate listener) {
    if (prompt.length == 0) {
      throw NacelleException.input("the prompt has no token", "give --prompt or --chat some text");
    }
    for (int id : prompt) {
      if (id < 0 || id >= model.config().vocabularySize()) {
        throw NacelleException.input(
            "the prompt has token "
                + id
                + ", the model's vocabulary ends at "
                + (model.config().vocabularySize() - 1),
            "tokenizer and weights belong to different models");
      }
    }
    if (kept != null) {
      return generate(kept, prompt, maxNewTokens, sampling, seed, listener);
    }
    try (GenerationCache cache = new GenerationCache(model, strategy)) {
      return generate(cache, prompt, maxNewTokens, sampling, seed, listener);
    }
  }

  private int[] generate(
      GenerationCache cache,
      int[] prompt,
      int maxNewTokens,
      Sampling sampling,
      long seed,
      IntPredicate listener) {
    SplittableRandom random = new SplittableRandom(seed);
    LikeliestFirst room = new LikeliestFirst();
    int[] fresh = new int[maxNewTokens];
    int count = 0;
    float[] logits = cache.prompt(prompt, maxNewTokens);
    while (count < maxNewTokens) {
      int id = sampling.draw(logits, random, room);
      if (endTokens.contains(id)) {
        break;
      }
      fresh[count++] = id;
      if (!listener.test(id) || count == maxNewTokens) {
        break;
      }
      logits = cache.next(id);
    }
    return Arrays.copyOf(fresh, count);
  }
}
