package dev.nacelle.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The guide's walks lead through files that exist. */
final class GuideTest {
  private static final Pattern NAMED =
      Pattern.compile("`([A-Za-z0-9_/.-]+\\.(?:java|c|h|txt|py|md))`");

  @Test
  void everyNamedFileExists() throws IOException {
    Path root = Repository.root();
    List<String> files = sources(root);
    List<String> missing = new ArrayList<>();
    int named = 0;
    for (String page : List.of("CONTRIBUTING.md", "README.md")) {
      Matcher m = NAMED.matcher(Files.readString(root.resolve(page)));
      while (m.find()) {
        named++;
        if (files.stream().noneMatch(f -> f.endsWith("/" + m.group(1)))) {
          missing.add(page + ": " + m.group(1));
        }
      }
    }
    assertEquals(List.of(), missing);
    assertTrue(named >= 20, "only " + named + " files are named");
  }

  private static List<String> sources(Path root) throws IOException {
    try (Stream<Path> all = Files.walk(root)) {
      return all.map(p -> "/" + root.relativize(p))
          .filter(p -> !p.contains("/target/") && !p.contains("/.git/"))
          .toList();
    }
  }
}
