package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.util.List;
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
 * @param bosId first token of a text; −1 where there is none, as for the other ids
 * @param eosId last token of a text
 * @param eotId end of a turn
 * @param unknownId stands for what has no token
 * @param paddingId fills rows
 * @param addBos whether encoding puts bos first; null where the model's own habit holds
 * @param addEos whether encoding puts eos last; null as above
 * @param addSpacePrefix whether a space is put before the text; null as above
 * @param chatTemplate Jinja source; null where there is none
 */
@SuppressWarnings("ArrayRecordComponent") // tables of one number a token, read only
public record GgufVocabulary(
    String model,
    @Nullable String pre,
    List<String> tokens,
    int[] types,
    float[] scores,
    List<String> merges,
    int bosId,
    int eosId,
    int eotId,
    int unknownId,
    int paddingId,
    @Nullable Boolean addBos,
    @Nullable Boolean addEos,
    @Nullable Boolean addSpacePrefix,
    @Nullable String chatTemplate) {

  private static final String PREFIX = "tokenizer.ggml.";

  /** A token that text never spells: it steers the model. */
  public static final int CONTROL = 3;

  /** A token that is found in text before everything else. */
  public static final int USER_DEFINED = 4;

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
        id(data, "bos_token_id", tokens.size()),
        id(data, "eos_token_id", tokens.size()),
        id(data, "eot_token_id", tokens.size()),
        id(data, "unknown_token_id", tokens.size()),
        id(data, "padding_token_id", tokens.size()),
        flag(data, "add_bos_token"),
        flag(data, "add_eos_token"),
        flag(data, "add_space_prefix"),
        data.text("tokenizer.chat_template"));
  }

  /** The type of a token; 1, normal, where the file says nothing. */
  public int type(int id) {
    return types.length == 0 ? 1 : types[id];
  }

  private static double[] table(GgufMetadata data, String key, int tokens) {
    double[] table = data.numbers(PREFIX + key);
    if (table.length != 0 && table.length != tokens) {
      throw data.error(PREFIX + key, "has " + table.length + " entries for " + tokens + " tokens");
    }
    return table;
  }

  private static int id(GgufMetadata data, String key, int tokens) {
    // Some converters write 2^32 − 1 for none.
    long id = data.integer(PREFIX + key, -1, -1, 0xffff_ffffL);
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
