package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.layer.KeyValueCache;
import dev.nacelle.model.LlamaModel;
import java.util.Arrays;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.IntPredicate;

/** Writes on behind a prompt, token by token, with a cache of keys and values. */
public final class Generator {
  private static final int PROMPT_CHUNK = 512;

  private final LlamaModel model;
  private final Set<Integer> endTokens;

  /**
   * @param endTokens tokens that end the text; they are not part of the result
   */
  public Generator(LlamaModel model, Set<Integer> endTokens) {
    this.model = model;
    this.endTokens = Set.copyOf(endTokens);
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
    SplittableRandom random = new SplittableRandom(seed);
    int[] fresh = new int[maxNewTokens];
    int count = 0;
    try (KeyValueCache cache = model.newCache(prompt.length + maxNewTokens)) {
      float[] logits = {};
      for (int from = 0; from < prompt.length; from += PROMPT_CHUNK) {
        int to = Math.min(prompt.length, from + PROMPT_CHUNK);
        logits = model.nextLogits(cache, Arrays.copyOfRange(prompt, from, to));
      }
      while (count < maxNewTokens) {
        int id = sampling.draw(logits, random);
        if (endTokens.contains(id)) {
          break;
        }
        fresh[count++] = id;
        if (!listener.test(id) || count == maxNewTokens) {
          break;
        }
        logits = model.nextLogits(cache, id);
      }
    }
    return Arrays.copyOf(fresh, count);
  }
}
