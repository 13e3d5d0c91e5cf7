package dev.nacelle.train;

import dev.nacelle.NacelleException;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.AtomicFolder;
import dev.nacelle.file.ContentHash;
import dev.nacelle.file.FaultInjector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The folder {@code checkpoints} of a run: one folder a checkpoint, each visible whole or not at
 * all, and the best adapter. A checkpoint's folder is an adapter that PEFT loads as well.
 */
final class Checkpoints {
  private static final Pattern NAME = Pattern.compile("step-(\\d{1,18})");

  private static final List<String> NEEDED =
      List.of(Checkpoint.ADAPTER, Checkpoint.ADAPTER_CONFIG, Checkpoint.OPTIMIZER);

  private final Path folder;
  private final FaultInjector faults;
  private final BestAdapter best;

  Checkpoints(Path out, FaultInjector faults) {
    this.folder = folder(out);
    this.faults = faults;
    this.best = new BestAdapter(folder, faults);
  }

  /** Where a run keeps them. */
  static Path folder(Path out) {
    return out.resolve("checkpoints");
  }

  BestAdapter best() {
    return best;
  }

  Path of(long step) {
    return folder.resolve("step-%06d".formatted(step));
  }

  /** What writes the tensors of a checkpoint into its folder. */
  interface Tensors {
    void writeTo(Path folder);
  }

  /** Writes one, in place of one of the same step. */
  Path write(RunState state, Provenance provenance, Tensors tensors) {
    Path target = of(state.step());
    AtomicFolder.write(
        target,
        faults,
        inside -> {
          tensors.writeTo(inside);
          Map<String, String> hashes = new LinkedHashMap<>();
          for (String name : NEEDED) {
            hashes.put(name, ContentHash.of(inside.resolve(name), () -> {}));
          }
          if (state.evaluation().bestStep() > 0) {
            hashes.putAll(best.linkInto(inside));
          }
          AtomicFile.writeText(
              inside.resolve(Checkpoint.MANIFEST),
              faults,
              CheckpointJson.text(new CheckpointJson.Content(state, provenance, hashes)));
        });
    return target;
  }

  /** Removes all but the newest {@code keep}. */
  void prune(int keep) {
    newestFirst().stream().skip(keep).forEach(AtomicFolder::remove);
  }

  /** Makes the folder that holds them. */
  void make() {
    try {
      Files.createDirectories(folder);
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
  }

  /** Removes everything that an earlier run left. */
  void clear() {
    AtomicFolder.remove(folder);
  }

  /** The folders by name, the newest first. */
  private List<Path> newestFirst() {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(folder)) {
      return entries
          .filter(entry -> step(entry) >= 0)
          .sorted(Comparator.comparingLong(Checkpoints::step).reversed())
          .toList();
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
  }

  private static long step(Path entry) {
    Matcher name = NAME.matcher(String.valueOf(entry.getFileName()));
    return name.matches() ? Long.parseLong(name.group(1)) : -1;
  }

  /**
   * The newest that is whole; empty where there is none at all.
   *
   * @param note hears of each that is damaged
   * @throws NacelleException of kind INPUT where all of them are damaged
   */
  Optional<Checkpoint> newest(Consumer<String> note, Runnable pause) {
    NacelleException why = null;
    for (Path candidate : newestFirst()) {
      try {
        Checkpoint whole = read(candidate, pause);
        if (why != null) {
          note.accept("going on from the one before it, step " + whole.state().step());
        }
        return Optional.of(whole);
      } catch (CancelledException e) {
        throw e;
      } catch (NacelleException e) {
        note.accept("the checkpoint " + candidate + " is damaged: " + e.getMessage());
        why = why == null ? e : why;
      }
    }
    if (why != null) {
      throw new NacelleException(
          NacelleException.Kind.INPUT,
          "no checkpoint in " + folder + " is whole: " + why.getMessage(),
          "start anew with --overwrite instead of --resume",
          why);
    }
    return Optional.empty();
  }

  private static Checkpoint read(Path folder, Runnable pause) {
    CheckpointJson.Content content = CheckpointJson.read(folder.resolve(Checkpoint.MANIFEST));
    if (content.state().step() != step(folder)) {
      throw NacelleException.input(
          folder + " holds step " + content.state().step() + ", not that of its name", null);
    }
    for (String needed : NEEDED) {
      if (!content.files().containsKey(needed)) {
        throw NacelleException.input(folder + " names no " + needed, null);
      }
    }
    content.files().forEach((name, hash) -> verify(folder, name, hash, pause));
    return new Checkpoint(folder, content.state(), content.provenance());
  }

  private static void verify(Path folder, String name, String hash, Runnable pause) {
    Path file;
    try {
      file = folder.resolve(name).normalize();
    } catch (InvalidPathException e) {
      throw NacelleException.input(folder + " names a file that cannot be", null);
    }
    if (!file.startsWith(folder.normalize())) {
      throw NacelleException.input(folder + " names a file outside itself", null);
    }
    if (!ContentHash.of(file, pause).equals(hash)) {
      throw NacelleException.input(file + " is not what was written", null);
    }
  }
}
