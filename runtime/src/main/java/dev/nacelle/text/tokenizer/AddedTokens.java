package dev.nacelle.text.tokenizer;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** The tokens beside the model's own, their ids, and where they are in a text. */
final class AddedTokens {
  private final Map<String, Integer> ids = new HashMap<>();
  private final Map<Integer, AddedToken> tokens = new LinkedHashMap<>();
  private final Map<Integer, String> spellings = new HashMap<>();
  private final TokenMatcher raw;
  private final TokenMatcher normalized;
  private int size;

  AddedTokens(List<AddedToken> added, Vocabulary vocabulary, @Nullable Normalizer normalizer) {
    // As the reference: the model's own id, else the next free one, which is what files say too.
    int next = vocabulary.count();
    for (AddedToken token : added) {
      if (token.content().isEmpty()) {
        continue;
      }
      Integer known = ids.get(token.content());
      int id = known != null ? known : vocabulary.find(token.content());
      if (id < 0) {
        id = next++;
      }
      ids.put(token.content(), id);
      tokens.put(id, withId(token, id));
      size = Math.max(size, id + 1);
    }
    List<TokenMatcher.Entry> rawEntries = new ArrayList<>();
    List<TokenMatcher.Entry> normalizedEntries = new ArrayList<>();
    for (AddedToken token : tokens.values()) {
      if (!token.normalized() || normalizer == null) {
        (token.normalized() ? normalizedEntries : rawEntries)
            .add(new TokenMatcher.Entry(token.content(), token));
        continue;
      }
      String pattern = normalizer.normalize(AlignedText.of(token.content())).text();
      if (!pattern.isEmpty()) {
        normalizedEntries.add(new TokenMatcher.Entry(pattern, token));
        spellings.put(token.id(), pattern);
      }
    }
    raw = new TokenMatcher(rawEntries);
    normalized = new TokenMatcher(normalizedEntries);
  }

  private static AddedToken withId(AddedToken t, int id) {
    return new AddedToken(
        id, t.content(), t.singleWord(), t.lstrip(), t.rstrip(), t.normalized(), t.special());
  }

  /** One more than the largest id; 0 where there is none. */
  int size() {
    return size;
  }

  @Nullable AddedToken token(int id) {
    return tokens.get(id);
  }

  @Nullable Integer id(String content) {
    return ids.get(content);
  }

  /** How decoders see the token: normalized as in the text, so that they can undo it. */
  String decoded(AddedToken token) {
    return spellings.getOrDefault(token.id(), token.content());
  }

  /** The text cut at added tokens, what is between them normalized. */
  List<Piece> extract(String text, @Nullable Normalizer normalizer) {
    List<Piece> out = new ArrayList<>();
    for (Piece piece : raw.split(Piece.of(AlignedText.of(text)))) {
      if (piece.isToken()) {
        out.add(piece);
        continue;
      }
      AlignedText part = piece.toText();
      out.addAll(
          normalized.split(Piece.of(normalizer == null ? part : normalizer.normalize(part))));
    }
    return out;
  }
}
