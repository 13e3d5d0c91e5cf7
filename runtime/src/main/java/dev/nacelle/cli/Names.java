package dev.nacelle.cli;

import dev.nacelle.NacelleException;
import dev.nacelle.data.wordnet.WordnetTasks;
import dev.nacelle.file.pull.ModelStore;
import dev.nacelle.kernels.cpu.Settings;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * What the names of {@code pull} stand for wherever a flag takes a path. A file or folder of that
 * name goes first; a name whose model or data set is not in the cache is an error that names the
 * command which brings it.
 */
final class Names {
  /** The data set that is made on the spot. */
  static final String WORDNET = "wordnet-tasks";

  private Names() {}

  static ModelStore models() {
    return new ModelStore(Settings.cacheFolder(), Settings::get);
  }

  /** What a value of {@code --model} means. */
  static Path model(Path given) {
    return models().resolve(given);
  }

  /** What values of a flag for training data mean: {@code wordnet-tasks} is its training part. */
  static List<Path> trainingData(List<Path> given) {
    return given.stream().map(path -> data(path, false)).toList();
  }

  /** What values of a flag for data to measure on mean: the held-out part. */
  static List<Path> heldOutData(List<Path> given) {
    return given.stream().map(path -> data(path, true)).toList();
  }

  private static Path data(Path given, boolean heldOut) {
    if (!given.toString().equals(WORDNET) || Files.exists(given)) {
      return given;
    }
    Path cache = Settings.cacheFolder();
    if (!WordnetTasks.isCached(cache)) {
      throw NacelleException.input(
          "the data set " + WORDNET + " is not in the cache " + cache,
          "make it with: ./nacelle pull " + WORDNET);
    }
    WordnetTasks.Parts parts = WordnetTasks.ensure(cache);
    return heldOut ? parts.heldOut() : parts.train();
  }
}
