package dev.nacelle.file.pull;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Pulling from a hub that behaves, and from one that does not. */
@Timeout(240)
final class HubPullTest {
  private static final String NAME = "hf:org/repo";
  private static final String WEIGHTS = "model.safetensors";

  @TempDir private Path temporary;
  private final Map<String, String> environment = new HashMap<>();
  private final List<String> notes = new ArrayList<>();
  private FakeHub hub;

  @BeforeEach
  void start() throws IOException {
    hub = new FakeHub();
    environment.put("HF_ENDPOINT", hub.endpoint());
    environment.put("HF_HUB_CACHE", temporary.resolve("foreign").toString());
    environment.put("HF_HUB_DOWNLOAD_TIMEOUT", "5");
  }

  @AfterEach
  void stop() {
    hub.close();
    for (String note : notes) {
      assertFalse(note.contains(FakeHub.TOKEN), note);
      assertFalse(note.contains("Signature"), note);
    }
  }

  private ModelStore store() {
    return new ModelStore(temporary.resolve("cache"), environment::get, Duration.ofMillis(5));
  }

  private ModelStore.Model pull(String name) {
    return store()
        .pull(
            name,
            false,
            new PullListener() {
              @Override
              public void note(String text) {
                notes.add(text);
              }

              @Override
              public void progress(String file, long done, long total) {
                assertTrue(total < 0 || done <= total, file + " " + done + " of " + total);
              }
            });
  }

  private NacelleException refused(String name, NacelleException.Kind kind, String... words) {
    NacelleException e = assertThrows(NacelleException.class, () -> pull(name));
    String text = e.getMessage() + " " + e.hint();
    assertEquals(kind, e.kind(), text);
    for (String word : words) {
      assertTrue(text.contains(word), text);
    }
    notes.add(text);
    return e;
  }

  private Path folder() {
    return temporary.resolve("cache/models/hf/org--repo/" + FakeHub.COMMIT);
  }

  /** What is in the model's folder, files that are not whole included. */
  private List<String> there() throws IOException {
    if (!Files.exists(folder())) {
      return List.of();
    }
    try (Stream<Path> all = Files.walk(folder())) {
      return all.filter(Files::isRegularFile)
          .map(f -> folder().relativize(f).toString())
          .sorted()
          .toList();
    }
  }

  @Test
  void bringsWhatAModelIsMadeOfAndNothingElse() throws IOException {
    byte[] weights = hub.model(300_000);
    ModelStore.Model model = pull(NAME);
    assertEquals(folder(), model.path());
    assertEquals(FakeHub.COMMIT, model.revision());
    assertEquals("apache-2.0", model.license());
    assertEquals(
        List.of(".pulled.json", "config.json", WEIGHTS, "tokenizer.json", "tokenizer_config.json"),
        there());
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
    long before = hub.requests.size();
    assertEquals("cache", pull(NAME).origin());
    assertEquals(folder(), store().resolve(Path.of(NAME)));
    assertEquals(before, hub.requests.size(), "the second pull asked the hub");
    assertEquals(List.of(NAME), store().cachedFromHub().stream().map(m -> m.name()).toList());
  }

  @Test
  void aNameThatIsNotThereNamesThePull() {
    NacelleException e = assertThrows(NacelleException.class, () -> store().resolve(Path.of(NAME)));
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    assertTrue(String.valueOf(e.hint()).contains("./nacelle pull " + NAME), e.hint());
    assertEquals(0, hub.requests.size());
  }

  @Test
  void theTokenGoesToTheHubAlone() {
    hub.model(100_000);
    hub.tokenNeeded = true;
    environment.put("HF_TOKEN", FakeHub.TOKEN);
    assertEquals("hub", pull(NAME).origin());
    assertTrue(hub.count("storage GET") > 0);
    assertTrue(hub.authorisations.size() >= 5, hub.authorisations.toString());
    assertTrue(hub.authorisations.stream().allMatch(a -> a.startsWith("hub ")));
  }

