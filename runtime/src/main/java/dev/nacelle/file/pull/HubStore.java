package dev.nacelle.file.pull;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Repositories of a hub in our cache: {@code models/hf/ORG--REPO/COMMIT/FILE}, which commit a
 * branch or tag was in {@code refs/}, and in {@code COMMIT/.pulled.json} what was brought whole.
 */
final class HubStore {
  private static final String RECORD = ".pulled.json";
  private static final String REFS = "refs";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path root;

  HubStore(Path cacheRoot) {
    this.root = cacheRoot.resolve("models").resolve("hf");
  }

  /**
   * What a name stands for on this machine.
   *
   * @param path the folder or the GGUF file
   * @param commit which version it is
   * @param license as the hub stated it; null where it did not
   */
  record Held(Path path, String commit, @Nullable String license) {}

  Path folder(HubName name) {
    return root.resolve(name.folder());
  }

  Path folder(HubName name, String commit) {
    return folder(name).resolve(commit);
  }

  /** Looks for a model without the network. */
  Optional<Held> find(HubName name) {
    Path ref = ref(name);
    String commit = name.revision();
    if (Files.isRegularFile(ref)) {
      try {
        commit = Files.readString(ref).strip();
      } catch (IOException e) {
        return Optional.empty();
      }
    }
    // A slash here would be a branch that was never brought.
    return isCommit(commit) ? find(name, commit) : Optional.empty();
  }

  /** Whether a text from a server or a file may be a commit's name, and so a folder's. */
  static boolean isCommit(String text) {
    return text.matches("[A-Za-z0-9_-]{1,100}") && !text.equals(REFS);
  }

  /** Looks for a model at one commit. */
  Optional<Held> find(HubName name, String commit) {
    Path folder = folder(name, commit);
    JsonNode record = record(folder);
    String wanted = name.file();
    boolean whole = wanted != null || record.path("model").asBoolean(false);
    boolean seen = wanted == null;
    for (JsonNode file : record.path("files")) {
      String path = file.path("name").asText();
      if (wanted != null && !wanted.equals(path)) {
        continue;
      }
      seen = true;
      whole &=
          HubFile.isSafe(path) && hasBytes(folder.resolve(path), file.path("bytes").asLong(-1));
    }
    String license = record.path("license").asText(null);
    return whole && seen
        ? Optional.of(new Held(wanted == null ? folder : folder.resolve(wanted), commit, license))
        : Optional.empty();
  }

  private static boolean hasBytes(Path file, long bytes) {
    try {
      return Files.isRegularFile(file) && Files.size(file) == bytes;
    } catch (IOException e) {
      return false;
    }
  }

  /** Notes that files are whole; what was noted before stays. */
  void keep(HubName name, HubListing listing, List<HubFile> brought) throws IOException {
    Path folder = folder(name, listing.commit());
    JsonNode before = record(folder);
    ObjectNode record = JSON.createObjectNode();
    record.put("repository", name.id()).put("commit", listing.commit());
    record.put("license", listing.license());
    record.put("model", name.file() == null || before.path("model").asBoolean(false));
    ArrayNode files = record.putArray("files");
    List<String> now = brought.stream().map(HubFile::name).toList();
    for (JsonNode file : before.path("files")) {
      if (!now.contains(file.path("name").asText())) {
        files.add(file);
      }
    }
    for (HubFile file : brought) {
      files
          .addObject()
          .put("name", file.name())
          .put("bytes", Files.size(folder.resolve(file.name())))
          .put("digest", file.digest());
    }
    AtomicFile.writeText(
        folder.resolve(RECORD), FaultInjector.none(), record.toPrettyString() + "\n");
    Files.createDirectories(ref(name).resolveSibling(""));
    AtomicFile.writeText(ref(name), FaultInjector.none(), listing.commit() + "\n");
  }

  /** Every model of the cache, by the names under which it was brought. */
  List<HubName> names() {
    List<HubName> found = new ArrayList<>();
    for (Path repository : children(root)) {
      String[] parts = String.valueOf(repository.getFileName()).split("--", 2);
      for (Path ref : parts.length == 2 ? children(repository.resolve(REFS)) : List.<Path>of()) {
        String revision = String.valueOf(ref.getFileName()).replace("%2F", "/");
        HubName model = new HubName(parts[0], parts[1], revision, null);
        if (find(model).isPresent()) {
          found.add(model);
        }
        found.addAll(ggufs(model));
      }
    }
    return found;
  }

  /** The GGUF files of a revision that are there. */
  private List<HubName> ggufs(HubName model) {
    List<HubName> found = new ArrayList<>();
    try {
      String commit = Files.readString(ref(model)).strip();
      for (JsonNode file : record(folder(model, commit)).path("files")) {
        String path = file.path("name").asText();
        HubName name =
            new HubName(model.organisation(), model.repository(), model.revision(), path);
        if (path.endsWith(".gguf") && find(name).isPresent()) {
          found.add(name);
        }
      }
    } catch (IOException e) {
      return found;
    }
    return found;
  }

  private static List<Path> children(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(p -> !String.valueOf(p.getFileName()).startsWith(".")).sorted().toList();
    } catch (IOException e) {
      return List.of();
    }
  }

  private Path ref(HubName name) {
    return folder(name).resolve(REFS).resolve(name.revision().replace("/", "%2F"));
  }

  private static JsonNode record(Path folder) {
    try {
      return JSON.readTree(Files.readString(folder.resolve(RECORD)));
    } catch (IOException e) {
      return JSON.missingNode();
    }
  }
}
