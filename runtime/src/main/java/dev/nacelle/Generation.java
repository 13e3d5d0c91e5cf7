package dev.nacelle;

import dev.nacelle.train.Sampling;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a model shall write on behind, and how it draws its words: immutable, checked when it is
 * built. Options and rules are those of {@code ./nacelle generate}.
 */
public final class Generation {
  /** Beyond this the cache of keys and values alone outgrows every machine that we know. */
  private static final int MOST_NEW_TOKENS = 1 << 20;

  private final @Nullable String prompt;
  private final List<ChatMessage> chat;
  private final int maxNewTokens;
  private final Sampling sampling;
  private final List<String> stops;
  private final long seed;

  private Generation(Builder builder) {
    prompt = builder.prompt;
    chat = builder.chat;
    maxNewTokens = builder.maxNewTokens;
    sampling = new Sampling(builder.temperature, builder.topK, builder.topP);
    stops = builder.stops;
    seed = builder.seed;
  }

  /** Goes on behind a text as it stands. */
  public static Builder ofPrompt(String text) {
    return new Builder(text, List.of());
  }

  /** Answers one message of a user, put through the model's chat template. */
  public static Builder ofChat(String message) {
    return ofChat(List.of(new ChatMessage("user", message)));
  }

  /** Answers a conversation, put through the model's chat template. */
  public static Builder ofChat(List<ChatMessage> conversation) {
    return new Builder(null, List.copyOf(conversation));
  }

  /** The text to go on with; null where there is a conversation instead. */
  @Nullable String prompt() {
    return prompt;
  }

  List<ChatMessage> chat() {
    return chat;
  }

  int maxNewTokens() {
    return maxNewTokens;
  }

  Sampling sampling() {
    return sampling;
  }

  List<String> stops() {
    return stops;
  }

  long seed() {
    return seed;
  }

  /** Collects options; each has a default. */
  public static final class Builder {
    private final @Nullable String prompt;
    private final List<ChatMessage> chat;
    private int maxNewTokens = 256;
    private double temperature;
    private double topP = 1;
    private int topK;
    private List<String> stops = List.of();
    private long seed;

    private Builder(@Nullable String prompt, List<ChatMessage> chat) {
      this.prompt = prompt;
      this.chat = chat;
    }

    /** Tokens at most, from 1 on; default 256. */
    public Builder optMaxNewTokens(int count) {
      maxNewTokens = count;
      return this;
    }

    /** 0 (the default) takes the likeliest token each time. */
    public Builder optTemperature(double value) {
      temperature = value;
      return this;
    }

    /** Draws among the likeliest tokens that together reach p, 0 &lt; p ≤ 1; default 1, all. */
    public Builder optTopP(double p) {
      topP = p;
      return this;
    }

    /** Draws among the k likeliest tokens; default 0, all. */
    public Builder optTopK(int k) {
      topK = k;
      return this;
    }

    /** Texts before which the answer ends; default none but the model's end tokens. */
    public Builder optStops(List<String> texts) {
      stops = List.copyOf(texts);
      return this;
    }

    /** Seed of the draws; default 0. */
    public Builder optSeed(long value) {
      seed = value;
      return this;
    }

    /**
     * The description.
     *
     * @throws NacelleException of kind USAGE where a value is not possible
     */
    public Generation build() {
      require(
          maxNewTokens >= 1 && maxNewTokens <= MOST_NEW_TOKENS,
          "--max-new-tokens " + maxNewTokens + " is not possible",
          "choose a number from 1 to " + MOST_NEW_TOKENS);
      require(
          temperature >= 0 && temperature < Double.POSITIVE_INFINITY,
          "--temperature " + temperature + " is not possible",
          "choose 0 or more, 0.8 say");
      require(
          topP > 0 && topP <= 1, "--top-p " + topP + " is not possible", "choose above 0, up to 1");
      require(topK >= 0, "--top-k " + topK + " is not possible", "choose 1 or more, or 0 for all");
      require(!stops.contains(""), "--stop is empty", "give the text to stop before");
      return new Generation(this);
    }

    private static void require(boolean holds, String what, String instead) {
      if (!holds) {
        throw NacelleException.usage(what, instead);
      }
    }
  }
}