  @Test
  void withoutATokenItSaysWhatToSet() throws IOException {
    hub.model(1000);
    hub.tokenNeeded = true;
    refused(NAME, NacelleException.Kind.ENVIRONMENT, "401", "HF_TOKEN", "org/repo");
    environment.put("HF_TOKEN", "hf_wrongWrongWrong");
    String text = refused(NAME, NacelleException.Kind.ENVIRONMENT, "403", "HF_TOKEN").toString();
    assertFalse(text.contains("hf_wrong"), text);
    environment.put("HF_TOKEN", "hf_with\nnewline");
    assertFalse(
        refused(NAME, NacelleException.Kind.ENVIRONMENT, "HF_TOKEN")
            .toString()
            .contains("newline"));
    assertEquals(List.of(), there());
  }

  @Test
  void aDigestThatTheContentAloneCarriesIsHeldToo() throws IOException {
    hub.model(50_000);
    hub.headHidesDigests = true;
    hub.lie("tokenizer.json", "ETag", "\"" + "cd".repeat(20) + "\"");
    refused(NAME, NacelleException.Kind.INPUT, "tokenizer.json", "SHA-1");
    hub.lies.clear();
    pull(NAME);
  }

  @Test
  void goesOnWhereTheConnectionBroke() throws IOException {
    byte[] weights = hub.model(400_000);
    hub.fault(
        WEIGHTS,
        new FakeHub.Fault.Drop(150_000),
        new FakeHub.Fault.HangUp(),
        new FakeHub.Fault.Drop(100_000));
    ModelStore.Model model = pull(NAME);
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
    assertTrue(hub.count("storage GET /model.safetensors bytes=") >= 2, hub.requests.toString());
    assertTrue(model.downloaded() < 402_000, "came twice: " + model.downloaded());
  }

  @Test
  void aServerWithoutRangesBeginsAgain() throws IOException {
    byte[] weights = hub.model(400_000);
    hub.knowsRanges = false;
    hub.fault(WEIGHTS, new FakeHub.Fault.Drop(150_000));
    pull(NAME);
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
  }

  @Test
  void aServerWithoutHeadIsEnough() throws IOException {
    byte[] weights = hub.model(50_000);
    hub.knowsHead = false;
    hub.lie(WEIGHTS, "X-Linked-Etag", "\"" + "ab".repeat(32) + "\"");
    refused(NAME, NacelleException.Kind.INPUT, WEIGHTS, "SHA-256");
    hub.lies.clear();
    pull(NAME);
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
  }

  @Test
  void whatAnEarlierPullLeftIsTakenUp() throws IOException {
    byte[] weights = hub.model(400_000);
    for (int i = 0; i < 40; i++) {
      hub.fault(WEIGHTS, i == 0 ? new FakeHub.Fault.Drop(250_000) : new FakeHub.Fault.HangUp());
    }
    refused(NAME, NacelleException.Kind.ENVIRONMENT, WEIGHTS, "pull again");
    assertTrue(there().contains(".incoming/" + WEIGHTS), there().toString());
    assertFalse(there().contains(WEIGHTS));
    assertThrows(NacelleException.class, () -> store().resolve(Path.of(NAME)));
    hub.requests.clear();
    hub.faults.clear();
    long before = Files.size(folder().resolve(".incoming/" + WEIGHTS));
    assertTrue(before > 0);
    assertEquals(400_000 - before, pull(NAME).downloaded());
    assertEquals(1, hub.count("storage GET /model.safetensors bytes=" + before + "-"));
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
    assertFalse(Files.exists(folder().resolve(".incoming")));
  }

  @Test
  void aDamagedBeginningIsThrownAway() throws IOException {
    byte[] weights = hub.model(100_000);
    Path part = folder().resolve(".incoming").resolve(WEIGHTS);
    Files.createDirectories(part.getParent());
    Files.write(part, FakeHub.noise(40_000, 99));
    pull(NAME);
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
  }

  @Test
  void aWrongDigestLeavesNothing() throws IOException {
    hub.model(100_000);
    hub.lie(WEIGHTS, "X-Linked-Etag", "\"" + "ab".repeat(32) + "\"");
    refused(NAME, NacelleException.Kind.INPUT, WEIGHTS, "SHA-256", "abab");
    assertTrue(there().stream().noneMatch(f -> f.contains(WEIGHTS)), there().toString());
    hub.lies.clear();
    hub.commit = "ee".repeat(20);
    hub.lie("tokenizer.json", "ETag", "\"" + "cd".repeat(20) + "\"");
    refused(NAME, NacelleException.Kind.INPUT, "tokenizer.json", "SHA-1");
    hub.lies.clear();
    pull(NAME);
  }

