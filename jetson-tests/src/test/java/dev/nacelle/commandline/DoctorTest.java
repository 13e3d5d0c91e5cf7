package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code doctor}: this machine, and recorded ones. */
final class DoctorTest {
  private static final List<String> KEYS =
      List.of(
          "profile",
          "memory",
          "software",
          "power_mode",
          "gpu",
          "cpu",
          "sensors",
          "libraries",
          "cuda",
          "faults",
          "unread");

  @TempDir private Path temporary;

  @Test
  void thisMachine() {
    JsonNode found = Outcome.of("doctor", "--json").expect(0).json();
    KEYS.forEach(key -> assertTrue(found.has(key), key));
    assertTrue(
        found.at("/memory/total_bytes").asLong() > found.at("/memory/available_bytes").asLong());
    assertTrue(found.at("/memory/reserve_bytes").asLong() >= 256L << 20);
    assertTrue(found.at("/cpu/cores").asInt() >= 1);
    assertTrue(!found.at("/profile/id").isNull() && !found.at("/profile/rule").isNull());
    for (String reading : List.of("energy", "watts", "celsius", "hertz", "throttling", "nvml")) {
      assertTrue(found.path("sensors").has(reading), reading);
    }
    assertTrue(found.at("/cpu/threads").asInt() >= found.at("/cpu/cores").asInt());
    assertTrue(found.at("/software/java/version").asText().startsWith("25"), found.toString());
    List<String> names = found.path("libraries").findValuesAsText("name");
    assertEquals(List.of("nacelle-kernels", "openmp", "openblas", "libtorch"), names);
    for (JsonNode library : found.path("libraries")) {
      if (library.path("path").isTextual()) {
        assertTrue(Files.exists(Path.of(library.path("path").asText())), library.toString());
      }
    }
    for (JsonNode fault : found.path("faults")) {
      assertTrue(!fault.path("what").asText().isEmpty() && !fault.path("fix").asText().isEmpty());
    }
    List<String> steps = found.at("/cuda/ladder").findValuesAsText("step");
    assertEquals(
        List.of(
            "cached cubin",
            "nvrtc cubin",
            "cached ptx",
            "nvrtc ptx",
            "shipped ptx",
            "cpu library",
            "java reference"),
        steps);
    if (found.at("/cuda/driver").isNull()) {
      assertTrue(found.at("/cuda/why_no_driver").asText().contains("libcuda.so.1"));
      assertEquals(0, found.at("/cuda/devices").size());
    }
    String text = Outcome.of("doctor").expect(0).out();
    assertTrue(text.contains("nvrtc cubin"), text);
    assertTrue(text.contains("openblas") && text.contains("can run here"), text);
  }

  @Test
  void aRecordedMachine() throws IOException {
    Files.createDirectories(temporary.resolve("proc"));
    Files.writeString(
        temporary.resolve("proc/meminfo"), "MemTotal: 1048576 kB\nMemAvailable: 131072 kB\n");
    JsonNode found =
        Outcome.of("doctor", "--root", temporary.toString(), "--json").expect(0).json();
    KEYS.forEach(key -> assertTrue(found.has(key), key));
    assertEquals(1L << 30, found.at("/memory/total_bytes").asLong());
    assertEquals(1L << 27, found.at("/memory/available_bytes").asLong());
    assertTrue(found.at("/cpu/cores").isNull(), "the cores of this machine were taken");
    assertEquals("[\"/proc/cpuinfo\"]", found.path("unread").toString());
    assertEquals(1, found.path("faults").size());
    Outcome.of("doctor", "--root", temporary.toString()).expect(0);
    assertTrue(
        Outcome.of("doctor", "--root", temporary.resolve("none").toString())
            .expect(3)
            .err()
            .contains("none"));
  }
}
