package dev.nacelle.text.gguf;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.GgufVocabulary;
import dev.nacelle.file.GgufWriter;
import dev.nacelle.text.Tokenizer;
import dev.nacelle.text.tokenizer.TokenizerJson;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Tokenizers of folders, written as GGUF metadata and read back, give the same ids. */
final class FolderVocabularyTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path folder;

  /** Through a file on disk, with a row more than there are tokens. */
  private GgufVocabulary writtenAndRead(int rows) {
    GgufVocabulary made = FolderVocabulary.of(folder, rows, List.of());
    GgufWriter writer = new GgufWriter(32).put("general.architecture", "llama");
    GgufVocabularyKeys.put(writer, made);
    Path file = folder.resolve("vocabulary.gguf");
    writer.write(file, FaultInjector.none());
    return GgufGoldens.vocabulary(file);
  }

  private int put(JsonNode tokenizer) throws IOException {
    Path file = folder.resolve("tokenizer.json");
    JSON.writeValue(file.toFile(), tokenizer);
    return TokenizerJson.load(file).vocabularySize();
  }

  private static ObjectNode golden(String name) {
    return (ObjectNode) GgufGoldens.json("/goldens/tokenizer/" + name + ".tokenizer.json.gz");
  }

  private static void holdIds(Tokenizer wanted, Tokenizer made) {
    List<String> wrong = new ArrayList<>();
    int compared = 0;
    for (JsonNode string : GgufGoldens.strings()) {
      String text = string.get(1).textValue();
      for (boolean special : new boolean[] {false, true}) {
        if (!Arrays.equals(wanted.encode(text, special).ids(), made.encode(text, special).ids())) {
          wrong.add(text);
        }
        compared++;
      }
    }
    assertTrue(compared >= 4_000, () -> "few strings");
    assertTrue(wrong.isEmpty(), () -> wrong.size() + " wrong: " + wrong.getFirst());
  }

  /** As models have them, and with more rows in the token table than there are tokens. */
  @Test
  void idsOfFolders() throws IOException {
    ObjectNode gpt2 = golden("gpt2");
    ((ArrayNode) gpt2.get("added_tokens")).remove(4); // swallows spaces
    ((ArrayNode) gpt2.get("added_tokens")).remove(3); // between word boundaries only
    ObjectNode llama3 = golden("llama3");
    llama3.putNull("normalizer");
    for (ObjectNode tokenizer : List.of(gpt2, llama3)) {
      int size = put(tokenizer);
      Tokenizer wanted = TokenizerJson.load(folder.resolve("tokenizer.json"));
      GgufVocabulary vocabulary = writtenAndRead(size + 3);
      assertEquals(size + 3, vocabulary.tokens().size());
      assertEquals(GgufVocabulary.UNUSED, vocabulary.type(size + 2));
      assertEquals(tokenizer.equals(gpt2) ? "gpt-2" : "llama-bpe", vocabulary.pre());
      assertEquals(tokenizer.equals(llama3), vocabulary.habits().addBos());
      holdIds(wanted, GgufTokenizer.of(vocabulary, folder));
    }
  }

  /** What no GGUF file can ask for is refused, and named. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "roberta: a space before each text",
        "gemma: order of scores",
        "metaspace: Metaspace",
        "falcon: NFKC",
        "llama3: NFC",
        "unigram: WhitespaceSplit",
        "unigram-bytes: NFKD",
        "llama2: order of scores",
        "gpt2: gives other ids for"
      })
  void otherStepsAreRefusedByName(String line) throws IOException {
    int size = put(golden(line.substring(0, line.indexOf(':'))));
    NacelleException refusal =
        assertThrows(NacelleException.class, () -> FolderVocabulary.of(folder, size, List.of()));
    assertEquals(NacelleException.Kind.INPUT, refusal.kind());
    String step = line.substring(line.indexOf(':') + 2);
    assertTrue(String.valueOf(refusal.getMessage()).contains(step), refusal::getMessage);
  }

  static Set<String> kinds() {
    Set<String> names = new TreeSet<>();
    GgufGoldens.read("kinds").fieldNames().forEachRemaining(names::add);
    names.remove("gemma4"); // pairs listed in a SentencePiece spelling: no folder of a Llama has it
    return names;
  }

  @Test
  void thereAreEnoughKinds() {
    assertEquals(30, kinds().size());
  }

  /** GGUF to a folder and back: the name may be another of the same meaning, the ids are not. */
  @ParameterizedTest
  @MethodSource("kinds")
  void everyKindComesBack(String kind) throws IOException {
    boolean own = Set.of("llama", "llama-no-prefix", "unigram").contains(kind);
    Path file = GgufGoldens.unpack(own ? kind : "bytes", folder);
    GgufVocabulary first = GgufGoldens.vocabulary(file);
    GgufVocabulary named = own ? first : GgufGoldens.withPre(first, kind);
    int size = put(JSON.readTree(GgufTokenizerJson.render(named, file)));
    Tokenizer wanted = GgufTokenizer.of(named, file);
    Tokenizer made = GgufTokenizer.of(writtenAndRead(size), file);
    holdIds(wanted, made);
  }

  @Test
  void specialTokensAndTemplateComeAlong() throws IOException {
    ObjectNode tokenizer = golden("llama3");
    tokenizer.putNull("normalizer");
    int size = put(tokenizer);
    Tokenizer made = TokenizerJson.load(folder.resolve("tokenizer.json"));
    List<String> special = new ArrayList<>();
    tokenizer.get("added_tokens").forEach(t -> special.add(t.get("content").textValue()));
    ObjectNode config = JSON.createObjectNode();
    config.put("bos_token", special.get(1)).put("eos_token", special.get(3));
    config.put("pad_token", special.get(2)).put("chat_template", "{{ bos_token }}é");
    JSON.writeValue(folder.resolve("tokenizer_config.json").toFile(), config);
    int other = made.id(special.get(2)).orElseThrow();
    int eos = made.id(special.get(3)).orElseThrow();
    GgufVocabulary vocabulary = FolderVocabulary.of(folder, size, List.of(eos, other));
    assertEquals(made.id(special.get(1)).orElseThrow(), vocabulary.ids().bos());
    assertEquals(eos, vocabulary.ids().eos());
    assertEquals(other, vocabulary.ids().eot());
    assertEquals(other, vocabulary.ids().padding());
    assertEquals("{{ bos_token }}é", vocabulary.chatTemplate());
    assertEquals(GgufVocabulary.CONTROL, vocabulary.type(eos));
  }

  @Test
  void moreTokensThanRowsAreRefused() throws IOException {
    int size = put(golden("gpt2"));
    NacelleException refusal =
        assertThrows(
            NacelleException.class, () -> FolderVocabulary.of(folder, size - 1, List.of()));
    assertTrue(
        String.valueOf(refusal.getMessage()).contains((size - 1) + " rows"), refusal::getMessage);
  }
}
