package dev.nacelle.text.gguf;

import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.Quoted;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * The scores behind a list of merges: GGUF's SentencePiece kind keeps no merges, a token is made of
 * any two that spell it, the token with the best score first. So the scores fall in the order in
 * which the list first makes each token, and the list must be one that scores can stand for.
 */
final class MergeScores {
  private MergeScores() {}

  /**
   * @param rows how many scores there are to be
   */
  static float[] of(TokenizerParts parts, int rows) {
    float[] scores = new float[rows];
    int rank = 0;
    Set<String> made = new HashSet<>();
    for (String merge : parts.merges()) {
      String token = joined(merge);
      int id = parts.id(token);
      if (id >= 0 && made.add(token)) {
        scores[id] = -rank;
        rank++;
      }
    }
    return scores;
  }

  private static String joined(String merge) {
    int space = merge.indexOf(' ', 1);
    return merge.substring(0, space) + merge.substring(space + 1);
  }

  /**
   * Refuses a list of merges that is not what the scores give: the same tokens in the same order,
   * each of the same pairs.
   */
  static void require(TokenizerParts parts, GgufVocabulary vocabulary, Path file) {
    Map<String, Set<String>> wanted = new LinkedHashMap<>();
    String last = "";
    for (String merge : parts.merges()) {
      String token = joined(merge);
      if (!token.equals(last) && wanted.containsKey(token)) {
        throw refusal(file, token, "merges of other tokens stand between its own");
      }
      wanted.computeIfAbsent(token, t -> new HashSet<>()).add(merge);
      last = token;
    }
    Map<String, Set<String>> made = made(vocabulary);
    List<String> order = new ArrayList<>(made.keySet());
    int at = 0;
    for (Map.Entry<String, Set<String>> token : wanted.entrySet()) {
      if (at == order.size() || !order.get(at).equals(token.getKey())) {
        throw refusal(
            file,
            at == order.size() ? token.getKey() : order.get(at),
            "it is made at another place");
      }
      if (!token.getValue().equals(made.get(token.getKey()))) {
        throw refusal(file, token.getKey(), "it is spelt by pairs that the merges do not list");
      }
      at++;
    }
    if (at < order.size()) {
      throw refusal(file, order.get(at), "two tokens spell it, and no merge makes it");
    }
  }

  private static Map<String, Set<String>> made(GgufVocabulary vocabulary) {
    Map<String, Set<String>> made = new LinkedHashMap<>();
    try {
      ScoredMerges.of(vocabulary)
          .forEach(
              (left, right) ->
                  made.computeIfAbsent(left + right, t -> new HashSet<>()).add(left + ' ' + right));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // no file is involved
    }
    return made;
  }

  private static RuntimeException refusal(Path file, String token, String why) {
    return FolderVocabulary.refusal(
        file,
        "its merges follow no order of scores, which is what GGUF keeps for this kind (token "
            + Quoted.name(token)
            + ": "
            + why
            + ")");
  }
}
