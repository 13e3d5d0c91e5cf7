package dev.nacelle.text.tokenizer;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Reads the model object of a tokenizer.json as it streams by: vocabulary and merges go straight
 * into their tables, so that loading holds little more than what is kept. Merges need the
 * vocabulary; where they come first they are passed over and {@link #needsMerges} says so: the file
 * is then read a second time.
 */
final class ModelReader {
  private @Nullable String type;
  private @Nullable String unknown;
  private int unknownId = -1;
  private boolean fuseUnknown;
  private boolean byteFallback;
  private boolean ignoreMerges;
  private String prefix = "";
  private String suffix = "";
  private @Nullable Vocabulary vocabulary;
  private double @Nullable [] scores;
  private MergeTable.@Nullable Builder merges;
  private boolean mergesPassed;

  /**
   * Reads the object that the parser stands at the beginning of, the second time for its merges
   * alone.
   */
  void read(JsonParser json) throws IOException {
    boolean again = needsMerges();
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw Refusal.of("the model is not an object");
    }
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String field = json.currentName();
      json.nextToken();
      if (again && !field.equals("merges")) {
        json.skipChildren();
        continue;
      }
      switch (field) {
        case "type" -> type = text(json, field);
        case "unk_token" -> unknown = nullableText(json, field);
        case "unk_id" -> unknownId = nullableId(json, field);
        case "fuse_unk" -> fuseUnknown = flag(json, field);
        case "byte_fallback" -> byteFallback = flag(json, field);
        case "ignore_merges" -> ignoreMerges = flag(json, field);
        case "continuing_subword_prefix" -> prefix = orEmpty(nullableText(json, field));
        case "end_of_word_suffix" -> suffix = orEmpty(nullableText(json, field));
        case "dropout" -> dropout(json);
        case "vocab" -> vocabulary(json);
        case "merges" -> merges(json);
        default -> json.skipChildren();
      }
    }
  }

  boolean needsMerges() {
    return mergesPassed && merges == null && vocabulary != null;
  }

  Model build() {
    Vocabulary tokens = vocabulary;
    if (tokens == null) {
      throw Refusal.of("the model has no vocabulary");
    }
    String kind = type != null ? type : scores != null ? "Unigram" : "BPE";
    return switch (kind) {
      case "BPE" -> {
        if (merges == null) {
          throw Refusal.of("the BPE model has no merges");
        }
        yield new BpeModel(
            tokens,
            merges.build(),
            new BpeModel.Options(unknown, fuseUnknown, byteFallback, ignoreMerges, prefix, suffix));
      }
      case "Unigram" -> {
        if (scores == null) {
          throw Refusal.of("the Unigram model's vocabulary has no scores");
        }
        if (unknownId >= tokens.size()) {
          throw Refusal.of("the Unigram model's unk_id is not in its vocabulary");
        }
        yield new UnigramModel(tokens, scores, unknownId, byteFallback);
      }
      default -> throw Refusal.unknown("model", kind);
    };
  }

  private void vocabulary(JsonParser json) throws IOException {
    if (vocabulary != null) {
      throw Refusal.of("the model has two vocabularies");
    }
    if (json.currentToken() == JsonToken.START_ARRAY) {
      scored(json);
      return;
    }
    if (json.currentToken() != JsonToken.START_OBJECT) {
      throw Refusal.of("the model's vocabulary is neither an object nor a list");
    }
    Vocabulary.Builder tokens = new Vocabulary.Builder(false);
    while (json.nextToken() != JsonToken.END_OBJECT) {
      String token = json.currentName();
      if (json.nextToken() != JsonToken.VALUE_NUMBER_INT
          || json.getNumberType() != JsonParser.NumberType.INT) {
        throw Refusal.of("the token " + Refusal.quote(token) + " has no id");
      }
      tokens.add(token, json.getIntValue());
    }
    vocabulary = tokens.build();
  }

  /** A vocabulary of [token, score], as Unigram has. */
  private void scored(JsonParser json) throws IOException {
    Vocabulary.Builder tokens = new Vocabulary.Builder(true);
    double[] values = new double[1 << 10];
    while (json.nextToken() != JsonToken.END_ARRAY) {
      int id = tokens.count();
      if (json.currentToken() != JsonToken.START_ARRAY
          || json.nextToken() != JsonToken.VALUE_STRING) {
        throw Refusal.of("entry " + id + " of the vocabulary is not a token and its score");
      }
      tokens.add(json.getText(), id);
      JsonToken score = json.nextToken();
      if (!score.isNumeric() || !Double.isFinite(json.getDoubleValue())) {
        throw Refusal.of("entry " + id + " of the vocabulary has no score");
      }
      if (id == values.length) {
        values = Arrays.copyOf(values, id * 2);
      }
      values[id] = json.getDoubleValue();
      if (json.nextToken() != JsonToken.END_ARRAY) {
        throw Refusal.of("entry " + id + " of the vocabulary is not a token and its score");
      }
    }
    scores = Arrays.copyOf(values, tokens.count());
    vocabulary = tokens.build();
  }

  private void merges(JsonParser json) throws IOException {
    if (json.currentToken() != JsonToken.START_ARRAY) {
      throw Refusal.of("the model's merges are not a list");
    }
    Vocabulary tokens = vocabulary;
    if (tokens == null || merges != null) {
      mergesPassed = true;
      json.skipChildren();
      return;
    }
    MergeTable.Builder table = new MergeTable.Builder();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() == JsonToken.VALUE_STRING) {
        String merge = json.getText();
        if (!merge.startsWith("#version")) {
          int space = merge.indexOf(' ');
          if (space < 0 || merge.indexOf(' ', space + 1) >= 0) {
            throw Refusal.of("merge " + table.size() + " is not two tokens with a space between");
          }
          add(tokens, table, merge.substring(0, space), merge.substring(space + 1));
        }
      } else if (json.currentToken() == JsonToken.START_ARRAY) {
        String left = element(json, table.size());
        String right = element(json, table.size());
        if (json.nextToken() != JsonToken.END_ARRAY) {
          throw Refusal.of("merge " + table.size() + " is not a pair");
        }
        add(tokens, table, left, right);
      } else {
        throw Refusal.of("merge " + table.size() + " is neither a string nor a pair");
      }
    }
    merges = table;
  }

  private static String element(JsonParser json, int merge) throws IOException {
    if (json.nextToken() != JsonToken.VALUE_STRING) {
      throw Refusal.of("merge " + merge + " is not a pair of tokens");
    }
    return json.getText();
  }

  private void add(Vocabulary tokens, MergeTable.Builder table, String left, String right) {
    int leftId = tokens.find(left);
    int rightId = tokens.find(right);
    int skip = prefix.isEmpty() ? 0 : prefix.getBytes(StandardCharsets.UTF_8).length;
    int result = leftId < 0 || rightId < 0 ? -1 : tokens.findJoined(leftId, rightId, skip);
    if (result < 0) {
      throw Refusal.of(
          "merge "
              + table.size()
              + " joins "
              + Refusal.quote(left)
              + " and "
              + Refusal.quote(right)
              + ", which are not in the vocabulary, or what they make is not");
    }
    table.add(leftId, rightId, result);
  }

  private static void dropout(JsonParser json) throws IOException {
    JsonToken token = json.currentToken();
    if (token == JsonToken.VALUE_NULL || (token.isNumeric() && json.getDoubleValue() == 0)) {
      return;
    }
    throw Refusal.of("the model's dropout would draw ids at random; set it to null");
  }

  private static String text(JsonParser json, String field) throws IOException {
    if (json.currentToken() != JsonToken.VALUE_STRING) {
      throw Refusal.of("the model's field " + field + " is not a string");
    }
    return json.getText();
  }

  private static @Nullable String nullableText(JsonParser json, String field) throws IOException {
    return json.currentToken() == JsonToken.VALUE_NULL ? null : text(json, field);
  }

  private static String orEmpty(@Nullable String text) {
    return text == null ? "" : text;
  }

  private static int nullableId(JsonParser json, String field) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return -1;
    }
    if (json.currentToken() != JsonToken.VALUE_NUMBER_INT
        || json.getNumberType() != JsonParser.NumberType.INT
        || json.getIntValue() < 0) {
      throw Refusal.of("the model's field " + field + " is not an id");
    }
    return json.getIntValue();
  }

  private static boolean flag(JsonParser json, String field) throws IOException {
    return switch (json.currentToken()) {
      case VALUE_TRUE -> true;
      case VALUE_FALSE, VALUE_NULL -> false;
      default -> throw Refusal.of("the model's field " + field + " is not true or false");
    };
  }
}
