package dev.nacelle.text.tokenizer;

import java.util.List;

/**
 * Writes a visible character for each space and splits before it.
 *
 * @param replacement the character, U+2581 as a rule
 * @param scheme where one goes before the text
 * @param splits whether pieces are split
 */
record Metaspace(int replacement, Scheme scheme, boolean splits) implements PreTokenizer.OfPiece {
  /** Before which pieces the character goes, where it is not there already. */
  enum Scheme {
    /** Before each. */
    ALWAYS,
    /** Before the one at the beginning of the text. */
    FIRST,
    NEVER
  }

  private static final Finder SPACE = Finder.literal(" ");

  @Override
  public void split(Piece piece, List<Piece> out) {
    String visible = Character.toString(replacement);
    boolean atStart = !piece.isEmpty() && piece.source().start(piece.from()) == 0;
    AlignedText text = piece.toText().replace(SPACE, visible);
    if ((scheme == Scheme.ALWAYS || (scheme == Scheme.FIRST && atStart))
        && !text.text().startsWith(visible)) {
      text = text.prepend(visible);
    }
    Piece whole = Piece.of(text);
    if (splits) {
      new PreTokenizer.Split(Finder.literal(visible), SplitBehavior.MERGED_WITH_NEXT)
          .split(whole, out);
    } else if (!whole.isEmpty()) {
      out.add(whole);
    }
  }
}
