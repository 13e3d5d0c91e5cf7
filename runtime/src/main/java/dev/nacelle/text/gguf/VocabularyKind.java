package dev.nacelle.text.gguf;

import dev.nacelle.file.Quoted;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Which of GGUF's kinds of tokenizer a tokenizer.json is: the one whose own rendering has the same
 * steps.
 *
 * @param model the value of {@code tokenizer.ggml.model}
 * @param pre the value of {@code tokenizer.ggml.pre}; null where the kind has none
 * @param byteFallback whether characters without a token are spelt by their bytes
 * @param spacePrefix whether a space goes before each text
 * @param removesSpaces whether spaces in a row become one
 * @param scores by id, as many as the file has tokens; none for {@code gpt2}
 */
@SuppressWarnings("ArrayRecordComponent") // handed on, never compared
record VocabularyKind(
    String model,
    @Nullable String pre,
    boolean byteFallback,
    boolean spacePrefix,
    boolean removesSpaces,
    float[] scores) {

  /** Gemma's: it cuts at spaces, of which its normalizer has left none. */
  private static final List<String> NO_CUT =
      Steps.of(
          "{\"type\":\"Split\",\"pattern\":{\"String\":\" \"},"
              + "\"behavior\":\"MergedWithPrevious\",\"invert\":false}");

  /**
   * @param rows of the model's token table
   */
  static VocabularyKind of(TokenizerParts parts, int rows, Path file) {
    List<String> normalizer = Steps.of(parts.part("normalizer"));
    List<String> cuts = Steps.of(parts.part("pre_tokenizer"));
    return switch (parts.type()) {
      case "BPE" ->
          cuts.contains("ByteLevel")
              ? byteLevel(parts, normalizer, cuts, file)
              : sentencePiece(parts, rows, normalizer, cuts, file);
      case "Unigram" -> unigram(parts, rows, normalizer, cuts, file);
      default -> throw FolderVocabulary.refusal(file, "its model is " + Quoted.name(parts.type()));
    };
  }

  private static VocabularyKind byteLevel(
      TokenizerParts parts, List<String> normalizer, List<String> cuts, Path file) {
    for (Map.Entry<String, PreTokenizerRules.Rule> named : PreTokenizerRules.inOrder()) {
      PreTokenizerRules.Rule rule = named.getValue();
      if (rule.ignoreMerges() == parts.flag("ignore_merges")
          && Steps.of(rule.normalizer()).equals(normalizer)
          && Steps.of(rule.preTokenizer()).equals(cuts)) {
        return new VocabularyKind("gpt2", named.getKey(), false, false, false, new float[0]);
      }
    }
    throw unnamed(normalizer, cuts, parts.flag("ignore_merges"), file);
  }

  private static VocabularyKind sentencePiece(
      TokenizerParts parts, int rows, List<String> normalizer, List<String> cuts, Path file) {
    for (boolean prefix : new boolean[] {true, false}) {
      if ((cuts.isEmpty() || cuts.equals(NO_CUT))
          && !parts.flag("ignore_merges")
          && Steps.of(SentencePiecePlan.normalizer(prefix)).equals(normalizer)) {
        return new VocabularyKind(
            "llama", null, parts.flag("byte_fallback"), prefix, false, MergeScores.of(parts, rows));
      }
    }
    throw unnamed(normalizer, cuts, parts.flag("ignore_merges"), file);
  }

  private static VocabularyKind unigram(
      TokenizerParts parts, int rows, List<String> normalizer, List<String> cuts, Path file) {
    for (boolean prefix : new boolean[] {true, false}) {
      for (boolean removes : new boolean[] {true, false}) {
        if (Steps.of(SentencePiecePlan.unigramNormalizer(removes)).equals(normalizer)
            && Steps.of(SentencePiecePlan.metaspace(prefix)).equals(cuts)) {
          float[] scores = new float[rows];
          for (int id = 0; id < parts.scores().size(); id++) {
            scores[id] = parts.scores().get(id);
          }
          return new VocabularyKind(
              "t5", null, parts.flag("byte_fallback"), prefix, removes, scores);
        }
      }
    }
    throw unnamed(normalizer, cuts, false, file);
  }

  private static RuntimeException unnamed(
      List<String> normalizer, List<String> cuts, boolean ignoresMerges, Path file) {
    List<String> steps = new ArrayList<>(normalizer);
    steps.addAll(cuts);
    if (ignoresMerges) {
      steps.add("pieces that are tokens stay whole");
    }
    return FolderVocabulary.refusal(
        file,
        "GGUF has no name that Nacelle knows for its steps before the model, "
            + (steps.isEmpty()
                ? "none"
                : steps.stream().map(Quoted::name).collect(Collectors.joining(", "))));
  }
}
