package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.cli.Main;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/** Our run of a case through the command line, and what it left behind. */
record PeftRun(Path out, List<JsonNode> log) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Runs a case; {@code more} flags come last and win. */
  static PeftRun of(PeftCase golden, Path out, String... more) {
    List<String> args = new ArrayList<>(golden.arguments(out));
    for (int i = 0; i < more.length; i += 2) {
      int known = args.indexOf(more[i]);
      if (known >= 0) {
        args.set(known + 1, more[i + 1]);
      } else {
        args.add(more[i]);
        args.add(more[i + 1]);
      }
    }
    assertEquals(0, Main.run(args.toArray(String[]::new)), golden.name() + ": exit code");
    try {
      List<JsonNode> log = new ArrayList<>();
      for (String line : Files.readAllLines(out.resolve("log.jsonl"))) {
        log.add(MAPPER.readTree(line));
      }
      return new PeftRun(out, log);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  double[] numbers(String field) {
    return log.stream().mapToDouble(line -> line.get(field).asDouble()).toArray();
  }

  /** The same names, and every tensor within a share of its norm. */
  static void near(Map<String, float[]> expected, Map<String, float[]> actual, double share) {
    assertEquals(expected.keySet(), actual.keySet(), "tensor names");
    expected.forEach(
        (name, want) -> {
          float[] got = Objects.requireNonNull(actual.get(name));
          double norm = 0;
          double off = 0;
          for (int i = 0; i < want.length; i++) {
            norm += (double) want[i] * want[i];
            off += Math.pow((double) want[i] - got[i], 2);
          }
          assertTrue(
              Math.sqrt(off) <= share * Math.sqrt(norm) + 1e-12,
              name + " is off by " + Math.sqrt(off / norm) + " of its norm");
        });
  }

  /** Every tensor of a safetensors file as floats. */
  static Map<String, float[]> tensors(Path file) {
    Map<String, float[]> tensors = new LinkedHashMap<>();
    try (SafetensorsFile open = Safetensors.open(file)) {
      for (TensorEntry entry : open.entries().values()) {
        float[] values = new float[Math.toIntExact(entry.elements())];
        try (NativeBuffer buffer = NativeBuffer.allocate(4L * values.length)) {
          open.readFloat32(entry.name(), buffer);
          buffer.read(0, values, 0, values.length);
        }
        tensors.put(entry.name(), values);
      }
    }
    return tensors;
  }
}
