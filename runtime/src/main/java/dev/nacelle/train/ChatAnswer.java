package dev.nacelle.train;

import dev.nacelle.model.DecoderModel;
import dev.nacelle.text.Message;
import java.util.List;
import java.util.function.BooleanSupplier;

/** What a model answers to one message, greedily, through its chat template. */
public final class ChatAnswer {
  /** Where the answer to a sample prompt is cut. */
  public static final int MOST_SAMPLE_TOKENS = 128;

  private ChatAnswer() {}

  /** The message as the model sees it: token ids up to where its answer begins. */
  public static int[] prompt(BaseModel base, String message) {
    String text = base.template().render(List.of(new Message("user", message)), true);
    return base.tokenizer().encode(text, false).ids();
  }

  /**
   * The answer, without special tokens.
   *
   * @param mostTokens where it is cut
   * @param goOn asked after each token whether it is still wanted
   * @throws dev.nacelle.NacelleException of kind INPUT where the chat template refuses the message
   */
  public static String greedy(
      BaseModel base, DecoderModel model, String message, int mostTokens, BooleanSupplier goOn) {
    return new Answer(base.tokenizer(), List.of(), piece -> {})
        .generate(
            new Generator(model, base.endTokens()),
            prompt(base, message),
            mostTokens,
            Sampling.GREEDY,
            0,
            goOn)
        .text();
  }
}
