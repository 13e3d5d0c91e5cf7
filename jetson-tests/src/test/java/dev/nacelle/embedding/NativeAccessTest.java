package dev.nacelle.embedding;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.Nacelle;
import dev.nacelle.NacelleException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/**
 * A JVM that refuses native access: a sentence with the flag, the same that docs/embedding.md has.
 */
final class NativeAccessTest {
  private static final String FLAG = "--enable-native-access=ALL-UNNAMED";

  /** The program: prints the kind and the message of what an engine throws. */
  static final class Opens {
    private Opens() {}

    public static void main(String[] args) {
      try (Nacelle nacelle = Nacelle.open(1)) {
        System.out.println("opened with " + nacelle.threads());
      } catch (NacelleException e) {
        System.out.println(e.kind() + ": " + e.getMessage());
      }
    }
  }

  @Test
  void refusedItNamesTheFlag() throws IOException, InterruptedException {
    String said = run("--illegal-native-access=deny");
    assertTrue(said.startsWith("ENVIRONMENT: "), said);
    assertTrue(said.contains(FLAG), said);
  }

  @Test
  void allowedItOpensInSilence() throws IOException, InterruptedException {
    assertEquals("opened with 1", run("--illegal-native-access=deny", FLAG));
  }

  /** Everything that the program says on both streams. */
  private static String run(String... flags) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(List.of("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1"));
    command.addAll(List.of(flags));
    command.add(Opens.class.getName());
    ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
    builder.environment().put("CLASSPATH", System.getProperty("java.class.path"));
    Process process = builder.start();
    process.getOutputStream().close();
    try (InputStream out = process.getInputStream()) {
      String said = new String(out.readAllBytes(), StandardCharsets.UTF_8).strip();
      process.waitFor();
      return said;
    }
  }
}
