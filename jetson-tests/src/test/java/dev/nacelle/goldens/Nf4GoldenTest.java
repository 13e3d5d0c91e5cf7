package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.NacelleException;
import dev.nacelle.commandline.Fixtures;
import dev.nacelle.commandline.Outcome;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.model.ConfigReader;
import dev.nacelle.model.ModelTensors;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.function.ThrowingConsumer;
import org.junit.jupiter.api.io.TempDir;

/** Folders that bitsandbytes quantised in nf4 (jetson-tests/peers/make_nf4_golden.py). */
final class Nf4GoldenTest {
  private static final List<String> FOLDERS = List.of("double", "single");
  private static final String MATRIX = "model.layers.1.mlp.down_proj.weight";

  @TempDir private Path folder;

  private static Path golden(String name) {
    return Fixtures.example("../nf4").resolve(name);
  }

  private static Stream<DynamicTest> each(ThrowingConsumer<Path> t) {
    return FOLDERS.stream()
        .map(name -> DynamicTest.dynamicTest(name, () -> t.accept(golden(name))));
  }

  @TestFactory
  Stream<DynamicTest> everyMatrixIsWidenedBitForBit() {
    return each(
        path -> {
          Map<String, float[]> wanted = PeftRun.tensors(path.resolve("dequantised.safetensors"));
          assertEquals(14, wanted.size());
          try (HfFolder open = HfFolder.open(path)) {
            wanted.forEach(
                (name, values) -> {
                  TensorEntry entry = open.entry(name);
                  assertEquals("NF4", entry.fileDtype());
                  assertArrayEquals(values, floats(open, entry), 0f, name);
                  assertArrayEquals(
                      Arrays.copyOfRange(values, (int) entry.columns(), 3 * (int) entry.columns()),
                      rows(open, entry, 1, 2),
                      0f,
                      name);
                });
            assertFalse(open.entries().containsKey(MATRIX + ".absmax"), "what belongs to it");
          }
        });
  }

  private static float[] floats(HfFolder open, TensorEntry entry) {
    return rows(open, entry, 0, entry.rows());
  }

  private static float[] rows(HfFolder open, TensorEntry entry, long first, long rows) {
    float[] values = new float[Math.toIntExact(rows * entry.columns())];
    try (NativeBuffer wide = NativeBuffer.allocate(4L * values.length)) {
      open.readRows(entry.name(), first, rows, wide);
      wide.read(0, values, 0, values.length);
    }
    return values;
  }

  @TestFactory
  Stream<DynamicTest> lossesAreThoseOfTransformers() {
    return each(
        path -> {
          Path losses = folder.resolve(path.getFileName() + ".jsonl");
          run("eval", path, "--token-losses", losses.toString(), "--max-length", "64");
          List<String> wanted = Files.readAllLines(path.resolve("token_losses.jsonl"));
          List<String> got = Files.readAllLines(losses);
          assertEquals(wanted.size(), got.size());
          for (int line = 0; line < got.size(); line++) {
            JsonNode want = Outcome.JSON.readTree(wanted.get(line));
            JsonNode have = Outcome.JSON.readTree(got.get(line));
            assertEquals(want.get("ids"), have.get("ids"));
            for (int t = 0; t < want.get("losses").size(); t++) {
              double off =
                  want.get("losses").get(t).asDouble() - have.get("losses").get(t).asDouble();
              assertEquals(0, off, 1e-4, "line " + line + ", token " + t);
            }
          }
        });
  }

