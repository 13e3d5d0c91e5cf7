package dev.nacelle.train;

import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.AtomicFolder;
import dev.nacelle.file.ContentHash;
import dev.nacelle.file.FaultInjector;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/**
 * {@code checkpoints/best}: the adapter of the best evaluation. Each checkpoint holds hard links to
 * what it was then, so that a run that goes on from there finds it again, whatever an interrupted
 * run put in its place meanwhile.
 */
final class BestAdapter {
  private static final String NAME = "best";
  private static final List<String> FILES = List.of(Checkpoint.ADAPTER, Checkpoint.ADAPTER_CONFIG);

  private final Path folder;
  private final FaultInjector faults;

  BestAdapter(Path checkpoints, FaultInjector faults) {
    this.folder = checkpoints.resolve(NAME);
    this.faults = faults;
  }

  /** Where the best adapter of a run in {@code out} lies. */
  static Path folder(Path out) {
    return Checkpoints.folder(out).resolve(NAME);
  }

  void save(Consumer<Path> adapter) {
    adapter.accept(folder);
  }

  /** Puts the files into a checkpoint that is being written; their names there, and hashes. */
  Map<String, String> linkInto(Path checkpoint) throws IOException {
    Path inside = Files.createDirectories(checkpoint.resolve(NAME));
    Map<String, String> hashes = new LinkedHashMap<>();
    for (String name : FILES) {
      link(inside.resolve(name), folder.resolve(name));
      hashes.put(NAME + "/" + name, ContentHash.of(inside.resolve(name), () -> {}));
    }
    AtomicFile.flushFolder(inside.resolve(Checkpoint.ADAPTER));
    return hashes;
  }

  private static void link(Path link, Path existing) throws IOException {
    try {
      Files.createLink(link, existing);
    } catch (UnsupportedOperationException | IOException noLinks) {
      Files.copy(existing, link);
    }
  }

  /** Brings back what the checkpoint has; where it has none, there is none. */
  void restore(Path checkpoint) {
    Path inside = checkpoint.resolve(NAME);
    if (!Files.isDirectory(inside)) {
      AtomicFolder.remove(folder);
      return;
    }
    try {
      if (!isSame(inside)) {
        Files.createDirectories(folder);
        for (String name : FILES) {
          copy(inside.resolve(name), folder.resolve(name));
        }
      }
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
  }

  private void copy(Path from, Path to) {
    AtomicFile.write(
        to,
        faults,
        channel -> {
          try (FileChannel source = FileChannel.open(from, StandardOpenOption.READ)) {
            long size = source.size();
            for (long at = 0; at < size; ) {
              at += source.transferTo(at, size - at, channel);
            }
          }
        });
  }

  private boolean isSame(Path inside) throws IOException {
    for (String name : FILES) {
      Path there = folder.resolve(name);
      if (!Files.exists(there) || Files.mismatch(inside.resolve(name), there) >= 0) {
        return false;
      }
    }
    return true;
  }
}
