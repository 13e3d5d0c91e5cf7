package dev.nacelle.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.file.JsonFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Frequencies as transformers computes them; rope_goldens.py recorded them. */
final class RopeFrequenciesTest {
  @TempDir Path folder;

  @Test
  void frequenciesEqualTransformers() throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    Path file = folder.resolve("config.json");
    int cases = 0;
    int unequal = 0;
    int values = 0;
    Set<String> types = new HashSet<>();
    try (InputStream in =
        Objects.requireNonNull(getClass().getResourceAsStream("rope_goldens.json"))) {
      for (JsonNode golden : mapper.readTree(in)) {
        Files.write(file, mapper.writeValueAsBytes(golden.get("config")));
        ModelConfig config = ConfigReader.read(JsonFile.read(file), null);
        types.add(config.ropeScaling().type());
        float[] inverse = RopeFrequencies.inverse(config, golden.get("length").longValue());
        String name = golden.get("name").textValue();
        assertEquals(golden.get("inverse").size(), inverse.length, name);
        for (int i = 0; i < inverse.length; i++) {
          float expected = golden.get("inverse").get(i).floatValue();
          // torch's vectorised pow is within one unit in the last place; so are two roundings here.
          assertTrue(
              Math.abs(inverse[i] - expected) <= 2 * Math.ulp(expected),
              () -> name + ": " + inverse.length);
          values++;
          if (inverse[i] != expected) {
            unequal++;
          }
        }
        assertEquals(
            golden.get("attention").floatValue(), RopeFrequencies.attentionFactor(config), name);
        cases++;
      }
    }
    System.out.println(
        "rope frequencies: "
            + cases
            + " cases, "
            + values
            + " values, "
            + unequal
            + " differ in their last bits");
    assertEquals(21, cases);
    assertEquals(Set.of("default", "linear", "dynamic", "llama3", "yarn"), types);
    assertTrue(unequal <= values / 10, "too many values differ");
  }
}
