package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code inspect}: kinds, tables, JSON, one tensor, and files that break a rule. */
final class InspectTest {
  @TempDir private Path temporary;

  @Test
  void kindsAndTensors() throws IOException {
    Path gguf = gguf(temporary.resolve("a.gguf"), 10);
    Path model = Fixtures.model("llama3");
    Path adapter = Fixtures.example("plain-qv").resolve("init");
    Path weights = Fixtures.model("plain").resolve("model.safetensors");
    JsonNode files =
        Outcome.of(
                "inspect",
                gguf.toString(),
                model.toString(),
                adapter.toString(),
                weights.toString(),
                "--json")
            .expect(0)
            .json()
            .path("files");
    assertEquals(
        List.of("gguf", "model", "adapter", "safetensors"), files.findValuesAsText("kind"));
    for (JsonNode file : files) {
      assertTrue(file.path("ok").asBoolean(), file.toString());
      assertTrue(file.path("error").isNull());
    }
    JsonNode tensor = files.get(0).path("tensors").get(0);
    assertEquals("blocks", tensor.path("name").asText());
    assertEquals("Q8_0", tensor.path("dtype").asText());
    assertEquals("[2,32]", tensor.path("shape").toString());
    assertEquals(68, tensor.path("bytes").asLong());
    JsonNode metadata = files.get(0).path("metadata");
    assertEquals("toy", metadata.path("general.architecture").asText());
    assertEquals(10, metadata.path("numbers").size());
    assertTrue(files.get(0).path("loads").path("reason").asText().contains("toy"));
    assertEquals(21, files.get(1).path("tensors").size());
    assertEquals(2, files.get(1).path("loads").path("layers").asInt());
    assertEquals("llama", files.get(1).path("metadata").path("model_type").asText());
    assertEquals(4, files.get(2).path("loads").path("rank").asInt());
    assertEquals("pt", files.get(3).path("metadata").path("format").asText());
  }

  @Test
  void longListsAreShortened() throws IOException {
    Path gguf = gguf(temporary.resolve("a.gguf"), 1000);
    JsonNode numbers =
        Outcome.of("inspect", gguf.toString(), "--json")
            .expect(0)
            .json()
            .at("/files/0/metadata/numbers");
    assertEquals(1000, numbers.path("length").asInt());
    assertEquals(16, numbers.path("first").size());
  }

  @Test
  void aTableForAPerson() {
    String table = Outcome.of("inspect", Fixtures.model("plain").toString()).expect(0).out();
    assertTrue(table.contains("model.embed_tokens.weight"), table);
    assertTrue(table.contains("F32"), table);
    assertTrue(table.contains("loads     layers 2"), table);
    assertFalse(table.contains("\u001b"), "control characters");
  }

  @Test
  void whatIsNotOkDoesNotHideTheOthers() throws IOException {
    Path good = Fixtures.model("plain");
    byte[] all = Files.readAllBytes(good.resolve("model.safetensors"));
    Path cut = Files.write(temporary.resolve("cut.safetensors"), Arrays.copyOf(all, 5000));
    Path swapped = gguf(temporary.resolve("b.gguf"), 3);
    byte[] bytes = Files.readAllBytes(swapped);
    bytes[4] = 9;
    Files.write(swapped, bytes);
    Path outside = Fixtures.copy(Fixtures.model("llama3"), temporary.resolve("outside"));
    Path index = outside.resolve("model.safetensors.index.json");
    Files.writeString(index, Files.readString(index).replace("model-00002", "../model-00002"));
    Outcome outcome =
        Outcome.of(
                "inspect",
                cut.toString(),
                good.toString(),
                temporary.resolve("none").toString(),
                swapped.toString(),
                outside.toString(),
                "smollm-nothing",
                "--json")
            .expect(3);
    JsonNode files = outcome.json().path("files");
    assertEquals(6, files.size());
    List<String> words =
        List.of("past the end", "", "nothing at", "version 9", "plain name", "nothing");
    for (int i = 0; i < 6; i++) {
      assertEquals(i == 1, files.get(i).path("ok").asBoolean(), files.get(i).toString());
      String error = files.get(i).path("error").asText("");
      assertTrue(error.contains(words.get(i)), error);
      assertTrue(outcome.err().contains(words.get(i)), outcome.err());
    }
    Outcome plain = Outcome.of("inspect", cut.toString(), good.toString()).expect(3);
    assertTrue(plain.out().contains("model.embed_tokens.weight"));
  }

