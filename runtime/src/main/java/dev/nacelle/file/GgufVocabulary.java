package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What a GGUF file says of its tokenizer.
 *
 * @param model gpt2 (byte-level BPE), llama (SentencePiece) …
 * @param pre how text is cut before the merges: smollm, llama-bpe, qwen2 …; null where it does not
 *     say
 * @param tokens spellings by id
 * @param types by id: 1 normal, 2 unknown, 3 control, 4 user-defined, 5 unused, 6 byte; empty where
 *     the file has none
 * @param scores by id; empty where the file has none
 * @param merges pairs with a space between, best first; empty where the file has none
 * @param ids of the tokens that have a part of their own
 * @param habits what is done around and before the tokens
 * @param chatTemplate Jinja source; null where there is none
 * @param otherTemplates names of further templates that the file brings
 */
@SuppressWarnings("ArrayRecordComponent") // tables of one number a token, read only
public record GgufVocabulary(
    String model,
    @Nullable String pre,
    List<String> tokens,
    int[] types,
    float[] scores,
    List<String> merges,
    SpecialIds ids,
    Habits habits,
    @Nullable String chatTemplate,
    List<String> otherTemplates) {

  /**
   * Tokens with a part of their own; −1 where there is none.
   *
   * @param bos first token of a text
   * @param eos last token of a text
   * @param eot end of a turn
   * @param eom end of a message that another one follows
   * @param unknown stands for what has no token
   * @param padding fills rows
   */
  public record SpecialIds(int bos, int eos, int eot, int eom, int unknown, int padding) {}

  /**
   * What is done around and before the tokens.
   *
   * @param addBos whether encoding puts bos first; null where the model's own habit holds
   * @param addEos whether encoding puts eos last; null as above
   * @param addSpacePrefix whether a space is put before the text; null as above
   * @param removeExtraSpaces whether spaces in a row become one
   * @param spaceAsSuffix whether a space ends a token instead of beginning it
   * @param characterMap whether the file brings a normalisation table of SentencePiece's
   * @param specialsEatSpace whether special tokens swallow white space behind them
   */
  public record Habits(
      @Nullable Boolean addBos,
      @Nullable Boolean addEos,
      @Nullable Boolean addSpacePrefix,
      boolean removeExtraSpaces,
      boolean spaceAsSuffix,
      boolean characterMap,
      boolean specialsEatSpace) {}

  private static final String PREFIX = "tokenizer.ggml.";

  /** A token that text is made of. */
  public static final int NORMAL = 1;

  /** The token for what has none. */
  public static final int UNKNOWN = 2;

  /** A token that text never spells: it steers the model. */
  public static final int CONTROL = 3;

  /** A token that is found in text before everything else. */
  public static final int USER_DEFINED = 4;

  /** A token that training left aside. */
  public static final int UNUSED = 5;

  /** A token for one byte, {@code <0x0A>} say. */
  public static final int BYTE = 6;

  /**
   * Reads the tokenizer part of a file's metadata.
   *
   * @throws NacelleException of kind INPUT, naming the key
   */
  public static GgufVocabulary read(GgufFile file) {
    GgufMetadata data = file.metadata();
    String model = data.text(PREFIX + "model");
    List<String> tokens = data.strings(PREFIX + "tokens");
    if (model == null || tokens.isEmpty()) {
      throw data.error(
          PREFIX + (model == null ? "model" : "tokens"), "is missing: the file has no tokenizer");
    }
    double[] types = table(data, "token_type", tokens.size());
    int[] wholeTypes = new int[types.length];
    for (int i = 0; i < types.length; i++) {
      wholeTypes[i] = (int) types[i];
    }
    double[] scores = table(data, "scores", tokens.size());
    float[] narrowScores = new float[scores.length];
    for (int i = 0; i < scores.length; i++) {
      narrowScores[i] = (float) scores[i];
    }
    return new GgufVocabulary(
        model,
        data.text(PREFIX + "pre"),
        tokens,
        wholeTypes,
        narrowScores,
        data.strings(PREFIX + "merges"),
        ids(data, tokens.size(), model),
        new Habits(
            flag(data, "add_bos_token"),
            flag(data, "add_eos_token"),
            flag(data, "add_space_prefix"),
            data.flag(PREFIX + "remove_extra_whitespaces", false),
            data.flag(PREFIX + "treat_whitespace_as_suffix", false),
            data.numbers(PREFIX + "precompiled_charsmap").length > 0,
            specialsEatSpace(data)),
        data.text("tokenizer.chat_template"),
        data.strings("tokenizer.chat_templates"));
  }

  private static SpecialIds ids(GgufMetadata data, int tokens, String model) {
    // SentencePiece models of this kind begin with these three, and old converters left it at that.
    boolean habit = model.equals("llama") && tokens > 2;
    return new SpecialIds(
        id(data, "bos_token_id", tokens, habit ? 1 : -1),
        id(data, "eos_token_id", tokens, habit ? 2 : -1),
        id(data, "eot_token_id", tokens, -1),
        id(data, "eom_token_id", tokens, -1),
        id(data, "unknown_token_id", tokens, habit ? 0 : -1),
        id(data, "padding_token_id", tokens, -1));
  }

  /** GGUF has no field for it; the one family that needs it is known by its name. */
  private static boolean specialsEatSpace(GgufMetadata data) {
    String name = data.text("general.name");
    String lower = name == null ? "" : name.toLowerCase(Locale.ROOT);
    return lower.contains("phi-3") || lower.contains("phi3");
  }

  /** The type of a token; 1, normal, where the file says nothing. */
  public int type(int id) {
    return types.length == 0 ? 1 : types[id];
  }

  /** The token as it stands in files; one of no characters gets a name by its id. */
  public String spelling(int id) {
    String token = tokens.get(id);
    return token.isEmpty() ? "[EMPTY_" + id + "]" : token;
  }

  /** Whether characters without a token can be spelt by their bytes. */
  public boolean hasByteTokens() {
    for (int type : types) {
      if (type == BYTE) {
        return true;
      }
    }
    return false;
  }

  /** Whether white space behind this token belongs to it. */
  public boolean eatsSpaceAfter(int id) {
    return habits.specialsEatSpace
        && !List.of("<unk>", "<s>", "<|endoftext|>").contains(tokens.get(id));
  }

  private static double[] table(GgufMetadata data, String key, int tokens) {
    double[] table = data.numbers(PREFIX + key);
    if (table.length != 0 && table.length != tokens) {
      throw data.error(PREFIX + key, "has " + table.length + " entries for " + tokens + " tokens");
    }
    return table;
  }

  private static int id(GgufMetadata data, String key, int tokens, int habit) {
    // Some converters write 2^32 − 1 for none.
    long id = data.integer(PREFIX + key, habit, -1, 0xffff_ffffL);
    if (id == 0xffff_ffffL) {
      return -1;
    }
    if (id >= tokens) {
      throw data.error(PREFIX + key, "is " + id + ", the file has " + tokens + " tokens");
    }
    return (int) id;
  }

  private static @Nullable Boolean flag(GgufMetadata data, String key) {
    return data.has(PREFIX + key) ? data.flag(PREFIX + key, false) : null;
  }
}
