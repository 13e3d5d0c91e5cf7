package dev.nacelle.text.tokenizer;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.text.Encoding;
import dev.nacelle.text.Tokenizer;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A file as large as the largest real ones (Gemma's) is held in little memory and read fast. */
class TokenizerCapacityTest {
  private static final int TOKENS = 262_144;
  private static final int MERGES = 514_906;
  private static final int LETTERS = 64;
  private static final char FIRST_LETTER = '\u4e00';

  /** Spellings and merges alone; less would mean that something else was measured. */
  private static final long MIN_HELD_BYTES = 10L << 20;

  private static final long MAX_HELD_BYTES = 30L << 20;

  @TempDir private static Path folder;

  @Test
  void holdsAQuarterMillionTokensInThirtyMegabytes() throws IOException {
    Path file = write();
    long start = System.nanoTime();
    Tokenizer tokenizer = TokenizerJson.load(file);
    double seconds = (System.nanoTime() - start) / 1e9;
    assertEquals(TOKENS, tokenizer.vocabularySize());
    assertEquals(MERGES, ((BpeModel) ((CompactTokenizer) tokenizer).model()).mergeCount());
    String text = text(new Random(7), 350_000);
    tokenizer.encode(text, false);
    start = System.nanoTime();
    Encoding encoding = tokenizer.encode(text, false);
    double encodeSeconds = (System.nanoTime() - start) / 1e9;
    int textBytes = text.getBytes(UTF_8).length;
    assertEquals(text, tokenizer.decode(encoding.ids(), false));
    long bytes = heldInAFreshProcess(file);
    System.out.printf(
        "tokenizer capacity: %d bytes of file, %.2f s to load, %d bytes held; %d bytes of text"
            + " without a space to %d tokens in %.2f s%n",
        Files.size(file), seconds, bytes, textBytes, encoding.length(), encodeSeconds);
    assertTrue(bytes >= MIN_HELD_BYTES && bytes <= MAX_HELD_BYTES, bytes + " bytes held");
  }

  /** In a process of its own: other tests' threads, and what they left, share this one's heap. */
  private static long heldInAFreshProcess(Path file) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-XX:+UseSerialGC",
            TokenizerCapacityTest.class.getName(),
            file.toString());
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process child = builder.redirectErrorStream(true).start();
    return Long.parseLong(new String(child.getInputStream().readAllBytes(), UTF_8).strip());
  }

  /** Prints what is given back when a tokenizer goes: what it held. */
  public static void main(String[] args) {
    Path file = Path.of(args[0]);
    // Once before: classes and constants that the first load brings stay.
    TokenizerJson.load(file);
    Tokenizer tokenizer = TokenizerJson.load(file);
    long with = held();
    assertEquals(TOKENS, tokenizer.vocabularySize());
    tokenizer = null;
    System.out.println(with - held());
  }

  private static long held() {
    Runtime runtime = Runtime.getRuntime();
    for (int i = 0; i < 2; i++) {
      System.gc();
    }
    return runtime.totalMemory() - runtime.freeMemory();
  }

  private static String text(Random random, int length) {
    StringBuilder out = new StringBuilder(length);
    for (int i = 0; i < length; i++) {
      out.append(letter(random.nextInt(LETTERS)));
    }
    return out.toString();
  }

  private static char letter(int index) {
    return (char) (FIRST_LETTER + index);
  }

  /** Words of one, two and three letters; each merge makes one of them. */
  private static String token(int id) {
    if (id < LETTERS) {
      return "" + letter(id);
    }
    int pair = id - LETTERS;
    if (pair < LETTERS * LETTERS) {
      return "" + letter(pair / LETTERS) + letter(pair % LETTERS);
    }
    int triple = pair - LETTERS * LETTERS;
    return token(LETTERS + triple / LETTERS) + letter(triple % LETTERS);
  }

  private static Path write() throws IOException {
    Path file = folder.resolve("large.json");
    try (BufferedWriter out = Files.newBufferedWriter(file)) {
      out.write("{\"version\":\"1.0\",\"added_tokens\":[],\"decoder\":{\"type\":\"Fuse\"},");
      out.write("\"model\":{\"type\":\"BPE\",\"vocab\":{");
      for (int id = 0; id < TOKENS; id++) {
        out.write((id == 0 ? "\"" : ",\"") + token(id) + "\":" + id);
      }
      out.write("},\"merges\":[");
      int merges = 0;
      for (int id = LETTERS; merges < MERGES; id++) {
        String token = token(id);
        for (int cut = 1; cut < token.length() && merges < MERGES; cut++) {
          out.write(merges++ == 0 ? "[\"" : ",[\"");
          out.write(token.substring(0, cut) + "\",\"" + token.substring(cut) + "\"]");
        }
      }
      out.write("]}}");
    }
    return file;
  }
}
