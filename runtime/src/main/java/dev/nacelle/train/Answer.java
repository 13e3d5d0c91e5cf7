package dev.nacelle.train;

import dev.nacelle.text.StreamDecoder;
import dev.nacelle.text.Tokenizer;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;

/**
 * Text that a model writes behind a prompt, as it comes. Where a stop text appears, the answer ends
 * before it; what may yet become one is held back.
 */
public final class Answer {
  private final Tokenizer tokenizer;
  private final List<String> stops;
  private final StringBuilder text = new StringBuilder();
  private final Consumer<String> listener;
  private int shown;
  private boolean stopped;

  /**
   * @param stops texts that end the answer, none empty
   * @param listener hears each piece of text once, in order
   */
  public Answer(Tokenizer tokenizer, List<String> stops, Consumer<String> listener) {
    this.tokenizer = tokenizer;
    this.stops = List.copyOf(stops);
    this.listener = listener;
  }

  /**
   * What came of it.
   *
   * @param text without special tokens and stop text
   * @param ids the new tokens without the end token; those that spell a stop text are among them
   */
  @SuppressWarnings("ArrayRecordComponent") // handed over, never compared
  public record Result(String text, int[] ids) {}

  /**
   * Generates.
   *
   * @param prompt token ids
   * @param goOn asked after each token whether anybody still listens
   */
  public Result generate(
      Generator generator,
      int[] prompt,
      int maxNewTokens,
      Sampling sampling,
      long seed,
      BooleanSupplier goOn) {
    StreamDecoder decoder = new StreamDecoder(tokenizer, true);
    int[] ids =
        generator.generate(
            prompt,
            maxNewTokens,
            sampling,
            seed,
            id -> {
              take(decoder.next(id));
              return !stopped && goOn.getAsBoolean();
            });
    if (!stopped) {
      take(decoder.finish());
    }
    if (!stopped) {
      show(text.length());
    }
    return new Result(text.toString(), ids);
  }

  private void take(String piece) {
    if (piece.isEmpty()) {
      return;
    }
    int before = text.length();
    text.append(piece);
    int stop = firstStop(before);
    if (stop >= 0) {
      text.setLength(stop);
      stopped = true;
      show(stop);
    } else {
      show(text.length() - longestBeginning());
    }
  }

  /** Where the first stop text begins that ends in the text's new part; −1 for none. */
  private int firstStop(int newFrom) {
    int first = -1;
    for (String stop : stops) {
      int at = text.indexOf(stop, Math.max(0, newFrom - stop.length() + 1));
      if (at >= 0 && (first < 0 || at < first)) {
        first = at;
      }
    }
    return first;
  }

  /** Length of the text's longest end that is the beginning of a stop text. */
  private int longestBeginning() {
    int longest = 0;
    for (String stop : stops) {
      for (int n = Math.min(stop.length() - 1, text.length()); n > longest; n--) {
        if (stop.startsWith(text.substring(text.length() - n))) {
          longest = n;
        }
      }
    }
    return longest;
  }

  private void show(int to) {
    if (to > shown) {
      listener.accept(text.substring(shown, to));
      shown = to;
    }
  }
}
