package dev.nacelle.file.pull;

import dev.nacelle.NacelleException;
import dev.nacelle.file.ShardIndex;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The cache that Hugging Face's own tools keep: {@code models--ORG--REPO} with {@code refs/BRANCH},
 * which holds a commit, and {@code snapshots/COMMIT}, whose files are links. It is read and never
 * written; a snapshot that lacks weights counts as not there.
 */
final class HuggingFaceCache {
  private final Path root;

  HuggingFaceCache(Path root) {
    this.root = root;
  }

  Optional<HubStore.Held> find(HubName name) {
    Path repository = root.resolve("models--" + name.folder());
    String commit = name.revision();
    Path ref = repository.resolve("refs").resolve(name.revision());
    try {
      if (Files.isRegularFile(ref)) {
        commit = Files.readString(ref).strip();
      }
      if (!HubStore.isCommit(commit)) {
        return Optional.empty();
      }
      Path snapshot = repository.resolve("snapshots").resolve(commit);
      String file = name.file();
      Path path = file == null ? snapshot : snapshot.resolve(file);
      boolean whole = file == null ? isModel(snapshot) : Files.isRegularFile(path);
      return whole ? Optional.of(new HubStore.Held(path, commit, null)) : Optional.empty();
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  private static boolean isModel(Path snapshot) {
    if (!Files.isRegularFile(snapshot.resolve("config.json"))) {
      return false;
    }
    if (Files.isRegularFile(snapshot.resolve(HubSelection.WEIGHTS))) {
      return true;
    }
    Path index = snapshot.resolve(HubSelection.INDEX);
    try {
      return Files.isRegularFile(index)
          && ShardIndex.read(index).shards().stream()
              .allMatch(shard -> Files.isRegularFile(snapshot.resolve(shard)));
    } catch (NacelleException e) {
      return false; // a damaged index: the hub's own will be brought
    }
  }
}
