package dev.nacelle.data;

import dev.nacelle.NacelleException;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Message;
import dev.nacelle.text.Tokenizer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalInt;

/**
 * Makes samples of examples: renders, tokenises, marks the targets, cuts.
 *
 * <p>Two strings are tokenised as one text, as TRL does, so that no token boundary is forced
 * between them; plain text gets the post-processor's tokens, rendered chat gets none.
 */
public final class SampleEncoder {
  private final Tokenizer tokenizer;
  private final ChatTemplate template;
  private final OptionalInt eosId;
  private final TokenizeOptions options;

  /**
   * @param eosId the token that ends a completion and a text; empty where the tokenizer has none,
   *     and then nothing is appended
   */
  public SampleEncoder(
      Tokenizer tokenizer, ChatTemplate template, OptionalInt eosId, TokenizeOptions options) {
    this.tokenizer = tokenizer;
    this.template = template;
    this.eosId = eosId;
    this.options = options;
  }

  public TokenizeOptions options() {
    return options;
  }

  /**
   * Encodes one example; a sample made of it carries record number −1.
   *
   * @throws NacelleException (input) where the chat template refuses the conversation or rewrites
   *     its earlier turns
   */
  public Reading encode(Example example) {
    try {
      return encode(example, -1);
    } catch (BadRecordException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT, e.getMessage(), "Look at the conversation.", e);
    }
  }

  Reading encode(Example example, long record) throws BadRecordException {
    boolean all = options.trainOn() == TrainOn.ALL;
    return switch (example) {
      case Example.Conversation conversation -> {
        ChatMasks.Rendered chat =
            ChatMasks.render(
                conversation.messages(),
                conversation.promptMessages(),
                all,
                options.maxLength(),
                tokenizer,
                template);
        yield finish(chat.encoding().ids(), chat.trained(), record);
      }
      case Example.Completion completion -> {
        int[] ids =
            withEos(tokenizer.encode(completion.prompt() + completion.completion(), true).ids());
        int given = all ? 0 : tokenizer.encode(completion.prompt(), true).length();
        yield finish(ids, from(given, ids.length), record);
      }
      case Example.Text text -> {
        int[] ids = withEos(tokenizer.encode(text.text(), true).ids());
        yield finish(ids, from(0, ids.length), record);
      }
    };
  }

  /**
   * A whole conversation, uncut: the text that the template makes of it, its tokens and which of
   * them are trained on.
   *
   * @throws NacelleException (input) as {@link #encode(Example)}
   */
  public Chat encodeChat(List<Message> messages) {
    try {
      ChatMasks.Rendered chat =
          ChatMasks.render(
              messages,
              0,
              options.trainOn() == TrainOn.ALL,
              Integer.MAX_VALUE,
              tokenizer,
              template);
      chat.trained().clear(0);
      return new Chat(chat.text(), chat.encoding(), chat.trained());
    } catch (BadRecordException e) {
      throw new NacelleException(
          NacelleException.Kind.INPUT, e.getMessage(), "Look at the conversation.", e);
    }
  }

  /**
   * A rendered conversation.
   *
   * @param trained bit t: whether token t is a target
   */
  public record Chat(String text, Encoding encoding, BitSet trained) {}

  private int[] withEos(int[] ids) {
    if (eosId.isEmpty() || (ids.length > 0 && ids[ids.length - 1] == eosId.getAsInt())) {
      return ids;
    }
    int[] ended = Arrays.copyOf(ids, ids.length + 1);
    ended[ids.length] = eosId.getAsInt();
    return ended;
  }

  private static BitSet from(int first, int length) {
    BitSet trained = new BitSet();
    if (first < length) {
      trained.set(first, length);
    }
    return trained;
  }

  private Reading finish(int[] ids, BitSet trained, long record) {
    boolean truncated = ids.length > options.maxLength();
    int[] kept = truncated ? Arrays.copyOf(ids, options.maxLength()) : ids;
    if (kept.length > 0) {
      trained.clear(0);
    }
    if (truncated) {
      trained.clear(kept.length, Math.max(kept.length, trained.length()));
    }
    if (trained.isEmpty()) {
      String why =
          kept.length == 0
              ? "it has no token"
              : truncated
                  ? "no target is within its first " + options.maxLength() + " tokens"
                  : "it has nothing to train on";
      return new Reading.Dropped(kept, truncated, why);
    }
    return new Reading.Kept(new Sample(kept, trained, truncated, record));
  }
}
