package dev.nacelle.text.gguf;

import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.Quoted;
import dev.nacelle.text.Tokenizer;
import dev.nacelle.text.template.ChatTemplates;
import dev.nacelle.text.template.SpecialTokens;
import dev.nacelle.text.tokenizer.TokenizerJson;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The vocabulary of a Hugging Face folder as a GGUF file says it. What it would mean is rendered
 * back and compared, step by step and on probes; a tokenizer that GGUF has no words for is refused.
 */
public final class FolderVocabulary {
  private final Path folder;
  private final Path file;
  private final Tokenizer tokenizer;
  private final TokenizerParts parts;
  private final int rows;

  private FolderVocabulary(Path folder, int rows) {
    this.folder = folder;
    this.file = folder.resolve("tokenizer.json");
    this.tokenizer = TokenizerJson.load(file);
    this.parts = TokenizerParts.read(file);
    this.rows = rows;
  }

  /**
   * @param folder with tokenizer.json and, where it has them, tokenizer_config.json and
   *     chat_template.jinja
   * @param rows of the model's token table
   * @param ends tokens that the model's configuration says end a generation
   * @throws NacelleException of kind INPUT where the folder's files are malformed or the tokenizer
   *     cannot be said, naming the part
   */
  public static GgufVocabulary of(Path folder, int rows, List<Integer> ends) {
    return new FolderVocabulary(folder, rows).build(ends);
  }

  private GgufVocabulary build(List<Integer> ends) {
    if (parts.tokens().size() > rows) {
      throw refusal(
          "it has "
              + parts.tokens().size()
              + " tokens and the model's token table "
              + rows
              + " rows");
    }
    if (parts.hasAffixes()) {
      throw refusal("its model has affixes for pieces within words");
    }
    VocabularyKind kind = VocabularyKind.of(parts, rows, file);
    GgufVocabulary vocabulary =
        new GgufVocabulary(
            kind.model(),
            kind.pre(),
            tokens(),
            types(kind),
            kind.scores(),
            kind.model().equals("gpt2") ? parts.merges() : List.of(),
            ids(ends),
            habits(kind),
            ChatTemplates.source(folder),
            List.of());
    if (kind.model().equals("llama")) {
      MergeScores.require(parts, vocabulary, file);
    }
    VocabularyProbes.compare(tokenizer, GgufTokenizer.of(vocabulary, file), parts, file);
    return vocabulary;
  }

  private NacelleException refusal(String why) {
    return refusal(file, why);
  }

  static NacelleException refusal(Path file, String why) {
    return NacelleException.input(
        Quoted.path(file) + " cannot be said in a GGUF file's metadata: " + why,
        "merge into a folder instead: leave --format gguf out");
  }

  private List<String> tokens() {
    List<String> tokens = new ArrayList<>(rows);
    for (int id = 0; id < rows; id++) {
      String token = id < parts.tokens().size() ? parts.tokens().get(id) : "";
      tokens.add(token.isEmpty() ? "[PAD" + id + "]" : token);
    }
    return tokens;
  }

  private int[] types(VocabularyKind kind) {
    int[] types = new int[rows];
    for (int id = 0; id < rows; id++) {
      String token = id < parts.tokens().size() ? parts.tokens().get(id) : "";
      types[id] =
          token.isEmpty()
              ? GgufVocabulary.UNUSED
              : kind.byteFallback() && isByte(token) ? GgufVocabulary.BYTE : GgufVocabulary.NORMAL;
    }
    for (TokenizerParts.Added token : parts.added()) {
      types[token.id()] = token.special() ? GgufVocabulary.CONTROL : GgufVocabulary.USER_DEFINED;
    }
    int unknown = parts.unknown();
    if (unknown >= 0 && unknown < rows && !kind.model().equals("gpt2")) {
      types[unknown] = GgufVocabulary.UNKNOWN;
    }
    return types;
  }

  private static boolean isByte(String token) {
    return token.length() == 6 && token.startsWith("<0x") && token.endsWith(">");
  }

  private GgufVocabulary.SpecialIds ids(List<Integer> ends) {
    SpecialTokens named = SpecialTokens.load(folder);
    int bos = parts.id(named.bos());
    int eos = parts.id(named.eos());
    if (eos < 0 && !ends.isEmpty()) {
      eos = ends.getFirst();
    }
    int first = eos;
    List<Integer> others = ends.stream().filter(end -> end != first).distinct().toList();
    if (others.size() > 2) {
      throw refusal("the model has " + (others.size() + 1) + " end tokens, and GGUF names three");
    }
    int[] around = around();
    if (around[0] >= 0 && bos >= 0 && around[0] != bos) {
      throw refusal("a text begins with token " + around[0] + ", and bos is " + bos);
    }
    if (around[1] >= 0 && eos >= 0 && around[1] != eos) {
      throw refusal("a text ends with token " + around[1] + ", and eos is " + eos);
    }
    int unknown = parts.unknown() >= 0 ? parts.unknown() : parts.id(named.unk());
    return new GgufVocabulary.SpecialIds(
        Math.max(bos, around[0]),
        Math.max(eos, around[1]),
        others.isEmpty() ? -1 : others.getFirst(),
        others.size() < 2 ? -1 : others.getLast(),
        unknown,
        parts.id(named.pad()));
  }

  /** The tokens that encoding puts first and last; −1 for none. */
  private int[] around() {
    int[] bare = tokenizer.encode("a", false).ids();
    int[] full = tokenizer.encode("a", true).ids();
    int at = 0;
    while (at + bare.length <= full.length && !matches(bare, full, at)) {
      at++;
    }
    int behind = full.length - at - bare.length;
    if (at > 1 || behind > 1 || behind < 0) {
      throw refusal("its post-processor puts more around a text than bos and eos");
    }
    return new int[] {at == 1 ? full[0] : -1, behind == 1 ? full[full.length - 1] : -1};
  }

  private static boolean matches(int[] bare, int[] full, int at) {
    for (int i = 0; i < bare.length; i++) {
      if (full[at + i] != bare[i]) {
        return false;
      }
    }
    return true;
  }

  private GgufVocabulary.Habits habits(VocabularyKind kind) {
    int[] around = around();
    @Nullable Boolean prefix = kind.model().equals("gpt2") ? null : kind.spacePrefix();
    return new GgufVocabulary.Habits(
        around[0] >= 0, around[1] >= 0, prefix, kind.removesSpaces(), false, false, false);
  }
}
