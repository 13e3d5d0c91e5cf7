package dev.nacelle.text.gguf;

import com.fasterxml.jackson.core.JsonGenerator;
import dev.nacelle.NacelleException;
import dev.nacelle.file.GgufVocabulary;
import java.io.IOException;
import java.nio.file.Path;

/**
 * SentencePiece's kinds, which spell a space as U+2581: pairs by score ({@code llama}), pairs that
 * the file lists ({@code gemma4}), and the likeliest tokens by score, Unigram ({@code t5}).
 */
final class SentencePiecePlan {
  private static final String SPACE = "\u2581";
  private static final String SPACES =
      "{\"type\":\"Replace\",\"pattern\":{\"String\":\" \"},\"content\":\"" + SPACE + "\"}";
  private static final String DECODE =
      "{\"type\":\"Replace\",\"pattern\":{\"String\":\""
          + SPACE
          + "\"},\"content\":\" \"},{\"type\":\"ByteFallback\"},{\"type\":\"Fuse\"}";

  private SentencePiecePlan() {}

  static TokenizerPlan llama(GgufVocabulary vocabulary, Path file) {
    requireScores(vocabulary, file);
    boolean prefix = !Boolean.FALSE.equals(vocabulary.habits().addSpacePrefix());
    return new TokenizerPlan(
        normalizer(prefix),
        "null",
        decoder(prefix),
        true,
        false,
        json ->
            PairModel.write(
                json, vocabulary, pairOptions(vocabulary), ScoredMerges.of(vocabulary)));
  }

  static TokenizerPlan gemma4(GgufVocabulary vocabulary, Path file) {
    if (vocabulary.merges().isEmpty()) {
      throw GgufRefusal.missing(file, "merges", "this kind of tokenizer needs them");
    }
    boolean prefix = Boolean.TRUE.equals(vocabulary.habits().addSpacePrefix());
    return new TokenizerPlan(
        normalizer(prefix),
        "null",
        decoder(prefix),
        true,
        false,
        json ->
            PairModel.write(
                json, vocabulary, pairOptions(vocabulary), PairModel.listed(vocabulary, file)));
  }

  static TokenizerPlan unigram(GgufVocabulary vocabulary, Path file) {
    requireScores(vocabulary, file);
    if (vocabulary.habits().characterMap()) {
      throw NacelleException.input(
          GgufRefusal.where(file)
              + "the tokenizer normalises text by 'tokenizer.ggml.precompiled_charsmap', which"
              + " Nacelle does not do",
          "such a model's Hugging Face folder asks for the same; another model is needed");
    }
    if (vocabulary.habits().spaceAsSuffix()) {
      throw NacelleException.input(
          GgufRefusal.where(file)
              + "'tokenizer.ggml.treat_whitespace_as_suffix' is true, which Nacelle does not do",
          "another model is needed");
    }
    boolean prefix = !Boolean.FALSE.equals(vocabulary.habits().addSpacePrefix());
    String metaspace = metaspace(prefix);
    return new TokenizerPlan(
        unigramNormalizer(vocabulary.habits().removeExtraSpaces()),
        metaspace,
        vocabulary.hasByteTokens()
            ? "{\"type\":\"Sequence\",\"decoders\":[{\"type\":\"ByteFallback\"}," + metaspace + "]}"
            : metaspace,
        false,
        true,
        json -> writeUnigram(json, vocabulary));
  }

  /** How a Unigram vocabulary spells spaces. */
  static String metaspace(boolean prefix) {
    return "{\"type\":\"Metaspace\",\"replacement\":\""
        + SPACE
        + "\",\"prepend_scheme\":\""
        + (prefix ? "always" : "never")
        + "\",\"split\":true}";
  }

  /** What a Unigram vocabulary does to a text before it is cut. */
  static String unigramNormalizer(boolean removesSpaces) {
    return removesSpaces
        ? "{\"type\":\"Sequence\",\"normalizers\":["
            + "{\"type\":\"Strip\",\"strip_left\":false,\"strip_right\":true},"
            + "{\"type\":\"Replace\",\"pattern\":{\"Regex\":\" {2,}\"},\"content\":\""
            + SPACE
            + "\"}]}"
        : "null";
  }

  private static void requireScores(GgufVocabulary vocabulary, Path file) {
    if (vocabulary.scores().length == 0) {
      throw GgufRefusal.missing(file, "scores", "a SentencePiece vocabulary needs them");
    }
  }

  private static PairModel.Options pairOptions(GgufVocabulary vocabulary) {
    int unknown = vocabulary.ids().unknown();
    return new PairModel.Options(
        unknown < 0 ? null : vocabulary.spelling(unknown), vocabulary.hasByteTokens(), false);
  }

  static String normalizer(boolean prefix) {
    return prefix
        ? "{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Prepend\",\"prepend\":\""
            + SPACE
            + "\"},"
            + SPACES
            + "]}"
        : SPACES;
  }

  private static String decoder(boolean prefix) {
    return "{\"type\":\"Sequence\",\"decoders\":["
        + DECODE
        + (prefix ? ",{\"type\":\"Strip\",\"content\":\" \",\"start\":1,\"stop\":0}" : "")
        + "]}";
  }

  private static void writeUnigram(JsonGenerator json, GgufVocabulary vocabulary)
      throws IOException {
    json.writeStartObject();
    json.writeStringField("type", "Unigram");
    if (vocabulary.ids().unknown() < 0) {
      json.writeNullField("unk_id");
    } else {
      json.writeNumberField("unk_id", vocabulary.ids().unknown());
    }
    json.writeBooleanField("byte_fallback", vocabulary.hasByteTokens());
    json.writeArrayFieldStart("vocab");
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      json.writeStartArray();
      json.writeString(vocabulary.spelling(id));
      json.writeNumber((double) vocabulary.scores()[id]);
      json.writeEndArray();
    }
    json.writeEndArray();
    json.writeEndObject();
  }
}
