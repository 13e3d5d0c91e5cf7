package dev.nacelle.text.tokenizer;

import java.util.List;

/** Adds the tokens that frame a text, and trims offsets. */
interface PostProcessor {
  void process(TokenList tokens, boolean addSpecialTokens);

  /** Tokens before and behind the text. */
  record Frame(List<Integer> before, List<Integer> after) implements PostProcessor {
    @Override
    public void process(TokenList tokens, boolean addSpecialTokens) {
      if (addSpecialTokens) {
        tokens.frame(before, after);
      }
    }
  }

  /** Takes the white space at a byte-level token's ends out of its range. */
  record TrimOffsets(boolean addPrefixSpace) implements PostProcessor {
    @Override
    public void process(TokenList tokens, boolean addSpecialTokens) {
      tokens.trim(addPrefixSpace);
    }
  }

  /** One after the other. */
  record Sequence(List<PostProcessor> parts) implements PostProcessor {
    @Override
    public void process(TokenList tokens, boolean addSpecialTokens) {
      for (PostProcessor part : parts) {
        part.process(tokens, addSpecialTokens);
      }
    }
  }
}
