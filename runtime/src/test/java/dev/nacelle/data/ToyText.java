package dev.nacelle.data;

import dev.nacelle.NacelleException;
import dev.nacelle.text.ChatTemplate;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Message;
import dev.nacelle.text.Tokenizer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A tokenizer and templates small enough to reason about: a token is a special token, a run of
 * letters with one space before it, or a single character. Runs of letters merge over a seam as
 * byte pairs do.
 */
final class ToyText implements Tokenizer {
  static final int EOS = 0;
  static final int BOS = 1;
  private static final Pattern TOKEN =
      Pattern.compile("<\\|[a-z_]+\\|>| ?\\p{L}+|.", Pattern.DOTALL);

  private final List<String> tokens = new ArrayList<>(List.of("<|eos|>", "<|bos|>"));
  private final Map<String, Integer> ids = new HashMap<>(Map.of("<|eos|>", EOS, "<|bos|>", BOS));

  /** ChatML, with a newline behind each turn. */
  static final ChatTemplate CHATML =
      (messages, prompt) -> {
        StringBuilder text = new StringBuilder();
        for (Message m : messages) {
          text.append("<|im_start|>").append(m.role()).append('\n');
          text.append(m.content()).append("<|im_end|>\n");
        }
        return text + (prompt ? "<|im_start|>assistant\n" : "");
      };

  /** No special token anywhere; a space belongs to the content's first token. */
  static final ChatTemplate PLAIN =
      (messages, prompt) -> {
        StringBuilder text = new StringBuilder();
        for (Message m : messages) {
          text.append(m.role()).append(": ").append(m.content()).append('\n');
        }
        return text + (prompt ? "assistant:" : "");
      };

  /** Leaves thoughts out of every turn but the last, as reasoning models' templates do. */
  static final ChatTemplate REWRITING =
      (messages, prompt) -> {
        List<Message> told = new ArrayList<>(messages);
        for (int i = 0; i + 1 < told.size(); i++) {
          Message m = told.get(i);
          told.set(i, new Message(m.role(), m.content().replaceAll("\\(.*\\)", "")));
        }
        return CHATML.render(told, prompt);
      };

  /** Wants the user to begin. */
  static final ChatTemplate REFUSING =
      (messages, prompt) -> {
        if (!messages.isEmpty() && !messages.get(0).role().equals("user")) {
          throw NacelleException.input("Conversation roles must alternate", null);
        }
        return CHATML.render(messages, prompt);
      };

  static SampleEncoder encoder(TokenizeOptions options) {
    return new SampleEncoder(new ToyText(), CHATML, OptionalInt.of(EOS), options);
  }

  static TokenizeOptions options(int maxLength) {
    return new TokenizeOptions(maxLength, TrainOn.COMPLETIONS, DataFormat.AUTO, false);
  }

  static TokenizeOptions skipping() {
    return new TokenizeOptions(64, TrainOn.COMPLETIONS, DataFormat.AUTO, true);
  }

  /** The trained tokens' text, runs of them in brackets. */
  String marked(Sample sample) {
    StringBuilder text = new StringBuilder();
    boolean in = false;
    for (int t = 0; t < sample.length(); t++) {
      if (sample.isTrained(t) != in) {
        text.append(in ? ']' : '[');
        in = !in;
      }
      text.append(token(sample.ids()[t]));
    }
    return text + (in ? "]" : "");
  }

  @Override
  public Encoding encode(String text, boolean addSpecialTokens) {
    List<int[]> found = new ArrayList<>();
    if (addSpecialTokens) {
      found.add(new int[] {BOS, -1, -1});
    }
    Matcher matcher = TOKEN.matcher(text);
    while (matcher.find()) {
      found.add(new int[] {idOf(matcher.group()), matcher.start(), matcher.end()});
    }
    int[][] columns = new int[3][found.size()];
    for (int t = 0; t < found.size(); t++) {
      for (int c = 0; c < 3; c++) {
        columns[c][t] = found.get(t)[c];
      }
    }
    return new Encoding(columns[0], columns[1], columns[2]);
  }

  private int idOf(String token) {
    return ids.computeIfAbsent(
        token,
        t -> {
          tokens.add(t);
          return tokens.size() - 1;
        });
  }

  @Override
  public String decode(int[] decoded, boolean skipSpecialTokens) {
    StringBuilder text = new StringBuilder();
    for (int id : decoded) {
      if (!skipSpecialTokens || !isSpecial(id)) {
        text.append(token(id));
      }
    }
    return text.toString();
  }

  @Override
  public String token(int id) {
    return tokens.get(id);
  }

  @Override
  public OptionalInt id(String token) {
    Integer id = ids.get(token);
    return id == null ? OptionalInt.empty() : OptionalInt.of(id);
  }

  @Override
  public boolean isSpecial(int id) {
    return token(id).startsWith("<|");
  }

  @Override
  public int vocabularySize() {
    return tokens.size();
  }
}