  @Test
  void liesAboutTheLength() throws IOException {
    byte[] weights = hub.model(100_000);
    hub.lie(WEIGHTS, "X-Linked-Size", "100");
    refused(NAME, NacelleException.Kind.INPUT, WEIGHTS, "100 bytes");
    hub.lie(WEIGHTS, "X-Linked-Size", "200000");
    refused(NAME, NacelleException.Kind.INPUT, WEIGHTS, "200000");
    assertTrue(there().stream().noneMatch(f -> f.contains(WEIGHTS)), there().toString());
    hub.knowsRanges = false;
    refused(NAME, NacelleException.Kind.ENVIRONMENT, WEIGHTS, "200000");
    hub.knowsRanges = true;
    // More promised by the connection than the file has: all of the file came, and that counts.
    hub.lies.clear();
    hub.lie(WEIGHTS, "Content-Length", "150000");
    pull(NAME);
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
  }

  @Test
  void waitsAsLongAsTheServerAsks() {
    hub.model(1000);
    hub.fault("listing", new FakeHub.Fault.Status(429, "1"));
    hub.fault(WEIGHTS, new FakeHub.Fault.Status(503, null), new FakeHub.Fault.Status(500, null));
    long start = System.nanoTime();
    pull(NAME);
    assertTrue(System.nanoTime() - start > 900_000_000L, "Retry-After was not heeded");
    assertTrue(notes.stream().anyMatch(n -> n.contains("429")), notes.toString());
    hub.commit = "ff".repeat(20);
    hub.fault("listing", new FakeHub.Fault.Status(429, "4000"));
    NacelleException e =
        assertThrows(NacelleException.class, () -> store().pull(NAME, true, PullListener.SILENT));
    assertTrue(String.valueOf(e.hint()).contains("4000"), e.hint());
  }

  @Test
  void aServerThatGoesOnFailingIsGivenUp() {
    hub.model(1000);
    for (int i = 0; i < Attempts.MOST; i++) {
      hub.fault("listing", new FakeHub.Fault.Status(502, null));
    }
    refused(NAME, NacelleException.Kind.ENVIRONMENT, "502", "org/repo");
  }

  @Test
  void silenceEnds() throws IOException {
    byte[] weights = hub.model(300_000);
    environment.put("HF_HUB_DOWNLOAD_TIMEOUT", "0.3");
    hub.fault(WEIGHTS, new FakeHub.Fault.Stall(100_000), new FakeHub.Fault.Stall(0));
    pull(NAME);
    assertTrue(notes.stream().anyMatch(n -> n.contains("silent for 0.3 s")), notes.toString());
    assertArrayEquals(weights, Files.readAllBytes(folder().resolve(WEIGHTS)));
  }

  @Test
  void noSuchRepositoryOrServer() {
    hub.model(10);
    refused("hf:org/other", NacelleException.Kind.INPUT, "org/other", "404");
    environment.put("HF_ENDPOINT", "http://127.0.0.1:1");
    refused(NAME, NacelleException.Kind.ENVIRONMENT, "127.0.0.1:1");
    environment.put("HF_ENDPOINT", "ftp://somewhere");
    refused(NAME, NacelleException.Kind.ENVIRONMENT, "HF_ENDPOINT");
    environment.put("HF_HUB_OFFLINE", "1");
    refused(NAME, NacelleException.Kind.ENVIRONMENT, "HF_HUB_OFFLINE");
  }

  @Test
  void hostileNamesAreRefused() throws IOException {
    hub.model(10);
    List<String> names =
        List.of(
            "../evil.json",
            "/etc/evil",
            "a/../../b",
            "a\\\\..\\\\b",
            "",
            "a//b",
            "./a",
            "a\\u0000b");
    for (String name : names) {
      hub.extraNames = List.of(name);
      refused(NAME, NacelleException.Kind.INPUT, "leads out");
    }
    hub.extraNames = List.of();
    hub.commit = "../../up";
    refused(NAME, NacelleException.Kind.INPUT, "commit");
    assertEquals(List.of(), there());
  }

