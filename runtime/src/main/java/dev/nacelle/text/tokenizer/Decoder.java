package dev.nacelle.text.tokenizer;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Turns tokens' spellings back into text, a list at each step, joined in the end. */
interface Decoder {
  List<String> decode(List<String> tokens);

  /** One after the other. */
  record Sequence(List<Decoder> parts) implements Decoder {
    @Override
    public List<String> decode(List<String> tokens) {
      List<String> now = tokens;
      for (Decoder part : parts) {
        now = part.decode(now);
      }
      return now;
    }
  }

  /** The byte alphabet undone; a token that is not written in it is taken as it stands. */
  record Bytes() implements Decoder {
    @Override
    public List<String> decode(List<String> tokens) {
      ByteArrayOutputStream out = new ByteArrayOutputStream(tokens.size() * 4);
      for (String token : tokens) {
        if (token.chars().allMatch(c -> ByteAlphabet.value((char) c) >= 0)) {
          token.chars().forEach(c -> out.write(ByteAlphabet.value((char) c)));
        } else {
          out.writeBytes(token.getBytes(StandardCharsets.UTF_8));
        }
      }
      return List.of(out.toString(StandardCharsets.UTF_8));
    }
  }

  /** Runs of {@code <0x41>} become text, or one U+FFFD a byte where they are no UTF-8. */
  record ByteFallback() implements Decoder {
    @Override
    public List<String> decode(List<String> tokens) {
      List<String> out = new ArrayList<>(tokens.size());
      ByteArrayOutputStream run = new ByteArrayOutputStream();
      for (String token : tokens) {
        int value = value(token);
        if (value >= 0) {
          run.write(value);
          continue;
        }
        flush(run, out);
        out.add(token);
      }
      flush(run, out);
      return out;
    }

    private static int value(String token) {
      if (token.length() != 6 || !token.startsWith("<0x") || !token.endsWith(">")) {
        return -1;
      }
      int high = Character.digit(token.charAt(3), 16);
      int low = Character.digit(token.charAt(4), 16);
      return high < 0 || low < 0 ? -1 : high << 4 | low;
    }

    private static void flush(ByteArrayOutputStream run, List<String> out) {
      if (run.size() == 0) {
        return;
      }
      try {
        out.add(
            StandardCharsets.UTF_8
                .newDecoder()
                .decode(ByteBuffer.wrap(run.toByteArray()))
                .toString());
      } catch (CharacterCodingException e) {
        out.add("\ufffd".repeat(run.size()));
      }
      run.reset();
    }
  }

  /** All tokens in one. */
  record Fuse() implements Decoder {
    @Override
    public List<String> decode(List<String> tokens) {
      return List.of(String.join("", tokens));
    }
  }

  /** Some of one character off each token's ends. */
  record Strip(int content, int start, int stop) implements Decoder {
    @Override
    public List<String> decode(List<String> tokens) {
      return tokens.stream().map(this::strip).toList();
    }

    private String strip(String token) {
      int width = Character.charCount(content);
      int from = 0;
      int to = token.length();
      for (int i = 0; i < start && from < to && token.codePointAt(from) == content; i++) {
        from += width;
      }
      for (int i = 0; i < stop && to > from && token.codePointBefore(to) == content; i++) {
        to -= width;
      }
      return token.substring(from, to);
    }
  }

  /** One content for all that a pattern finds in each token. */
  record Replace(Finder finder, String content) implements Decoder {
    @Override
    public List<String> decode(List<String> tokens) {
      List<String> out = new ArrayList<>(tokens.size());
      for (String token : tokens) {
        StringBuilder replaced = new StringBuilder();
        Spans spans = finder.find(token, 0, token.length());
        for (int i = 0; i < spans.size(); i++) {
          if (spans.isMatch(i)) {
            replaced.append(content);
          } else {
            replaced.append(token, spans.start(i), spans.end(i));
          }
        }
        out.add(replaced.toString());
      }
      return out;
    }
  }

  /**
   * Spaces for the visible character; none for those of the first token where one was put there.
   */
  record Metaspace(int replacement, boolean prepends) implements Decoder {
    @Override
    public List<String> decode(List<String> tokens) {
      String visible = Character.toString(replacement);
      List<String> out = new ArrayList<>(tokens.size());
      for (String token : tokens) {
        out.add(token.replace(visible, out.isEmpty() && prepends ? "" : " "));
      }
      return out;
    }
  }

  /** A suffix marks the end of a word. */
  record WordEnds(String suffix) implements Decoder {
    @Override
    public List<String> decode(List<String> tokens) {
      List<String> out = new ArrayList<>(tokens.size());
      for (int i = 0; i < tokens.size(); i++) {
        out.add(tokens.get(i).replace(suffix, i == tokens.size() - 1 ? "" : " "));
      }
      return out;
    }
  }
}
