package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** {@code doctor --root} on every machine below {@code jetson-tests/devices}. */
final class RecordedDevicesTest {
  private static final Path DEVICES = Path.of("devices");

  static List<String> machines() throws IOException {
    try (Stream<Path> all = Files.list(DEVICES)) {
      return all.filter(Files::isDirectory)
          .map(f -> String.valueOf(f.getFileName()))
          .sorted()
          .toList();
    }
  }

  @ParameterizedTest
  @MethodSource("machines")
  void isRecognised(String machine) throws IOException {
    Path folder = DEVICES.resolve(machine);
    JsonNode fixture = Outcome.JSON.readTree(folder.resolve("fixture.json").toFile());
    assertTrue(Set.of("recorded", "constructed").contains(fixture.path("origin").asText()));
    assertTrue(fixture.path("note").asText().length() > 30, "where from?");
    String root = folder.resolve("root").toString();
    JsonNode found = Outcome.of("doctor", "--root", root, "--json").expect(0).json();
    assertTrue(fixture.path("expect").size() >= 2);
    for (Map.Entry<String, JsonNode> expected : fixture.path("expect").properties()) {
      JsonNode actual = found.at(expected.getKey());
      assertTrue(!actual.isMissingNode(), expected.getKey());
      // As texts: an int of one reader is a long of the other.
      assertEquals(
          expected.getValue().toString(), actual.toString(), machine + " " + expected.getKey());
    }
    List<String> faults = found.path("faults").findValuesAsText("what");
    assertEquals(fixture.path("faults").size(), faults.size(), faults.toString());
    for (JsonNode fault : fixture.path("faults")) {
      assertTrue(
          faults.stream().anyMatch(f -> f.contains(fault.asText())), fault + " in " + faults);
    }
    List<String> unread = new ArrayList<>();
    found.path("unread").forEach(file -> unread.add(file.asText()));
    List<String> expectedUnread = new ArrayList<>();
    fixture.path("unread").forEach(file -> expectedUnread.add(file.asText()));
    assertEquals(expectedUnread, unread);
    String text = Outcome.of("doctor", "--root", root).expect(0).out();
    assertTrue(text.contains(found.at("/profile/id").asText()), text);
    assertTrue(text.contains("by rule " + found.at("/profile/rule").asText()), text);
  }

  @Test
  void theyCoverWhatThereIs() throws IOException {
    List<String> machines = machines();
    assertTrue(machines.size() >= 25, "only " + machines.size());
    Set<String> rules = new TreeSet<>();
    Set<String> releases = new TreeSet<>();
    int recorded = 0;
    for (String machine : machines) {
      JsonNode fixture =
          Outcome.JSON.readTree(DEVICES.resolve(machine).resolve("fixture.json").toFile());
      rules.add(fixture.path("expect").path("/profile/rule").asText());
      releases.add(machine.replaceAll(".*-(jp\\d)$", "$1"));
      recorded += fixture.path("origin").asText().equals("recorded") ? 1 : 0;
    }
    assertEquals(
        Set.of(
            "p-number",
            "p-number-and-memory",
            "model",
            "soc-and-memory",
            "tegra",
            "pci-id",
            "gpu-name",
            "nvidia-gpu",
            "no-gpu"),
        rules,
        "every rule decides somewhere");
    assertTrue(releases.containsAll(Set.of("jp4", "jp5", "jp6", "jp7")), releases.toString());
    assertTrue(recorded >= 5, "only " + recorded + " were recorded");
  }
}
