package dev.nacelle.text.gguf;

import dev.nacelle.file.GgufVocabulary;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The merges behind a SentencePiece vocabulary, which keeps scores alone: a token may come of any
 * two tokens that spell it, and the pair whose token has the best score is joined first. Among
 * equal scores the longer left part goes first, then the longer right one, as in the conversion
 * that made the models' own tokenizer.json files.
 */
final class ScoredMerges implements PairModel.Pairs {
  private record Merge(int token, int left, int right) {}

  /** Longer tokens than any model has would take time by the square of their length. */
  private static final int LONGEST = 512;

  private final List<String> tokens;
  private final List<Merge> merges = new ArrayList<>();

  private ScoredMerges(GgufVocabulary vocabulary) {
    tokens = vocabulary.tokens();
    Map<String, Integer> ids = new HashMap<>(vocabulary.tokens().size() * 2);
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      if (isText(vocabulary, id)) {
        ids.put(vocabulary.tokens().get(id), id);
      }
    }
    for (int id = 0; id < vocabulary.tokens().size(); id++) {
      if (isText(vocabulary, id)) {
        split(vocabulary.tokens().get(id), id, ids);
      }
    }
    merges.sort(
        Comparator.comparingDouble((Merge merge) -> -vocabulary.scores()[merge.token])
            .thenComparingInt(merge -> -length(merge.left))
            .thenComparingInt(merge -> -length(merge.right))
            .thenComparingInt(Merge::token));
  }

  /** Tokens of other types stand for no text, or are found in it before there are merges. */
  private static boolean isText(GgufVocabulary vocabulary, int id) {
    int type = vocabulary.type(id);
    return type == GgufVocabulary.NORMAL || type == GgufVocabulary.UNUSED;
  }

  private void split(String token, int id, Map<String, Integer> ids) {
    if (token.length() > LONGEST) {
      return;
    }
    for (int at = 1; at < token.length(); at++) {
      if (Character.isLowSurrogate(token.charAt(at))) {
        continue;
      }
      Integer left = ids.get(token.substring(0, at));
      Integer right = left == null ? null : ids.get(token.substring(at));
      if (left != null && right != null) {
        merges.add(new Merge(id, left, right));
      }
    }
  }

  private int length(int id) {
    String token = tokens.get(id);
    return token.codePointCount(0, token.length());
  }

  static PairModel.Pairs of(GgufVocabulary vocabulary) {
    return new ScoredMerges(vocabulary);
  }

  @Override
  public void forEach(PairModel.PairSink sink) throws IOException {
    for (Merge merge : merges) {
      sink.pair(tokens.get(merge.left), tokens.get(merge.right));
    }
  }
}
