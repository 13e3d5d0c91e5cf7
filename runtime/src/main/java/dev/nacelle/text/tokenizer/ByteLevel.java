package dev.nacelle.text.tokenizer;

import java.util.ArrayList;
import java.util.List;

/**
 * Spells the text's UTF-8 with the {@link ByteAlphabet}, after splitting it as GPT-2 does.
 *
 * @param addPrefixSpace whether a space goes before a piece that begins with none
 * @param useRegex whether pieces are split first
 */
record ByteLevel(boolean addPrefixSpace, boolean useRegex) implements PreTokenizer {
  private static final Finder WORDS =
      RegexFinder.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+");

  @Override
  public List<Piece> split(List<Piece> pieces) {
    // One text for all pieces: its parts are known by their ends until it is built.
    AlignedText.Builder bytes = new AlignedText.Builder(0, 64);
    Ints ends = new Ints(pieces.size() * 2);
    for (Piece piece : pieces) {
      if (!piece.isToken()) {
        write(piece, bytes, ends);
      }
    }
    AlignedText built = bytes.build();
    List<Piece> out = new ArrayList<>(pieces.size() + ends.size());
    int part = 0;
    int from = 0;
    for (Piece piece : pieces) {
      if (piece.isToken()) {
        out.add(piece);
        continue;
      }
      while (part < ends.size() && ends.get(part) >= 0) {
        out.add(new Piece(built, from, ends.get(part)));
        from = ends.get(part++);
      }
      part++;
    }
    return out;
  }

  /** Writes a piece's parts, and −1 behind the last one's end. */
  private void write(Piece piece, AlignedText.Builder bytes, Ints ends) {
    AlignedText source = piece.source();
    int from = piece.from();
    int to = piece.to();
    if (addPrefixSpace && !piece.startsWith(' ')) {
      source = piece.toText().prepend(" ");
      from = 0;
      to = source.length();
    }
    if (useRegex) {
      Spans spans = WORDS.find(source.text(), from, to);
      for (int i = 0; i < spans.size(); i++) {
        if (spans.start(i) < spans.end(i)) {
          ByteAlphabet.append(bytes, source, spans.start(i), spans.end(i));
          ends.add(bytes.length());
        }
      }
    } else if (from < to) {
      ByteAlphabet.append(bytes, source, from, to);
      ends.add(bytes.length());
    }
    ends.add(-1);
  }
}
