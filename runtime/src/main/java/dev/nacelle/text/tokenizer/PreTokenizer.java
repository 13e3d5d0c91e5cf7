package dev.nacelle.text.tokenizer;

import java.util.ArrayList;
import java.util.List;

/** Splits a text into the pieces that the model then sees one by one. */
interface PreTokenizer {
  /** Pieces that are tokens already are kept as they are; empty ones are left out. */
  List<Piece> split(List<Piece> pieces);

  /** A pre-tokenizer that treats each piece by itself. */
  interface OfPiece extends PreTokenizer {
    void split(Piece piece, List<Piece> out);

    @Override
    default List<Piece> split(List<Piece> pieces) {
      List<Piece> out = new ArrayList<>(pieces.size() * 2);
      for (Piece piece : pieces) {
        if (piece.isToken()) {
          out.add(piece);
        } else {
          split(piece, out);
        }
      }
      return out;
    }
  }

  /** Splits at what the finder finds. */
  record Split(Finder finder, SplitBehavior behavior) implements OfPiece {
    @Override
    public void split(Piece piece, List<Piece> out) {
      AlignedText source = piece.source();
      Spans spans = behavior.apply(finder.find(source.text(), piece.from(), piece.to()));
      for (int i = 0; i < spans.size(); i++) {
        if (!spans.isMatch(i) && spans.start(i) < spans.end(i)) {
          out.add(new Piece(source, spans.start(i), spans.end(i)));
        }
      }
    }
  }

  /** Words, and what is neither word nor white space, each in one piece. */
  record Whitespace() implements OfPiece {
    @Override
    public void split(Piece piece, List<Piece> out) {
      String text = piece.source().text();
      int at = piece.from();
      int begin = at;
      int kind = 0;
      while (at < piece.to()) {
        int c = text.codePointAt(at);
        int now = Chars.isWord(c) ? 1 : Chars.isWhiteSpace(c) ? 0 : 2;
        if (now != kind) {
          add(piece, kind, begin, at, out);
          begin = at;
          kind = now;
        }
        at += Character.charCount(c);
      }
      add(piece, kind, begin, at, out);
    }

    private static void add(Piece piece, int kind, int begin, int end, List<Piece> out) {
      if (kind != 0 && begin < end) {
        out.add(new Piece(piece.source(), begin, end));
      }
    }
  }

  /** One after the other. */
  record Sequence(List<PreTokenizer> parts) implements PreTokenizer {
    @Override
    public List<Piece> split(List<Piece> pieces) {
      List<Piece> now = pieces;
      for (PreTokenizer part : parts) {
        now = part.split(now);
      }
      return now;
    }
  }
}
