package dev.nacelle.train;

import dev.nacelle.model.LlamaModel;
import dev.nacelle.text.Message;
import java.util.List;
import java.util.function.BooleanSupplier;

/** What a model answers to one message, greedily, through its chat template. */
public final class ChatAnswer {
  private ChatAnswer() {}

  /**
   * The answer, without special tokens.
   *
   * @param mostTokens where it is cut
   * @param goOn asked after each token whether it is still wanted
   * @throws dev.nacelle.NacelleException of kind INPUT where the chat template refuses the message
   */
  public static String greedy(
      BaseModel base, LlamaModel model, String message, int mostTokens, BooleanSupplier goOn) {
    String text = base.template().render(List.of(new Message("user", message)), true);
    return new Answer(base.tokenizer(), List.of(), piece -> {})
        .generate(
            new Generator(model, base.endTokens()),
            base.tokenizer().encode(text, false).ids(),
            mostTokens,
            Sampling.GREEDY,
            0,
            goOn)
        .text();
  }
}
