package dev.nacelle.architecture;

import static org.junit.jupiter.api.Assertions.assertEquals;

import dev.nacelle.NacelleException;
import java.io.IOException;
import java.nio.file.Files;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The page of exit codes and the enum that they come from say the same. */
final class ExitCodesTest {
  private static final Pattern ROW = Pattern.compile("^\\| (\\d+) \\| (?:`([a-z-]+)`)? ?\\|.*");

  /** Not a failure: done. */
  private static final Map<Integer, String> OTHERS = Map.of(0, "");

  @Test
  void pageAndEnumAgree() throws IOException {
    Map<Integer, String> page = new TreeMap<>();
    for (String line :
        Files.readAllLines(Repository.root().resolve("docs/reference/exit-codes.md"))) {
      Matcher row = ROW.matcher(line);
      if (row.matches()) {
        page.put(Integer.parseInt(row.group(1)), row.group(2) == null ? "" : row.group(2));
      }
    }
    Map<Integer, String> code = new TreeMap<>(OTHERS);
    for (NacelleException.Kind kind : NacelleException.Kind.values()) {
      code.put(kind.exitCode(), kind.code());
    }
    assertEquals(code, page);
  }
}
