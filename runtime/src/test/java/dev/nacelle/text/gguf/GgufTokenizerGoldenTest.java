package dev.nacelle.text.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.text.StreamDecoder;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.zip.CRC32;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Tokenizers out of GGUF metadata give the ids, and decode to the text, that the reference gives
 * for the tokenizer.json that means the same, on every hard string.
 */
final class GgufTokenizerGoldenTest {
  /** Kinds that lie in a file of their own; all others share one and differ in their cut. */
  private static final Set<String> OWN_FILE =
      Set.of("llama", "llama-no-prefix", "gemma4", "unigram");

  @TempDir private static Path folder;

  static List<String> kinds() {
    List<String> names = new ArrayList<>();
    GgufGoldens.read("kinds").fieldNames().forEachRemaining(names::add);
    return names;
  }

  @Test
  void thereAreEnoughKinds() {
    assertEquals(31, kinds().size());
  }

  @ParameterizedTest
  @MethodSource("kinds")
  void answersAsTheReference(String kind) throws IOException {
    Path file = GgufGoldens.unpack(OWN_FILE.contains(kind) ? kind : "bytes", folder);
    GgufVocabulary vocabulary = GgufGoldens.vocabulary(file);
    Tokenizer tokenizer =
        GgufTokenizer.of(
            OWN_FILE.contains(kind) ? vocabulary : GgufGoldens.withPre(vocabulary, kind), file);
    JsonNode strings = GgufGoldens.strings();
    JsonNode ids = GgufGoldens.read("kinds").get(kind).get("ids");
    JsonNode texts = GgufGoldens.read("kinds").get(kind).get("text");
    assertTrue(strings.size() >= 2_000);
    List<String> wrong = new ArrayList<>();
    for (int i = 0; i < strings.size(); i++) {
      String text = strings.get(i).get(1).textValue();
      int[] own = tokenizer.encode(text, false).ids();
      if (crc(own) != ids.get(i).longValue()) {
        wrong.add(i + " '" + text + "' " + Arrays.toString(own));
        continue;
      }
      String decoded = tokenizer.decode(own, false);
      if (!texts.isEmpty()
          && crc(decoded.getBytes(StandardCharsets.UTF_8)) != texts.get(i).longValue()) {
        wrong.add(i + " '" + text + "' decoded '" + decoded + "'");
      }
      if (i % 4 == 0) {
        assertEquals(decoded, streamed(tokenizer, own), text);
      }
    }
    assertTrue(wrong.isEmpty(), () -> wrong.size() + " wrong: " + wrong.getFirst());
  }

  private static String streamed(Tokenizer tokenizer, int[] ids) {
    StreamDecoder decoder = new StreamDecoder(tokenizer, false);
    StringBuilder out = new StringBuilder();
    for (int id : ids) {
      out.append(decoder.next(id));
    }
    return out.append(decoder.finish()).toString();
  }

  private static long crc(int[] ids) {
    ByteBuffer bytes = ByteBuffer.allocate(ids.length * 4).order(ByteOrder.LITTLE_ENDIAN);
    for (int id : ids) {
      bytes.putInt(id);
    }
    return crc(bytes.array());
  }

  private static long crc(byte[] bytes) {
    CRC32 crc = new CRC32();
    crc.update(bytes);
    return crc.getValue() & 0xffff;
  }

  /** Every name loads, so that no rule's pattern is one that our reader refuses. */
  @Test
  void everyNamedRuleIsRead() throws IOException {
    Path file = GgufGoldens.unpack("bytes", folder);
    GgufVocabulary vocabulary = GgufGoldens.vocabulary(file);
    Set<String> names = new TreeSet<>(PreTokenizerRules.all());
    assertTrue(names.size() >= 70, names.toString());
    for (String name : names) {
      Tokenizer tokenizer = GgufTokenizer.of(GgufGoldens.withPre(vocabulary, name), file);
      assertEquals(
          "Hello 123, wörld!\n",
          tokenizer.decode(tokenizer.encode("Hello 123, wörld!\n", false).ids(), false),
          name);
    }
  }

  /**
   * The vocabulary files of llama.cpp (MIT), cut down to what their own texts can meet, give the
   * ids that the models' own tokenizers gave.
   */
  @Test
  void reducedVocabularies() throws IOException {
    JsonNode goldens = GgufGoldens.read("reduced");
    int[] counts = new int[2];
    for (var entry : goldens.properties()) {
      Path file = GgufGoldens.unpack(entry.getKey(), folder);
      try (GgufFile open = GgufFile.open(file)) {
        Tokenizer tokenizer = GgufText.read(open, file).tokenizer();
        JsonNode texts = entry.getValue().get("texts");
        for (int i = 0; i < texts.size(); i++) {
          JsonNode ids = entry.getValue().get("ids").get(i);
          String text = texts.get(i).textValue();
          assertEquals(
              ids.toString(),
              Arrays.toString(tokenizer.encode(text, false).ids()).replace(" ", ""),
              entry.getKey() + " '" + text + "'");
          counts[1]++;
        }
      }
      counts[0]++;
      Files.delete(file);
    }
    assertEquals(14, counts[0]);
    assertTrue(counts[1] >= 640, counts[1] + " texts");
  }
}
