package dev.nacelle.file;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;

/**
 * Folders that appear whole or not at all: filled under a temporary name beside the target, then
 * renamed. An interrupted process takes its temporary folder away; a killed one leaves it, with
 * {@link AtomicFile#TEMPORARY_SUFFIX} at the end of its name.
 */
public final class AtomicFolder {
  private AtomicFolder() {}

  /** Fills the folder. */
  @FunctionalInterface
  public interface Body {
    void fill(Path folder);
  }

  /**
   * Refuses a target that cannot be written, before anything long begins.
   *
   * @throws NacelleException of kind USAGE where it holds something and that may not be
   *     overwritten, ENVIRONMENT where it is no folder
   */
  public static void check(Path target, boolean overwrite) {
    if (Files.isRegularFile(target)) {
      throw NacelleException.environment(
          "--out " + Quoted.path(target) + " is a file, not a folder", "name another folder", null);
    }
    if (!overwrite && !entries(target).isEmpty()) {
      throw NacelleException.usage(
          "--out " + Quoted.path(target) + " is not empty",
          "add --overwrite, or name another folder");
    }
    Path parent = absolute(target).getParent();
    try {
      if (parent != null) {
        Files.createDirectories(parent);
        if (!Files.isWritable(parent)) {
          throw NacelleException.environment(
              "--out " + Quoted.path(target) + ": its folder cannot be written",
              "name a folder that you may write",
              null);
        }
      }
    } catch (IOException e) {
      throw AtomicFile.failure(target, e);
    }
  }

  /**
   * Writes the folder. One that is there is replaced in two renames; what lay in it and is no model
   * weight, and has no counterpart, is moved into the new one: nothing of the user's is lost.
   */
  public static void write(Path target, Body body) {
    Path whole = absolute(target);
    Path temporary = beside(whole);
    Thread cleaner = new Thread(() -> removeTree(temporary));
    Runtime.getRuntime().addShutdownHook(cleaner);
    try {
      Files.createDirectory(temporary);
      body.fill(temporary);
      AtomicFile.flushFolder(temporary.resolve("x"));
      replace(whole, temporary);
      AtomicFile.flushFolder(whole);
    } catch (IOException e) {
      throw AtomicFile.failure(target, e);
    } finally {
      removeTree(temporary);
      forget(cleaner);
    }
  }

  private static void replace(Path target, Path temporary) throws IOException {
    if (!Files.exists(target)) {
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      return;
    }
    Path old = beside(target);
    Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
    Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
    for (Path entry : entries(old)) {
      Path counterpart = target.resolve(entry.getFileName());
      if (!isWeight(entry) && !Files.exists(counterpart)) {
        Files.move(entry, counterpart);
      }
    }
    removeTree(old);
  }

  /** Weights of the model that lay there: beside the new ones they would be read in their place. */
  private static boolean isWeight(Path entry) {
    String name = String.valueOf(entry.getFileName());
    return name.matches("(model|pytorch_model).*\\.(safetensors|bin|safetensors\\.index\\.json)")
        || name.endsWith(AtomicFile.TEMPORARY_SUFFIX);
  }

  private static Path absolute(Path target) {
    try {
      return Files.exists(target) ? target.toRealPath() : target.toAbsolutePath().normalize();
    } catch (IOException e) {
      throw AtomicFile.failure(target, e);
    }
  }

  private static Path beside(Path target) {
    String unique = Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), 36);
    return target.resolveSibling(
        "." + target.getFileName() + "." + unique + AtomicFile.TEMPORARY_SUFFIX);
  }

  private static List<Path> entries(Path folder) {
    if (!Files.isDirectory(folder)) {
      return List.of();
    }
    try (Stream<Path> all = Files.list(folder)) {
      return all.toList();
    } catch (IOException e) {
      throw AtomicFile.failure(folder, e);
    }
  }

  private static void removeTree(Path folder) {
    // A file may still be written into it while the process is being ended: look again.
    for (int attempt = 0; attempt < 3 && Files.exists(folder); attempt++) {
      try (Stream<Path> all = Files.walk(folder)) {
        for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
          Files.deleteIfExists(path);
        }
      } catch (IOException ignored) {
        // Its suffix says what it is.
      }
    }
  }

  private static void forget(Thread cleaner) {
    try {
      Runtime.getRuntime().removeShutdownHook(cleaner);
    } catch (IllegalStateException ignored) {
      // The process is ending; the hook runs, and finds nothing.
    }
  }
}