  @Test
  void shardsAreThoseThatTheIndexNames() throws IOException {
    hub.model(10);
    hub.files.remove(WEIGHTS);
    hub.files.put("model-00001-of-00002.safetensors", FakeHub.noise(5000, 1));
    hub.files.put("model-00002-of-00002.safetensors", FakeHub.noise(6000, 2));
    hub.files.put("consolidated.safetensors", FakeHub.noise(7000, 3));
    String index = "{\"weight_map\":{\"a\":\"model-00001-of-00002.safetensors\",\"b\":\"%s\"}}";
    hub.add("model.safetensors.index.json", index.formatted("../model-00002-of-00002.safetensors"));
    refused(NAME, NacelleException.Kind.INPUT, "plain name");
    hub.commit = "aa".repeat(20);
    hub.add("model.safetensors.index.json", index.formatted("model-00003-of-00002.safetensors"));
    refused(NAME, NacelleException.Kind.INPUT, "model-00003-of-00002.safetensors");
    hub.commit = FakeHub.COMMIT + "0";
    hub.add("model.safetensors.index.json", index.formatted("model-00002-of-00002.safetensors"));
    Path folder = pull(NAME).path();
    assertEquals(6000, Files.size(folder.resolve("model-00002-of-00002.safetensors")));
    assertFalse(Files.exists(folder.resolve("consolidated.safetensors")));
  }

  @Test
  void oneGgufFile() throws IOException {
    hub.files.put("small.gguf", FakeHub.noise(5000, 1));
    hub.files.put("sub/large.gguf", FakeHub.noise(9000, 2));
    refused(NAME, NacelleException.Kind.INPUT, "hf:org/repo:small.gguf");
    refused(NAME + ":none.gguf", NacelleException.Kind.INPUT, "none.gguf");
    Path file = pull(NAME + ":sub/large.gguf").path();
    assertArrayEquals(FakeHub.noise(9000, 2), Files.readAllBytes(file));
    assertEquals(file, store().resolve(Path.of(NAME + ":sub/large.gguf")));
    assertEquals(0, hub.count("small.gguf"));
    pull(NAME + ":small.gguf");
    assertEquals(2, store().cachedFromHub().size());
  }

  @Test
  void revisionsAreKeptApart() throws IOException {
    hub.model(1000);
    assertEquals(FakeHub.COMMIT, pull(NAME + "@refs/pr/1").revision());
    assertEquals(1, hub.count("/revision/refs%2Fpr%2F1"));
    assertThrows(NacelleException.class, () -> store().resolve(Path.of(NAME)));
    hub.commit = "bb".repeat(20);
    assertEquals("bb".repeat(20), pull(NAME).revision());
    assertEquals(FakeHub.COMMIT, pull(NAME + "@refs/pr/1").revision());
    assertEquals(FakeHub.COMMIT, pull(NAME + "@" + FakeHub.COMMIT).revision());
    hub.commit = "cc".repeat(20);
    assertEquals("bb".repeat(20), pull(NAME).revision());
    assertEquals("cc".repeat(20), store().pull(NAME, true, PullListener.SILENT).revision());
  }

  @Test
  void manyAtOnceBringItOnce() throws Exception {
    byte[] weights = hub.model(500_000);
    List<Callable<Path>> pulls = new ArrayList<>();
    for (int i = 0; i < 6; i++) {
      pulls.add(() -> store().pull(NAME, false, PullListener.SILENT).path());
    }
    try (ExecutorService threads = Executors.newFixedThreadPool(6)) {
      for (var path : threads.invokeAll(pulls)) {
        assertArrayEquals(weights, Files.readAllBytes(path.get().resolve(WEIGHTS)));
      }
    }
    assertEquals(1, hub.count("storage GET"));
  }

  @Test
  void aDiskThatIsTooSmallIsSaidBefore() {
    NacelleException e =
        assertThrows(
            NacelleException.class,
            () -> CacheFiles.requireSpace(temporary, "the model", Long.MAX_VALUE / 2));
    assertEquals(NacelleException.Kind.ENVIRONMENT, e.kind());
    hub.model(1000);
    hub.lie(WEIGHTS, "X-Linked-Size", Long.toString(Long.MAX_VALUE / 2));
    refused(NAME, NacelleException.Kind.ENVIRONMENT, "are free", "NACELLE_CACHE");
    assertEquals(0, hub.count("storage GET"));
  }
}
