package dev.nacelle.text.tokenizer;

import java.text.Normalizer.Form;
import java.util.ArrayList;
import java.util.List;

/** Builds the parts that tokenizer.json describes by type and fields. */
final class PartReader {
  private PartReader() {}

  static Normalizer normalizer(Part part) {
    return switch (part.type()) {
      case "Sequence" -> new Normalizer.Sequence(part.each("normalizers", PartReader::normalizer));
      case "NFC" -> new UnicodeForm(Form.NFC);
      case "NFD" -> new UnicodeForm(Form.NFD);
      case "NFKC" -> new UnicodeForm(Form.NFKC);
      case "NFKD" -> new UnicodeForm(Form.NFKD);
      case "Lowercase" -> new Normalizer.Lowercase();
      case "Strip" ->
          new Normalizer.Strip(part.flag("strip_left", true), part.flag("strip_right", true));
      case "StripAccents" -> new Normalizer.StripAccents();
      case "Nmt" -> new Normalizer.Nmt();
      case "Prepend" -> new Normalizer.Prepend(part.string("prepend"));
      case "Replace" -> new Normalizer.Replace(part.pattern("pattern"), part.string("content"));
      case "ByteLevel" -> new Normalizer.Bytes();
      default -> throw part.unknown();
    };
  }

  static PreTokenizer preTokenizer(Part part) {
    return switch (part.type()) {
      case "Sequence" ->
          new PreTokenizer.Sequence(part.each("pretokenizers", PartReader::preTokenizer));
      case "ByteLevel" ->
          new ByteLevel(part.flag("add_prefix_space", true), part.flag("use_regex", true));
      case "Split" -> {
        Finder finder = part.pattern("pattern");
        yield new PreTokenizer.Split(
            part.flag("invert", false) ? finder.inverted() : finder, behavior(part));
      }
      case "Digits" ->
          new PreTokenizer.Split(
              Finder.characters(Chars::isNumeric),
              part.flag("individual_digits", false)
                  ? SplitBehavior.ISOLATED
                  : SplitBehavior.CONTIGUOUS);
      case "Punctuation" ->
          new PreTokenizer.Split(
              Finder.characters(Chars::isPunctuation),
              part.has("behavior") ? behavior(part) : SplitBehavior.ISOLATED);
      case "Whitespace" -> new PreTokenizer.Whitespace();
      case "WhitespaceSplit" ->
          new PreTokenizer.Split(Finder.characters(Chars::isWhiteSpace), SplitBehavior.REMOVED);
      case "CharDelimiterSplit" -> {
        int delimiter = part.character("delimiter");
        yield new PreTokenizer.Split(Finder.characters(c -> c == delimiter), SplitBehavior.REMOVED);
      }
      case "BertPreTokenizer" ->
          new PreTokenizer.Sequence(
              List.of(
                  new PreTokenizer.Split(
                      Finder.characters(Chars::isWhiteSpace), SplitBehavior.REMOVED),
                  new PreTokenizer.Split(
                      Finder.characters(Chars::isPunctuation), SplitBehavior.ISOLATED)));
      case "Metaspace" ->
          new Metaspace(part.character("replacement"), scheme(part), part.flag("split", true));
      default -> throw part.unknown();
    };
  }

  private static SplitBehavior behavior(Part part) {
    return switch (part.string("behavior")) {
      case "Removed" -> SplitBehavior.REMOVED;
      case "Isolated" -> SplitBehavior.ISOLATED;
      case "MergedWithPrevious" -> SplitBehavior.MERGED_WITH_PREVIOUS;
      case "MergedWithNext" -> SplitBehavior.MERGED_WITH_NEXT;
      case "Contiguous" -> SplitBehavior.CONTIGUOUS;
      default -> throw part.wrong("behavior", "one that Nacelle knows");
    };
  }

  private static Metaspace.Scheme scheme(Part part) {
    if (!part.has("prepend_scheme")) {
      // Files from before there was a scheme.
      return part.flag("add_prefix_space", true) ? Metaspace.Scheme.ALWAYS : Metaspace.Scheme.NEVER;
    }
    Metaspace.Scheme scheme =
        switch (part.string("prepend_scheme")) {
          case "always" -> Metaspace.Scheme.ALWAYS;
          case "first" -> Metaspace.Scheme.FIRST;
          case "never" -> Metaspace.Scheme.NEVER;
          default -> throw part.wrong("prepend_scheme", "always, first or never");
        };
    if (!part.flag("add_prefix_space", true) && scheme != Metaspace.Scheme.NEVER) {
      throw Refusal.of("the Metaspace's add_prefix_space contradicts its prepend_scheme");
    }
    return scheme;
  }

  static PostProcessor postProcessor(Part part) {
    return switch (part.type()) {
      case "Sequence" ->
          new PostProcessor.Sequence(part.each("processors", PartReader::postProcessor));
      case "ByteLevel" ->
          part.flag("trim_offsets", true)
              ? new PostProcessor.TrimOffsets(part.flag("add_prefix_space", true))
              : new PostProcessor.Sequence(List.of());
      case "TemplateProcessing" -> template(part);
      case "BertProcessing" -> frame(part);
      case "RobertaProcessing" ->
          part.flag("trim_offsets", true)
              ? new PostProcessor.Sequence(
                  List.of(
                      new PostProcessor.TrimOffsets(part.flag("add_prefix_space", true)),
                      frame(part)))
              : frame(part);
      default -> throw part.unknown();
    };
  }

  private static PostProcessor frame(Part part) {
    return new PostProcessor.Frame(List.of(part.pairedId("cls")), List.of(part.pairedId("sep")));
  }

  private static PostProcessor template(Part part) {
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    int[] texts = new int[1];
    part.each(
        "single",
        piece -> {
          if (piece.has("Sequence")) {
            if (!piece.part("Sequence").string("id").equals("A") || texts[0]++ > 0) {
              throw Refusal.of("the template for a single text does not hold it once");
            }
          } else {
            String token = piece.part("SpecialToken").string("id");
            (texts[0] == 0 ? before : after)
                .addAll(part.part("special_tokens").part(token).ids("ids"));
          }
          return piece;
        });
    if (texts[0] == 0) {
      throw Refusal.of("the template for a single text does not hold it once");
    }
    return new PostProcessor.Frame(before, after);
  }

  static Decoder decoder(Part part) {
    return switch (part.type()) {
      case "Sequence" -> new Decoder.Sequence(part.each("decoders", PartReader::decoder));
      case "ByteLevel" -> new Decoder.Bytes();
      case "ByteFallback" -> new Decoder.ByteFallback();
      case "Fuse" -> new Decoder.Fuse();
      case "Strip" ->
          new Decoder.Strip(part.character("content"), part.number("start"), part.number("stop"));
      case "Replace" -> new Decoder.Replace(part.pattern("pattern"), part.string("content"));
      case "Metaspace" ->
          new Decoder.Metaspace(
              part.character("replacement"), scheme(part) != Metaspace.Scheme.NEVER);
      case "BPEDecoder" -> new Decoder.WordEnds(part.string("suffix"));
      default -> throw part.unknown();
    };
  }

  static AddedToken addedToken(Part part) {
    return new AddedToken(
        part.number("id"),
        part.string("content"),
        part.flag("single_word", false),
        part.flag("lstrip", false),
        part.flag("rstrip", false),
        part.flag("normalized", true),
        part.flag("special", false));
  }
}
