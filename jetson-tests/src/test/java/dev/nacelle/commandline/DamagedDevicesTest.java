package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Recorded machines, cut, overwritten and lengthened at random: doctor always has an answer. */
final class DamagedDevicesTest {
  private static final int ROUNDS = 3;

  @TempDir private Path folder;

  @Test
  void anAnswerForEveryTree() throws IOException {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    int runs = 0;
    for (String machine : RecordedDevicesTest.machines()) {
      Path from = Path.of("devices", machine, "root");
      for (int round = 0; round < ROUNDS; round++) {
        Path root = folder.resolve(machine + round);
        List<Path> files = copy(from, root);
        for (int n = 0; n <= random.nextInt(3) && !files.isEmpty(); n++) {
          damage(files.get(random.nextInt(files.size())), random);
        }
        Outcome outcome = Outcome.of("doctor", "--root", root.toString(), "--json");
        assertEquals(0, outcome.code(), "seed " + seed + ", " + root + ": " + outcome.err());
        JsonNode found = outcome.json();
        assertTrue(found.at("/profile/id").isTextual(), "seed " + seed);
        JsonNode total = found.at("/memory/total_bytes");
        assertTrue(total.isNull() || total.asLong() >= 0, "seed " + seed + ": " + total);
        runs++;
      }
    }
    assertTrue(runs >= 25 * ROUNDS, "only " + runs);
  }

  private static List<Path> copy(Path from, Path to) throws IOException {
    List<Path> files = new ArrayList<>();
    try (Stream<Path> all = Files.walk(from)) {
      for (Path path : all.toList()) {
        Path copy = to.resolve(from.relativize(path).toString());
        if (Files.isSymbolicLink(path)) {
          Files.createSymbolicLink(copy, Files.readSymbolicLink(path));
        } else if (Files.isDirectory(path)) {
          Files.createDirectories(copy);
        } else {
          Files.copy(path, copy);
          files.add(copy);
        }
      }
    }
    return files;
  }

  private static void damage(Path file, Random random) throws IOException {
    if (!Files.isRegularFile(file)) {
      return; // damaged already
    }
    byte[] bytes = Files.readAllBytes(file);
    switch (random.nextInt(5)) {
      case 0 -> Files.write(file, java.util.Arrays.copyOf(bytes, random.nextInt(bytes.length + 1)));
      case 1 -> {
        for (int i = 0; i < 4 && bytes.length > 0; i++) {
          bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
        }
        Files.write(file, bytes);
      }
      case 2 -> {
        // Digits become nines: numbers beyond anything.
        for (int i = 0; i < bytes.length; i++) {
          bytes[i] = bytes[i] >= '0' && bytes[i] <= '9' ? (byte) '9' : bytes[i];
        }
        Files.writeString(file, new String(bytes, java.nio.charset.StandardCharsets.ISO_8859_1));
      }
      case 3 -> Files.writeString(file, "9".repeat(1 + random.nextInt(40)));
      default -> {
        Files.delete(file);
        if (random.nextBoolean()) {
          Files.createSymbolicLink(file, file.getFileName()); // a link to itself
        } else {
          Files.createDirectories(file);
        }
      }
    }
  }
}
