package dev.nacelle.data.wordnet;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WordnetTasksTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir Path cache;

  @Test
  void theSetIsMadeOnceWholeAndAlwaysTheSame() throws IOException {
    assertFalse(WordnetTasks.isCached(cache));
    // Two at once: both find the one set that came first.
    CompletableFuture<WordnetTasks.Parts> other =
        CompletableFuture.supplyAsync(() -> WordnetTasks.ensure(cache));
    WordnetTasks.Parts parts = WordnetTasks.ensure(cache);
    assertEquals(parts, other.join());
    assertTrue(WordnetTasks.isCached(cache));
    Set<String> words = new HashSet<>();
    assertEquals(WordnetTasks.TRAIN_TASKS, check(parts.train(), words));
    assertEquals(WordnetTasks.HELD_OUT_TASKS, check(parts.heldOut(), words));
    // No word on both sides, nor twice on one.
    assertEquals(WordnetTasks.TRAIN_TASKS + WordnetTasks.HELD_OUT_TASKS, words.size());
    JsonNode about = JSON.readTree(cache.resolve("wordnet-tasks/dataset.json").toFile());
    assertEquals(
        "213c66b052a874d01954c3acf6adeb1a0b1a5d0302a56071d44e11d957db1069",
        about.at("/train.jsonl/sha256").asText());
    assertEquals(
        "892db2bc06b41efeb6bbb24f39a4f8cc847b6cb943b15f167cf22e92faf6d910",
        about.at("/heldout.jsonl/sha256").asText());

    FileTime made = Files.getLastModifiedTime(parts.train());
    assertEquals(parts, WordnetTasks.ensure(cache));
    assertEquals(made, Files.getLastModifiedTime(parts.train()));

    // A damaged set is made again.
    Files.writeString(parts.heldOut(), "");
    assertFalse(WordnetTasks.isCached(cache));
    WordnetTasks.ensure(cache);
    assertTrue(WordnetTasks.isCached(cache));
    try (Stream<Path> left = Files.list(cache)) {
      assertEquals(List.of(cache.resolve("wordnet-tasks")), left.toList());
    }
  }

  private static int check(Path file, Set<String> words) throws IOException {
    int lines = 0;
    for (String line : Files.readAllLines(file)) {
      JsonNode messages = JSON.readTree(line).path("messages");
      assertEquals(2, messages.size());
      assertEquals("user", messages.at("/0/role").asText());
      assertEquals("assistant", messages.at("/1/role").asText());
      String answer = messages.at("/1/content").asText();
      assertTrue(answer.startsWith("word: "), answer);
      words.add(answer.lines().findFirst().orElseThrow());
      lines++;
    }
    return lines;
  }

  @Test
  void aCacheThatCannotBeMadeIsNamed() throws IOException {
    Path file = Files.writeString(cache.resolve("file"), "");
    NacelleException e = assertThrows(NacelleException.class, () -> WordnetTasks.ensure(file));
    assertEquals(NacelleException.Kind.ENVIRONMENT, e.kind());
  }
}
