package dev.nacelle.data;

import dev.nacelle.NacelleException;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Message;
import dev.nacelle.text.Tokenizer;
import java.util.BitSet;
import java.util.List;

/**
 * Finds an assistant's words in a rendered conversation.
 *
 * <p>A turn's span begins where the rendering of all before it, with the generation prompt, ends:
 * exactly what the model has before its eyes when it begins to answer. It ends where the rendering
 * with the turn ends, less the white space after its last special token, so that the end-of-turn
 * token is learnt and the newline that the template puts behind it is not. A token is trained if
 * its first character lies in a span. This asks that each rendering is the beginning of the next.
 */
final class ChatMasks {
  private ChatMasks() {}

  /** A conversation as text and tokens; bit 0 may be set here. */
  record Rendered(String text, Encoding encoding, BitSet trained) {}

  /**
   * @param given messages at the front that are never trained on
   * @param all whether every token is trained
   * @param maxLength tokens that will be kept; turns behind them are not looked for, which bounds
   *     the work for a conversation of very many turns
   */
  static Rendered render(
      List<Message> messages,
      int given,
      boolean all,
      int maxLength,
      Tokenizer tokenizer,
      ChatTemplate template)
      throws BadRecordException {
    String text = apply(template, messages, false);
    Encoding encoding = tokenizer.encode(text, false);
    BitSet trained = new BitSet();
    if (all) {
      trained.set(0, encoding.length());
      return new Rendered(text, encoding, trained);
    }
    // Only what begins before the first token that is cut off can matter.
    int cut = maxLength < encoding.length() ? encoding.starts()[maxLength] : Integer.MAX_VALUE;
    for (int i = given; i < messages.size(); i++) {
      if (!messages.get(i).role().equals("assistant")) {
        continue;
      }
      String before = apply(template, messages.subList(0, i), true);
      if (before.length() >= cut) {
        break;
      }
      String with =
          i + 1 == messages.size() ? text : apply(template, messages.subList(0, i + 1), false);
      if (!text.startsWith(with) || !with.startsWith(before)) {
        throw new BadRecordException(
            "message %d (assistant): the chat template renders what stands before or in it"
                    .formatted(i)
                + " differently once the conversation goes on, so its tokens cannot be told apart"
                + " (--train-on all does not need to)");
      }
      mark(trained, encoding, before.length(), with, tokenizer);
    }
    return new Rendered(text, encoding, trained);
  }

  private static void mark(
      BitSet trained, Encoding encoding, int begin, String rendering, Tokenizer tokenizer) {
    int end = rendering.length();
    int first = firstFrom(encoding.starts(), begin);
    int last = firstFrom(encoding.starts(), end);
    for (int t = last - 1; t >= first; t--) {
      if (tokenizer.isSpecial(encoding.ids()[t])) {
        int after = encoding.ends()[t];
        if (after <= end && rendering.substring(after).isBlank()) {
          last = t + 1;
        }
        break;
      }
    }
    if (first < last) {
      trained.set(first, last);
    }
  }

  /** The first token that begins at the character or behind it. Starts never fall. */
  private static int firstFrom(int[] starts, int character) {
    int low = 0;
    int high = starts.length;
    while (low < high) {
      int middle = (low + high) >>> 1;
      if (starts[middle] < character) {
        low = middle + 1;
      } else {
        high = middle;
      }
    }
    return low;
  }

  private static String apply(ChatTemplate template, List<Message> messages, boolean prompt)
      throws BadRecordException {
    try {
      return template.render(messages, prompt);
    } catch (NacelleException e) {
      if (e.kind() != NacelleException.Kind.INPUT) {
        throw e;
      }
      throw new BadRecordException(
          "the chat template refuses the conversation: "
              + Quote.oneLine(String.valueOf(e.getMessage())));
    }
  }
}
