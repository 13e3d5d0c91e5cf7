package dev.nacelle.resuming;

import static org.junit.jupiter.api.Assertions.assertEquals;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;

/** Data for small runs, and what two runs left compared. */
final class Folders {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> DIFFERENT_EACH_TIME =
      Set.of("seconds", "bytes", "peak_bytes", "classes");

  private Folders() {}

  /** Two files, the second packed, of unlike records; each holds a bad line. */
  static List<Path> data(Path folder, int records) throws IOException {
    Files.createDirectories(folder);
    SplittableRandom random = new SplittableRandom(20261128);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < records; i++) {
      String words = "word ".repeat(1 + random.nextInt(9)).strip() + " " + i;
      lines.add(
          switch (i % 3) {
            case 0 -> "{\"prompt\":\"Say: \",\"completion\":\"" + words + "\"}";
            case 1 -> "{\"text\":\"" + words + "\"}";
            default -> "{\"instruction\":\"Repeat " + i + "\",\"output\":\"" + words + "\"}";
          });
    }
    int half = records / 2;
    lines.add(half, "{\"nothing\":\"known\"}");
    lines.addFirst("no JSON");
    Path plain = folder.resolve("a.jsonl");
    Path packed = folder.resolve("b.jsonl.gz");
    Files.write(plain, lines.subList(0, half));
    try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
      String rest = String.join("\n", lines.subList(half, lines.size())) + "\n";
      out.write(rest.getBytes(StandardCharsets.UTF_8));
    }
    return List.of(plain, packed);
  }

  /** Holds that two runs left the same adapter, the same best one, and the same log. */
  static void assertSame(Path expected, Path actual, String why) throws IOException {
    for (String file :
        List.of(
            "adapter_model.safetensors",
            "adapter_config.json",
            "checkpoints/best/adapter_model.safetensors")) {
      assertEquals(
          Files.exists(expected.resolve(file)), Files.exists(actual.resolve(file)), why + file);
      if (Files.exists(expected.resolve(file))) {
        assertEquals(
            -1, Files.mismatch(expected.resolve(file), actual.resolve(file)), why + ": " + file);
      }
    }
    assertEquals(log(expected), log(actual), why + ": log.jsonl");
  }

  /** The log's lines without what no two runs share. */
  static List<String> log(Path out) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(out.resolve("log.jsonl"))) {
      ObjectNode node = (ObjectNode) JSON.readTree(line);
      lines.add(node.remove(DIFFERENT_EACH_TIME).toString());
    }
    return lines;
  }

  /** Names of the checkpoints, sorted. */
  static List<String> checkpoints(Path out) throws IOException {
    if (!Files.isDirectory(out.resolve("checkpoints"))) {
      return List.of();
    }
    try (Stream<Path> entries = Files.list(out.resolve("checkpoints"))) {
      return entries
          .map(p -> String.valueOf(p.getFileName()))
          .filter(n -> n.startsWith("step-"))
          .sorted()
          .toList();
    }
  }

  static Path copy(Path from, Path to) throws IOException {
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path target = to.resolve(from.relativize(path).toString());
        if (Files.isDirectory(path)) {
          Files.createDirectories(target);
        } else {
          Files.copy(path, target);
        }
      }
    }
    return to;
  }

  /** Fails where anything half written is left. */
  static void assertNoLeftovers(Path out) throws IOException {
    try (Stream<Path> all = Files.walk(out)) {
      assertEquals(
          List.of(),
          all.map(p -> out.relativize(p).toString())
              .filter(n -> n.contains("nacelle-tmp") || n.contains("nacelle-lock"))
              .toList());
    }
  }
}
