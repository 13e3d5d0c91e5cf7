package dev.nacelle.text.tokenizer;

import dev.nacelle.NacelleException;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Tokenizer;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;

/**
 * The parts put together: added tokens, normalizer, pre-tokenizer, model, post-processor, decoder.
 */
final class CompactTokenizer implements Tokenizer {
  /** What a tokenizer is made of, wherever it was read from; null where there is no such part. */
  record Parts(
      Model model,
      @Nullable Normalizer normalizer,
      @Nullable PreTokenizer preTokenizer,
      @Nullable PostProcessor postProcessor,
      @Nullable Decoder decoder,
      List<AddedToken> addedTokens) {}

  private final Parts parts;
  private final Vocabulary vocabulary;
  private final AddedTokens added;

  CompactTokenizer(Parts parts) {
    this.parts = parts;
    this.vocabulary = parts.model.vocabulary();
    this.added = new AddedTokens(parts.addedTokens, vocabulary, parts.normalizer);
  }

  Model model() {
    return parts.model;
  }

  @Override
  public Encoding encode(String text, boolean addSpecialTokens) {
    List<Piece> pieces = added.extract(Chars.withoutLoneSurrogates(text), parts.normalizer);
    if (parts.preTokenizer != null) {
      pieces = parts.preTokenizer.split(pieces);
    }
    Ints ids = new Ints(text.length() / 3 + 8);
    Ints starts = new Ints(text.length() / 3 + 8);
    Ints ends = new Ints(text.length() / 3 + 8);
    Model.Session session = parts.model.open();
    for (Piece piece : pieces) {
      AlignedText source = piece.source();
      TokenSink sink =
          (id, start, end) -> {
            ids.add(id);
            starts.add(source.start(start));
            ends.add(source.end(end - 1));
          };
      if (piece.isToken()) {
        sink.token(piece.token(), piece.from(), piece.to());
      } else if (!piece.isEmpty()) {
        session.encode(source.text(), piece.from(), piece.to(), sink);
      }
    }
    TokenList tokens = new TokenList(text, ids, starts, ends, this::spelling);
    if (parts.postProcessor != null) {
      parts.postProcessor.process(tokens, addSpecialTokens);
    }
    return tokens.toEncoding();
  }

  @Override
  public String decode(int[] ids, boolean skipSpecialTokens) {
    List<String> tokens = new ArrayList<>(ids.length);
    for (int id : ids) {
      AddedToken token = added.token(id);
      if (token != null) {
        if (!skipSpecialTokens || !token.special()) {
          tokens.add(added.decoded(token));
        }
      } else if (vocabulary.has(id)) {
        // Ids that no token has, padding of the embedding say, are passed over.
        tokens.add(vocabulary.token(id));
      }
    }
    if (parts.decoder == null) {
      return String.join(" ", tokens);
    }
    return String.join("", parts.decoder.decode(tokens));
  }

  private String spelling(int id) {
    AddedToken token = added.token(id);
    return token != null ? token.content() : vocabulary.has(id) ? vocabulary.token(id) : "";
  }

  @Override
  public String token(int id) {
    if (added.token(id) == null && !vocabulary.has(id)) {
      throw NacelleException.input(
          "The tokenizer has no token with the id " + id + ".",
          "Its ids are below " + vocabularySize() + ".");
    }
    return spelling(id);
  }

  @Override
  public OptionalInt id(String token) {
    Integer known = added.id(token);
    int id = known != null ? known : vocabulary.find(token);
    return id < 0 ? OptionalInt.empty() : OptionalInt.of(id);
  }

  @Override
  public boolean isSpecial(int id) {
    AddedToken token = added.token(id);
    return token != null && token.special();
  }

  @Override
  public int vocabularySize() {
    return Math.max(vocabulary.size(), added.size());
  }
}