  @Test
  void oneTensor() throws IOException {
    Path gguf = gguf(temporary.resolve("a.gguf"), 3);
    Path out = temporary.resolve("one.safetensors");
    extract(gguf, out);
    JsonNode file = Outcome.of("inspect", out.toString(), "--json").expect(0).json().at("/files/0");
    assertEquals("F32", file.at("/tensors/0/dtype").asText());
    assertEquals("[2,32]", file.at("/tensors/0/shape").toString());
    ByteBuffer data = data(out);
    for (int i = 0; i < 64; i++) {
      assertEquals(i < 32 ? 0.5f * (i - 16) : 2f * (i - 48), data.getFloat(), "element " + i);
    }
    extract(gguf, out, "--raw");
    file = Outcome.of("inspect", out.toString(), "--json").expect(0).json().at("/files/0");
    assertEquals("U8", file.at("/tensors/0/dtype").asText());
    assertEquals("[2,34]", file.at("/tensors/0/shape").toString());
    assertEquals("Q8_0", file.at("/metadata/gguf_type").asText());
    byte[] raw = new byte[68];
    data(out).get(raw);
    byte[] whole = Files.readAllBytes(gguf);
    assertArrayEquals(Arrays.copyOfRange(whole, whole.length - 68, whole.length), raw);
    Path model = Fixtures.model("plain");
    Outcome.of(
            "inspect", model.toString(), "--tensor", "model.norm.weight", "--out", out.toString())
        .expect(0);
    Files.delete(out);
    assertTrue(
        Outcome.of("inspect", model.toString(), "--tensor", "nope", "--out", out.toString())
            .expect(3)
            .err()
            .contains("nope"));
    assertFalse(Files.exists(out));
    Outcome.of("inspect", model.toString(), "--tensor", "nope").expect(2);
    Outcome.of("inspect", model.toString(), "--raw").expect(2);
    Outcome.of("inspect", "a", "b", "--tensor", "x", "--out", "y").expect(2);
    Outcome.of("inspect").expect(2);
  }

  private static void extract(Path from, Path out, String... more) {
    String[] args = {"inspect", from.toString(), "--tensor", "blocks", "--out", out.toString()};
    String[] all = Arrays.copyOf(args, args.length + more.length);
    System.arraycopy(more, 0, all, args.length, more.length);
    Outcome.of(all).expect(0);
  }

  private static ByteBuffer data(Path safetensors) throws IOException {
    ByteBuffer file =
        ByteBuffer.wrap(Files.readAllBytes(safetensors)).order(ByteOrder.LITTLE_ENDIAN);
    return file.position(8 + (int) file.getLong(0));
  }

  /** A file of one Q8_0 tensor (2, 32): scales 0.5 and 2, values −16 to 15 in each row. */
  private static Path gguf(Path target, int numbers) throws IOException {
    ByteBuffer file = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN);
    file.putInt(0x46554747).putInt(3).putLong(1).putLong(2);
    text(file, "general.architecture").putInt(8);
    text(file, "toy");
    text(file, "numbers").putInt(9).putInt(5).putLong(numbers);
    for (int i = 0; i < numbers; i++) {
      file.putInt(i);
    }
    text(file, "blocks").putInt(2).putLong(32).putLong(2).putInt(8).putLong(0);
    file.position((file.position() + 31) / 32 * 32);
    for (float scale : new float[] {0.5f, 2}) {
      file.putShort(Float.floatToFloat16(scale));
      for (int i = -16; i < 16; i++) {
        file.put((byte) i);
      }
    }
    return Files.write(target, Arrays.copyOf(file.array(), file.position()));
  }

  private static ByteBuffer text(ByteBuffer file, String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    return file.putLong(bytes.length).put(bytes);
  }
}
