package dev.nacelle.file;

import static dev.nacelle.file.TestFiles.entry;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class SafetensorsMutationTest {
  private static final long SEED = 20261123;
  private static final int MUTANTS = MutationCount.times(12_000);

  private static final List<String> HEADERS =
      List.of(
          "{\"__metadata__\":{\"format\":\"pt\"},"
              + entry("a", "F32", "[2,2]", 0, 16)
              + ","
              + entry("b", "BF16", "[8]", 16, 32)
              + "}",
          "{"
              + entry("a", "I64", "[]", 0, 8)
              + ","
              + entry("e", "F32", "[0,3]", 8, 8)
              + ","
              + entry("c", "U8", "[3,8]", 8, 32)
              + "}",
          "{" + entry("model.layers.0.mlp.up_proj.weight", "F16", "[4,4]", 0, 32) + "}");

  @TempDir Path folder;

  @Test
  void onlyDocumentedErrors() throws IOException {
    Mutator mutator = new Mutator(SEED);
    MutationCount count = new MutationCount("safetensors", SEED);
    ObjectMapper mapper = new ObjectMapper();
    Path file = folder.resolve("mutant.safetensors");
    for (int i = 0; i < MUTANTS; i++) {
      byte[] header = HEADERS.get(i % HEADERS.size()).getBytes(StandardCharsets.UTF_8);
      byte[] mutant;
      if (i % 4 == 3) {
        mutant = mutator.bytes(TestFiles.safetensors(header, 32));
      } else if (i % 4 == 2) {
        mutant = TestFiles.safetensors(mutator.bytes(header), 32);
      } else {
        JsonNode tree = mutator.json(mapper.readTree(header));
        mutant = TestFiles.safetensors(mutator.write(tree), 32);
      }
      Files.write(file, mutant);
      count.run(() -> readAll(file), SafetensorsMutationTest::isPastParser);
    }
    count.finish(MUTANTS, 8L << 20);
  }

  private static boolean isPastParser(String message) {
    return !message.contains("is not JSON")
        && !message.contains("not UTF-8")
        && !message.contains("NUL")
        && !message.contains("header length")
        && !message.contains("runs past the end of the file")
        && !message.contains("not a JSON object")
        && !message.contains("has at least 8");
  }

  private static void readAll(Path file) {
    try (SafetensorsFile open = Safetensors.open(file)) {
      for (TensorEntry entry : open.entries().values()) {
        long bytes = open.data(entry.name()).byteSize();
        if (open.canWiden(entry)) {
          try (NativeBuffer wide = NativeBuffer.allocate(Math.multiplyExact(4, bytes))) {
            open.readFloat32(entry.name(), wide);
          }
        }
      }
    }
  }
}
