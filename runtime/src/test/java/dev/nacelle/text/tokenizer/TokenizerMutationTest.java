package dev.nacelle.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.MutationCount;
import dev.nacelle.file.Mutator;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged file gets an error of ours or works; it never does anything else. */
class TokenizerMutationTest {
  private static final int MUTANTS = MutationCount.times(5_400);
  private static final int KEPT_TOKENS = 360;

  @TempDir private static Path folder;

  @Test
  void mutantsAreRefusedOrWork() throws IOException {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    JsonMutator values = new JsonMutator(random);
    Mutator bytes = new Mutator(seed);
    List<JsonNode> trees = new ArrayList<>();
    for (String name : Goldens.NAMES) {
      trees.add(small(Goldens.read(name + ".tokenizer")));
    }
    Path file = folder.resolve("mutant.json");
    MutationCount count = new MutationCount("tokenizer.json", seed);
    for (int i = 0; i < MUTANTS; i++) {
      JsonNode tree = trees.get(i % trees.size());
      byte[] mutant =
          random.nextInt(5) == 0
              ? bytes.bytes(new ObjectMapper().writeValueAsBytes(tree))
              : values.values(tree);
      Files.write(file, mutant);
      count.run(
          mutant.length,
          reach -> {
            Tokenizer tokenizer = TokenizerJson.load(file);
            reach.past();
            tryOut(tokenizer, random);
          },
          message -> !message.contains("is not valid JSON"));
    }
    count.finish(MUTANTS);
    assertTrue(count.refusedByRules() >= MUTANTS / 10 && count.accepted() >= MUTANTS / 10);
  }

  private static void tryOut(Tokenizer tokenizer, Random random) {
    for (int i = 0; i < 3; i++) {
      String text = HardText.draw(random, 40);
      Encoding encoding = tokenizer.encode(text, true);
      for (int k = 0; k < encoding.length(); k++) {
        int start = encoding.starts()[k];
        int end = encoding.ends()[k];
        assertTrue(start == -1 ? end == -1 : start <= text.length() && end <= text.length());
      }
      String ignored = tokenizer.decode(encoding.ids(), random.nextBoolean());
    }
    String ignored = tokenizer.decode(random.ints(20, -5, 2_000).toArray(), false);
  }

  /** The file with its first few hundred tokens, so that thousands of mutants take seconds. */
  private static JsonNode small(JsonNode tree) {
    ObjectNode model = (ObjectNode) tree.get("model");
    if (model.get("vocab") instanceof ArrayNode scored) {
      while (scored.size() > KEPT_TOKENS) {
        scored.remove(scored.size() - 1);
      }
    } else {
      ObjectNode vocabulary = (ObjectNode) model.get("vocab");
      Set<String> kept = new HashSet<>();
      List<String> dropped = new ArrayList<>();
      vocabulary
          .properties()
          .forEach(
              e -> {
                boolean keep = e.getValue().intValue() < KEPT_TOKENS;
                (keep ? kept : dropped).add(e.getKey());
              });
      vocabulary.remove(dropped);
      ArrayNode merges = (ArrayNode) model.get("merges");
      for (int i = merges.size() - 1; i >= 0; i--) {
        String left = merges.get(i).get(0).textValue();
        String right = merges.get(i).get(1).textValue();
        if (!kept.contains(left) || !kept.contains(right) || !kept.contains(left + right)) {
          merges.remove(i);
        }
      }
    }
    return tree;
  }

  @Test
  void deepNestingIsRefused() throws IOException {
    Path file = folder.resolve("deep.json");
    for (String deep :
        List.of(
            "[".repeat(200_000),
            "{\"model\":" + "{\"vocab\":".repeat(100_000),
            "{\"normalizer\":" + "{\"type\":\"Sequence\",\"normalizers\":[".repeat(100_000),
            "{\"normalizer\":"
                + "{\"type\":\"Sequence\",\"normalizers\":[".repeat(300)
                + "]}".repeat(300)
                + ",\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}",
            "{\"pre_tokenizer\":{\"type\":\"Split\",\"behavior\":\"Removed\",\"invert\":false,"
                + "\"pattern\":{\"Regex\":\""
                + "(".repeat(50_000)
                + ")".repeat(50_000)
                + "\"}},\"model\":{\"type\":\"BPE\",\"vocab\":{\"a\":0},\"merges\":[]}}")) {
      Files.writeString(file, deep);
      assertThrows(NacelleException.class, () -> TokenizerJson.load(file));
    }
  }
}
