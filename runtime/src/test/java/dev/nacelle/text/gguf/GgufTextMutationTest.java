package dev.nacelle.text.gguf;

import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.file.GgufFile;
import dev.nacelle.file.MutationCount;
import dev.nacelle.file.Mutator;
import dev.nacelle.text.Message;
import dev.nacelle.text.Tokenizer;
import dev.nacelle.text.tokenizer.HardText;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokenizers and templates in damaged GGUF metadata: refused by a rule, or they work. */
final class GgufTextMutationTest {
  private static final long SEED = Long.getLong("nacelle.seed", 20261128);
  private static final int MUTANTS = MutationCount.times(3_000);
  private static final List<Message> CONVERSATION =
      List.of(new Message("user", "Hi"), new Message("assistant", "Hello"));
  private static final Object[] ODD = {
    "",
    "a",
    "▁",
    "Ġ",
    "<0x41>",
    "gpt2",
    "llama",
    "t5",
    "gemma4",
    "bert",
    "smollm",
    "falcon",
    "\u0000",
    "a b",
    " ",
    "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}",
    "{% if",
    0,
    -1,
    1,
    5,
    6,
    Integer.MAX_VALUE,
    Long.MAX_VALUE,
    -1L,
    true,
    false,
    0f,
    Float.NaN,
    Float.POSITIVE_INFINITY,
    -1e30f,
    List.of(),
    List.of("a"),
    List.of(1, 2),
    List.of(0f)
  };

  @TempDir Path folder;

  private static Map<String, Object> base(int kind) {
    Map<String, Object> data = new LinkedHashMap<>();
    String space = kind == 0 ? "Ġ" : "▁";
    List<Object> tokens =
        new ArrayList<>(List.of("<unk>", "<s>", "</s>", "<tool>", "<0x41>", space, "h", "e", "l"));
    tokens.addAll(List.of("o", "he", "ll", "hell", "hello", space + "h", "<", "s", ">", "é", "1"));
    List<Object> types = new ArrayList<>(List.of(2, 3, 3, 4, kind == 0 ? 1 : 6));
    List<Object> scores = new ArrayList<>();
    for (int i = 0; i < tokens.size(); i++) {
      if (i >= types.size()) {
        types.add(1);
      }
      scores.add(-(float) i / 3);
    }
    data.put("general.architecture", "llama");
    data.put("tokenizer.ggml.model", List.of("gpt2", "llama", "gemma4", "t5").get(kind));
    data.put("tokenizer.ggml.pre", "smollm");
    data.put("tokenizer.ggml.tokens", tokens);
    data.put("tokenizer.ggml.token_type", types);
    if (kind != 0) {
      data.put("tokenizer.ggml.scores", scores);
    }
    if (kind % 2 == 0) {
      data.put("tokenizer.ggml.merges", List.of("h e", "l l", "he ll", "hell o", space + " h"));
    }
    data.put("tokenizer.ggml.bos_token_id", 1);
    data.put("tokenizer.ggml.eos_token_id", 2);
    data.put("tokenizer.ggml.unknown_token_id", 0);
    data.put("tokenizer.ggml.add_bos_token", true);
    data.put("tokenizer.ggml.add_eos_token", false);
    data.put("tokenizer.ggml.add_space_prefix", true);
    data.put("tokenizer.ggml.remove_extra_whitespaces", true);
    data.put("tokenizer.chat_template", "{{ bos_token }}{{ messages[0].content }}{{ eos_token }}");
    return data;
  }

  @Test
  void onlyDocumentedErrors() throws IOException {
    Random random = new Random(SEED);
    Mutator bytes = new Mutator(SEED);
    MutationCount count = new MutationCount("gguf tokenizers", SEED);
    Path file = folder.resolve("mutant.gguf");
    for (int i = 0; i < MUTANTS; i++) {
      Map<String, Object> data = base(i % 4);
      for (int n = random.nextInt(3); n >= 0; n--) {
        change(data, random);
      }
      byte[] mutant = GgufBytes.of(data);
      mutant = i % 5 == 4 ? bytes.bytes(mutant) : mutant;
      Files.write(file, mutant);
      count.run(
          mutant.length,
          reach -> {
            try (GgufFile open = GgufFile.open(file)) {
              reach.past();
              GgufText text = GgufText.read(open, file);
              tryOut(text.tokenizer(), random);
              String ignored = text.template().render(CONVERSATION, true);
            }
          },
          message -> false);
    }
    count.finish(MUTANTS);
    assertTrue(count.accepted() >= MUTANTS / 10, "few worked: " + count.accepted());
    assertTrue(count.refusedByRules() >= MUTANTS / 10, "few refused: " + count.refusedByRules());
  }

  private static void tryOut(Tokenizer tokenizer, Random random) {
    for (int i = 0; i < 3; i++) {
      int[] ids = tokenizer.encode(HardText.draw(random, 30), random.nextBoolean()).ids();
      String ignored = tokenizer.decode(ids, random.nextBoolean());
    }
    String ignored = tokenizer.decode(random.ints(20, -5, 50).toArray(), false);
  }

  private static void change(Map<String, Object> data, Random random) {
    List<String> keys = new ArrayList<>(data.keySet());
    String key = keys.get(random.nextInt(keys.size()));
    Object odd = ODD[random.nextInt(ODD.length)];
    if (random.nextInt(12) == 0) {
      data.remove(key);
    } else if (data.get(key) instanceof List<?> list && !list.isEmpty() && random.nextInt(6) > 0) {
      List<Object> changed = new ArrayList<>(list);
      int at = random.nextInt(changed.size());
      Object old = changed.get(at);
      switch (random.nextInt(4)) {
        case 0 -> changed.remove(at);
        case 1 -> changed.add(changed.get(random.nextInt(changed.size())));
        default -> {
          while (odd.getClass() != old.getClass()) {
            odd = ODD[random.nextInt(ODD.length)];
          }
          changed.set(at, odd);
        }
      }
      data.put(key, changed);
    } else {
      data.put(key, odd);
    }
  }
}