  private static Outcome run(String command, Path model, String... more) {
    List<String> args = new ArrayList<>(List.of(command, "--quiet", "--threads", "1"));
    args.addAll(List.of("--model", model.toString()));
    args.addAll(List.of("--data", golden("double").resolve("data.jsonl").toString()));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new)).expect(0);
  }

  /** What is trained beside the codes is trained beside the numbers that they stand for. */
  @TestFactory
  Stream<DynamicTest> trainsAsBesideTheWidenedModel() {
    return each(
        path -> {
          String name = String.valueOf(path.getFileName());
          String flags = "--rank 4 --steps 4 --lr 1e-2 --max-length 48 --schedule constant";
          Path trained = folder.resolve(name + "-trained");
          train(path, trained, flags);
          Path plain = folder.resolve(name + "-plain");
          Path idle = folder.resolve(name + "-idle");
          train(path, idle, "--rank 1 --steps 1 --lr 0 --max-length 48");
          Outcome.of(
                  "merge",
                  "--quiet",
                  "--dtype",
                  "fp32",
                  "--model",
                  path.toString(),
                  "--adapter",
                  idle.toString(),
                  "--out",
                  plain.toString())
              .expect(0);
          assertFalse(Files.readString(plain.resolve("config.json")).contains("quantization"));
          Path beside = folder.resolve(name + "-beside");
          train(plain, beside, flags);
          PeftRun.near(
              PeftRun.tensors(beside.resolve("adapter_model.safetensors")),
              PeftRun.tensors(trained.resolve("adapter_model.safetensors")),
              1e-3);
        });
  }

  private static void train(Path model, Path out, String flags) {
    List<String> more = new ArrayList<>(List.of("--out", out.toString()));
    more.addAll(List.of(flags.split(" ")));
    run("finetune", model, more.toArray(String[]::new));
  }

  @Test
  void inspectNamesIt() throws IOException {
    JsonNode found = Outcome.of("inspect", "--json", golden("double").toString()).expect(0).json();
    List<String> said = new ArrayList<>();
    for (JsonNode tensor : found.at("/files/0/tensors")) {
      if (tensor.get("name").asText().startsWith(MATRIX)) {
        said.add(tensor.get("dtype").asText() + tensor.get("shape"));
      }
    }
    assertEquals(List.of("NF4[32,64]"), said);
    String model = golden("double").toString();
    Path wide = folder.resolve("wide.safetensors");
    Outcome.of("inspect", model, "--tensor", MATRIX, "--out", wide.toString()).expect(0);
    Map<String, float[]> wanted =
        PeftRun.tensors(golden("double").resolve("dequantised.safetensors"));
    assertArrayEquals(
        Objects.requireNonNull(wanted.get(MATRIX)),
        Objects.requireNonNull(PeftRun.tensors(wide).get(MATRIX)),
        0f);
    Path raw = folder.resolve("raw.safetensors");
    Outcome.of("inspect", model, "--tensor", MATRIX, "--raw", "--out", raw.toString()).expect(0);
    try (SafetensorsFile file = Safetensors.open(raw)) {
      assertArrayEquals(new long[] {32, 32}, file.entry(MATRIX).shape());
      assertEquals("NF4", file.metadata().get("block_type"));
    }
  }

  @Test
  void whatIsNotWholeIsRefused() throws IOException {
    for (String gone : List.of(".absmax", ".nested_absmax", ".nested_quant_map", ".quant_map")) {
      String said = refused(MATRIX + gone, false);
      assertTrue(said.contains(MATRIX + gone) && said.contains("is missing"), said);
    }
    assertTrue(refused(MATRIX + ".quant_map", true).contains("other levels"));
    String text = refused(MATRIX + ".quant_state.bitsandbytes__nf4", true);
    assertTrue(text.contains("is no JSON text"), text);
    String fp4 = refused(MATRIX + ".quant_state.bitsandbytes__nf4", false);
    assertTrue(fp4.contains(MATRIX), fp4);
  }

  /**
   * @param zeroed whether the tensor is there with zeros, or not at all
   */
  private String refused(String tensor, boolean zeroed) throws IOException {
    Path copy = Fixtures.copy(golden("double"), Files.createTempDirectory(folder, "damaged"));
    List<NamedTensor> tensors = new ArrayList<>();
    try (SafetensorsFile file = Safetensors.open(golden("double").resolve("model.safetensors"))) {
      for (TensorEntry entry : file.entries().values()) {
        DType dtype = entry.fileDtype().equals("U8") ? DType.U8 : DType.FP32;
        if (!entry.name().equals(tensor)) {
          tensors.add(NamedTensor.of(entry.name(), dtype, entry.shape(), file.data(entry.name())));
        } else if (zeroed) {
          int bytes = Math.toIntExact(entry.bytes());
          tensors.add(
              new NamedTensor(
                  tensor, dtype, entry.shape(), sink -> sink.accept(ByteBuffer.allocate(bytes))));
        }
      }
      Files.delete(copy.resolve("model.safetensors"));
      SafetensorsWriter.write(copy.resolve("model.safetensors"), tensors, Map.of());
    }
    NacelleException e =
        assertThrows(
            NacelleException.class,
            () -> {
              try (HfFolder open = HfFolder.open(copy)) {
                ModelTensors.check(ConfigReader.read(open), open);
              }
            });
    assertEquals(3, e.kind().exitCode());
    return String.valueOf(e.getMessage());
  }
}
