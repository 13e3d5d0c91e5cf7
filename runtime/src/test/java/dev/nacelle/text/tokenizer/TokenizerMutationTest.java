package dev.nacelle.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.text.Encoding;
import dev.nacelle.text.Tokenizer;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A damaged file gets an error of ours or works; it never does anything else. */
class TokenizerMutationTest {
  private static final int MUTANTS = 5_400;
  private static final int KEPT_TOKENS = 360;
  private static final double MAX_CPU_SECONDS = 2;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  @TempDir private static Path folder;

  private int working;
  private int noJson;
  private int refused;
  private int refusedText;

  @Test
  void mutantsAreRefusedOrWork() throws IOException {
    long seed = Long.getLong("seed", System.nanoTime());
    Random random = new Random(seed);
    JsonMutator mutator = new JsonMutator(random);
    List<JsonNode> trees = new ArrayList<>();
    for (String name : Goldens.NAMES) {
      trees.add(small(Goldens.read(name + ".tokenizer")));
    }
    Path file = folder.resolve("mutant.json");
    for (int i = 0; i < MUTANTS; i++) {
      JsonNode tree = trees.get(i % trees.size());
      byte[] mutant =
          random.nextInt(5) == 0
              ? mutator.bytes(new ObjectMapper().writeValueAsBytes(tree))
              : mutator.values(tree);
      Files.write(file, mutant);
      long before = THREADS.getCurrentThreadCpuTime();
      try {
        tryOut(file, random);
      } catch (RuntimeException | StackOverflowError | OutOfMemoryError e) {
        Path kept =
            Files.copy(
                file, Files.createTempFile("mutant", ".json"), StandardCopyOption.REPLACE_EXISTING);
        fail("-Dseed=" + seed + " mutant " + i + " kept as " + kept, e);
      }
      double seconds = (THREADS.getCurrentThreadCpuTime() - before) / 1e9;
      assertTrue(seconds < MAX_CPU_SECONDS, "-Dseed=" + seed + " mutant " + i + " " + seconds);
    }
    System.out.printf(
        "tokenizer mutants: -Dseed=%d, %d no JSON, %d refused by a rule, %d loaded and refused a"
            + " text, %d worked%n",
        seed, noJson, refused, refusedText, working);
    assertTrue(refused + refusedText + working >= MUTANTS / 2, "too few beyond the parser");
    assertTrue(refused >= MUTANTS / 10 && working >= MUTANTS / 10);
  }

  private void tryOut(Path file, Random random) {
    Tokenizer tokenizer;
    try {
      tokenizer = TokenizerJson.load(file);
    } catch (NacelleException e) {
      boolean syntax = String.valueOf(e.getMessage()).contains("is not valid JSON");
      noJson += syntax ? 1 : 0;
      refused += syntax ? 0 : 1;
      assertEquals(NacelleException.Kind.INPUT, e.kind());
      return;
    }
    try {
      for (int i = 0; i < 3; i++) {
        String text = HardText.draw(random, 40);
        Encoding encoding = tokenizer.encode(text, true);
        for (int k = 0; k < encoding.length(); k++) {
          int start = encoding.starts()[k];
          int end = encoding.ends()[k];
          assertTrue(start == -1 ? end == -1 : start <= text.length() && end <= text.length());
        }
        tokenizer.decode(encoding.ids(), random.nextBoolean());
      }
      tokenizer.decode(random.ints(20, -5, 2_000).toArray(), false);
      working++;
    } catch (NacelleException e) {
      refusedText++;
    }
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
