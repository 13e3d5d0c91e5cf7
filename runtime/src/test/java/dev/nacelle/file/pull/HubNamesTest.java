package dev.nacelle.file.pull;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Names, headers and the cache of Hugging Face's own tools. */
final class HubNamesTest {
  @TempDir private Path temporary;

  @Test
  void namesAreTakenApart() {
    HubName plain = HubName.parse("hf:org/repo-1.0");
    assertEquals("org/repo-1.0", plain.id());
    assertEquals("main", plain.revision());
    assertEquals("hf:org/repo-1.0", plain.toString());
    HubName full = HubName.parse("hf:o/r@refs/pr/3:sub/x.Q4_1.gguf");
    assertEquals("refs/pr/3", full.revision());
    assertEquals("sub/x.Q4_1.gguf", full.file());
    assertEquals("hf:o/r@refs/pr/3:sub/x.Q4_1.gguf", full.toString());
    List<String> wrong =
        List.of(
            "hf:",
            "hf:a",
            "hf:a/b/c",
            "hf:../b",
            "hf:a/..",
            "hf:a/b@",
            "hf:a/b@../x",
            "hf:a/b:c.bin",
            "hf:a/b:../c.gguf",
            "hf:a/b:/c.gguf",
            "hf:a--x/b",
            "hf: a/b",
            "hf:a/b@x//y",
            "hf:a/.b");
    for (String name : wrong) {
      NacelleException e = assertThrows(NacelleException.class, () -> HubName.parse(name), name);
      assertEquals(NacelleException.Kind.USAGE, e.kind());
    }
    assertEquals(14, wrong.size());
  }

  @Test
  void headersAreRead() {
    Instant now = Instant.parse("2026-11-28T10:00:00Z");
    assertEquals(Duration.ofSeconds(7), Attempts.parse("7", now));
    assertEquals(Duration.ofSeconds(30), Attempts.parse("Sat, 28 Nov 2026 10:00:30 GMT", now));
    assertEquals(Duration.ZERO, Attempts.parse("Sat, 28 Nov 2026 09:00:30 GMT", now));
    assertNull(Attempts.parse("soon", now));
    assertEquals("ab".repeat(20), HubFile.digestOf("W/\"" + "AB".repeat(20) + "\""));
    assertEquals("ab".repeat(32), HubFile.digestOf("ab".repeat(32)));
    assertNull(HubFile.digestOf("\"" + "ab".repeat(16) + "\""));
    HubAddresses ours = new HubAddresses(URI.create("https://hub.example/mirror"));
    assertTrue(ours.isOurs(URI.create("https://hub.example:443/x")));
    assertFalse(ours.isOurs(URI.create("http://hub.example/x")));
    assertFalse(ours.isOurs(URI.create("https://hub.example:8443/x")));
    assertFalse(ours.isOurs(URI.create("https://hub.example.evil/x")));
    assertEquals(
        "https://hub.example/mirror/o/r/resolve/a%2Fb/c/d%20e.gguf",
        ours.content(HubName.parse("hf:o/r"), "a/b", "c/d e.gguf").toString());
  }

  @Test
  void theOtherCacheIsFoundWithoutTheNetwork() throws IOException {
    Path home = temporary.resolve("hf");
    ModelStore store =
        new ModelStore(
            temporary.resolve("cache"),
            Map.of("HF_HOME", home.toString(), "HF_ENDPOINT", "http://127.0.0.1:1")::get);
    Path repository = home.resolve("hub/models--org--repo");
    String commit = "12".repeat(20);
    Path snapshot = Files.createDirectories(repository.resolve("snapshots").resolve(commit));
    Path blobs = Files.createDirectories(repository.resolve("blobs"));
    Files.createDirectories(repository.resolve("refs"));
    Files.writeString(repository.resolve("refs/main"), commit);
    for (String name : List.of("config.json", "tokenizer.json")) {
      Files.writeString(blobs.resolve(name), "{}");
      Files.createSymbolicLink(snapshot.resolve(name), Path.of("../../blobs/" + name));
    }
    assertTrue(store.find("hf:org/repo").isEmpty(), "a snapshot without weights");
    Files.createSymbolicLink(snapshot.resolve("model.safetensors"), Path.of("../../blobs/w"));
    assertTrue(store.find("hf:org/repo").isEmpty(), "a link to nothing");
    Files.writeString(blobs.resolve("w"), "weights");
    ModelStore.Model model = store.pull("hf:org/repo", false, PullListener.SILENT);
    assertEquals(snapshot, model.path());
    assertEquals("huggingface-cache", model.origin());
    assertEquals(snapshot, store.resolve(Path.of("hf:org/repo@" + commit)));
    assertTrue(store.find("hf:org/repo@other").isEmpty());
    assertTrue(store.find("hf:org/repo:a.gguf").isEmpty());
    Files.writeString(snapshot.resolve("a.gguf"), "weights");
    assertEquals(snapshot.resolve("a.gguf"), store.resolve(Path.of("hf:org/repo:a.gguf")));
    Files.writeString(repository.resolve("refs/main"), "../../../etc");
    assertTrue(store.find("hf:org/repo").isEmpty());
  }

  @Test
  void aModelOutOfAHubIsCalledAsThere() {
    assertEquals("org/repo--x", ModelStore.publishedName(Path.of("/c/models/hf/org--repo--x/abc")));
    assertEquals(
        "org/repo", ModelStore.publishedName(Path.of("/h/hub/models--org--repo/snapshots/abc")));
    assertEquals("my/model", ModelStore.publishedName(Path.of("my/model")));
    assertEquals("a.gguf", ModelStore.publishedName(Path.of("a.gguf")));
  }

  @Test
  void settingsShowNoToken() {
    HubSettings settings = HubSettings.of(Map.of("HF_TOKEN", "hf_abc")::get, Duration.ofMillis(1));
    assertEquals("hf_abc", settings.token());
    assertFalse(settings.toString().contains("hf_abc"));
    NacelleException e =
        assertThrows(
            NacelleException.class,
            () ->
                HubSettings.of(
                    Map.of("HF_ENDPOINT", "https://me:pass@host")::get, Duration.ofMillis(1)));
    assertFalse(String.valueOf(e.getMessage()).contains("pass"));
  }
}
