package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code devices}: the list, one, and a user's own. */
final class DevicesTest {
  private static final List<String> KEYS =
      List.of("id", "name", "memory_bytes", "unified", "compute_capability", "modes");

  @TempDir private Path folder;

  @Test
  void theList() {
    JsonNode devices = Outcome.of("devices", "--json").expect(0).json().path("devices");
    assertTrue(devices.size() >= 60, "only " + devices.size());
    for (JsonNode device : devices) {
      KEYS.forEach(key -> assertTrue(device.has(key), device + " has no " + key));
      assertTrue(device.path("modes").isArray());
    }
    List<String> ids = devices.findValuesAsText("id");
    assertTrue(ids.containsAll(List.of("jetson-nano-2gb", "rtx-5090", "generic-cpu")));
    String text = Outcome.of("devices").expect(0).out();
    assertTrue(text.contains("jetson-thor-t5000") && text.contains("MODE_30W*"), text);
  }

  @Test
  void oneWithItsSources() {
    JsonNode one =
        Outcome.of("devices", "jetson-agx-orin-64gb", "--json").expect(0).json().at("/devices/0");
    KEYS.forEach(key -> assertTrue(one.has(key), key));
    assertEquals(64L << 30, one.at("/memory_bytes/value").asLong());
    assertTrue(one.at("/unified/value").asBoolean());
    assertEquals("8.7", one.at("/compute_capability/value").asText());
    one.properties()
        .forEach(
            e -> {
              if (e.getValue().isObject()) {
                assertFalse(e.getValue().path("source").asText().isEmpty(), e.getKey());
              }
            });
    assertEquals(8, one.at("/modes/2/sm_count/value").asInt());
    assertTrue(one.at("/modes/2/default").asBoolean());
    String text = Outcome.of("devices", "jetson-agx-orin-64gb:MAXN").expect(0).out();
    assertTrue(text.contains("derived: ") && text.contains("42.6 TFLOP/s"), text);
  }

  @Test
  void aProfileOfOnesOwn() throws IOException {
    Path file = folder.resolve("rover.yaml");
    Files.writeString(
        file,
        """
        schema: 1
        id: rover-3
        name: Rover 3
        kind: jetson
        extends: jetson-orin-nx-16gb
        reserve_bytes: {value: 2GiB, source: measured with four cameras}
        """);
    JsonNode own = Outcome.of("devices", "--profile", file.toString(), "--json").expect(0).json();
    assertEquals("rover-3", own.at("/devices/0/id").asText());
    assertEquals(2L << 30, own.at("/devices/0/reserve_bytes/value").asLong());
    assertEquals(16L << 30, own.at("/devices/0/memory_bytes/value").asLong());
    Outcome.of("devices", "rover-3:25W", "--profile", file.toString()).expect(0);
    Files.writeString(file, Files.readString(file).replace("2GiB", "much"));
    Outcome damaged = Outcome.of("devices", "--profile", file.toString()).expect(3);
    assertTrue(damaged.err().contains("rover.yaml:6: not a whole number"), damaged.err());
    Outcome json = Outcome.of("devices", "--profile", file.toString(), "--json").expect(3);
    assertEquals("bad-input", json.json().at("/error/code").asText());
    Outcome gone = Outcome.of("devices", "--profile", folder + "/none.yaml").expect(3);
    assertTrue(gone.err().contains("is not there"), gone.err());
    assertTrue(
        Outcome.of("devices", "--profile", folder.toString()).expect(3).err().contains("read"));
  }

  @Test
  void doctorRecognisesOnesOwn() throws IOException {
    Path file = folder.resolve("rover.yaml");
    Files.writeString(
        file,
        """
        schema: 1
        id: rover-3
        name: Rover 3
        kind: jetson
        extends: jetson-orin-nx-16gb
        recognise:
          models: {value: ["Acme Rover 3 (Orin NX 16GB)"], source: read on it}
        reserve_bytes: {value: 2GiB, source: measured with four cameras}
        """);
    String root = "devices/orin-nx-16gb-third-party-jp6/root";
    JsonNode found =
        Outcome.of("doctor", "--root", root, "--profile", file.toString(), "--json")
            .expect(0)
            .json();
    assertEquals("rover-3", found.at("/profile/id").asText());
    assertEquals("model", found.at("/profile/rule").asText());
    assertEquals(2L << 30, found.at("/memory/reserve_bytes").asLong());
    assertEquals(8, found.at("/gpu/sm_count").asInt());
    JsonNode without = Outcome.of("doctor", "--root", root, "--json").expect(0).json();
    assertEquals("jetson-orin-nx-16gb", without.at("/profile/id").asText());
    Outcome.of("doctor", "--root", root, "--profile", folder + "/none.yaml").expect(3);
  }

  @Test
  void unknownNamesAreWrongUsage() {
    Outcome unknown = Outcome.of("devices", "jetson-orin").expect(2);
    assertTrue(unknown.err().contains("among them jetson-orin-nano-4gb"), unknown.err());
    Outcome mode = Outcome.of("devices", "jetson-nano-4gb:TURBO").expect(2);
    assertTrue(mode.err().contains("it has MAXN, 5W"), mode.err());
  }
}
