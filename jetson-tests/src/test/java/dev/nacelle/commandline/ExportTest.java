package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorSource;
import dev.nacelle.model.GgufModel;
import dev.nacelle.model.ModelTensors;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** merge from and into GGUF, and export, on the tiny file that the gguf package wrote. */
final class ExportTest {
  private static final int RANK = 2;

  @TempDir private Path folder;
  private Path base = Path.of("");
  private Path adapter = Path.of("");

  @BeforeEach
  void baseAndAdapter() throws IOException {
    base = folder.resolve("tiny.gguf");
    try (InputStream in =
        Objects.requireNonNull(ExportTest.class.getResourceAsStream("/goldens/gguf/tiny.gguf"))) {
      Files.copy(in, base);
    }
    adapter = Files.createDirectory(folder.resolve("adapter"));
    writeAdapter("q_proj", "v_proj", "down_proj");
  }

  /** A and B in sixteenths, so that sums are exact. */
  private void writeAdapter(String... targets) throws IOException {
    List<NamedTensor> tensors = new ArrayList<>();
    SplittableRandom random = new SplittableRandom(5);
    for (Map.Entry<String, long[]> linear : linears().entrySet()) {
      String path = linear.getKey();
      if (List.of(targets).contains(path.substring(path.lastIndexOf('.') + 1))) {
        long out = linear.getValue()[0];
        long in = linear.getValue()[1];
        String key = PeftAdapter.PREFIX + path;
        tensors.add(NamedTensor.of(key + ".lora_A.weight", some(random, RANK * in), RANK, in));
        tensors.add(NamedTensor.of(key + ".lora_B.weight", some(random, out * RANK), out, RANK));
      }
    }
    SafetensorsWriter.write(
        adapter.resolve("adapter_model.safetensors"), tensors, SafetensorsWriter.PYTORCH_METADATA);
    Files.writeString(
        adapter.resolve("adapter_config.json"),
        "{\"peft_type\":\"LORA\",\"r\":2,\"lora_alpha\":4,\"target_modules\":"
            + Outcome.JSON.writeValueAsString(targets)
            + "}");
  }

  private static float[] some(SplittableRandom random, long count) {
    float[] values = new float[(int) count];
    for (int i = 0; i < values.length; i++) {
      values[i] = random.nextInt(-8, 9) / 16f;
    }
    return values;
  }

  private Map<String, long[]> linears() {
    try (GgufModel model = GgufModel.of(GgufFile.open(base))) {
      return ModelTensors.linears(model.config());
    }
  }

  private Outcome merge(String out, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of("merge", "--model", base.toString(), "--adapter", adapter.toString()));
    args.addAll(List.of("--out", folder.resolve(out).toString(), "--json"));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }

  /** W + (alpha ÷ r)·B·A, by plain loops. */
  private float[] expected(TensorSource source, SafetensorsFile pairs, String module) {
    float[] w = Fixtures.floats(source, module + ".weight");
    float[] a = Fixtures.floats(pairs, PeftAdapter.PREFIX + module + ".lora_A.weight");
    float[] b = Fixtures.floats(pairs, PeftAdapter.PREFIX + module + ".lora_B.weight");
    int in = a.length / RANK;
    for (int o = 0; o < b.length / RANK; o++) {
      for (int i = 0; i < in; i++) {
        float sum = 0;
        for (int k = 0; k < RANK; k++) {
          sum += b[o * RANK + k] * a[k * in + i];
        }
        w[o * in + i] += 2 * sum;
      }
    }
    return w;
  }

  @Test
  void aGgufBaseBecomesAFolder() throws IOException {
    writeAdapter("q_proj", "v_proj", "down_proj", "lm_head");
    // The tiny file's own table of rotary factors is no llama3 scaling: the reason is given.
    assertTrue(merge("out").expect(3).err().contains("rope_freqs"));
    assertEquals(
        List.of("adapter_config.json", "adapter_model.safetensors"), Fixtures.files(adapter));
    assertFalse(Files.exists(folder.resolve("out")));
    makeRopeFactorsOne();
    JsonNode report = merge("out").expect(0).json();
    assertEquals("fp32", report.path("type").asText());
    assertEquals(4, report.path("adapted").asInt());
    try (GgufModel source = GgufModel.of(GgufFile.open(base));
        HfFolder merged = HfFolder.open(folder.resolve("out"));
        SafetensorsFile pairs = Safetensors.open(adapter.resolve("adapter_model.safetensors"))) {
      for (String name : merged.entries().keySet()) {
        String module = name.replace(".weight", "");
        boolean adapted =
            name.endsWith(".weight")
                && pairs.find(PeftAdapter.PREFIX + module + ".lora_A.weight") != null;
        float[] want = adapted ? expected(source, pairs, module) : Fixtures.floats(source, name);
        assertArrayEquals(want, Fixtures.floats(merged, name), name);
      }
    }
    JsonNode config = Outcome.JSON.readTree(folder.resolve("out/config.json").toFile());
    assertEquals("LlamaForCausalLM", config.path("architectures").path(0).asText());
    assertEquals(1e-5, config.path("rms_norm_eps").asDouble());
    assertEquals("float32", config.path("torch_dtype").asText());
    assertTrue(
        Files.readString(folder.resolve("out/tokenizer.json")).contains("<|end|>"),
        "no tokenizer.json");
    JsonNode tokenizer =
        Outcome.JSON.readTree(folder.resolve("out/tokenizer_config.json").toFile());
    assertEquals("<|end|>", tokenizer.path("eos_token").asText());
    assertEquals("{{ messages }}", tokenizer.path("chat_template").asText());
  }

  /** Plain positions, and llama3's with a factor of one. */
  private void makeRopeFactorsOne() throws IOException {
    byte[] bytes = Files.readAllBytes(base);
    ByteBuffer whole = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    try (GgufFile file = GgufFile.open(base)) {
      long offset = file.entry("rope_freqs.weight").offset();
      for (int i = 0; i < 4; i++) {
        whole.putFloat((int) offset + 4 * i, 1f);
      }
    }
    Files.write(base, bytes);
  }

  @Test
  void ggufKeepsItsMetadataAndItsRowOrder() throws IOException {
    for (String type : List.of("f16", "q8_0")) {
      merge(type + ".gguf", "--format", "gguf", "--type", type).expect(0);
      try (GgufModel source = GgufModel.of(GgufFile.open(base));
          GgufModel merged = GgufModel.of(GgufFile.open(folder.resolve(type + ".gguf")));
          SafetensorsFile pairs = Safetensors.open(adapter.resolve("adapter_model.safetensors"))) {
        assertEquals(source.config(), merged.config());
        assertEquals(source.entries().keySet(), merged.entries().keySet());
        assertEquals(
            source.file().metadata().strings("tokenizer.ggml.tokens"),
            merged.file().metadata().strings("tokenizer.ggml.tokens"));
        String module = "model.layers.0.self_attn.q_proj";
        float[] want = expected(source, pairs, module);
        float[] have = Fixtures.floats(merged, module + ".weight");
        float largest = 0;
        for (float value : want) {
          largest = Math.max(largest, Math.abs(value));
        }
        float tolerance = type.equals("f16") ? largest / 2048 : largest / 127;
        for (int i = 0; i < want.length; i++) {
          assertEquals(want[i], have[i], tolerance, type + " element " + i);
        }
        assertArrayEquals(
            Fixtures.floats(source, "model.layers.0.self_attn.q_proj.bias"),
            Fixtures.floats(merged, "model.layers.0.self_attn.q_proj.bias"));
        assertEquals("F32", merged.entry("model.norm.weight").fileDtype());
        assertEquals(
            type.equals("f16") ? "F16" : "Q8_0", merged.entry(module + ".weight").fileDtype());
      }
    }
    assertTrue(merge("f16.gguf", "--format", "gguf").expect(2).err().contains("--overwrite"));
    merge("x.gguf", "--format", "gguf", "--type", "q4_k").expect(2);
    merge("x.gguf", "--format", "gguf", "--dtype", "fp32").expect(2);
    merge("x", "--type", "f16").expect(2);
    assertFalse(Files.exists(folder.resolve("x.gguf")));
  }

  @Test
  void exportInterleavesTheRowsOfBAlone() throws IOException {
    Path out = folder.resolve("a.gguf");
    String[] args = {
      "export",
      "--adapter",
      adapter.toString(),
      "--model",
      base.toString(),
      "--format",
      "gguf",
      "--out",
      out.toString(),
      "--json"
    };
    JsonNode report = Outcome.of(args).expect(0).json();
    assertEquals(3, report.path("pairs").asInt());
    try (GgufFile file = GgufFile.open(out);
        SafetensorsFile pairs = Safetensors.open(adapter.resolve("adapter_model.safetensors"))) {
      assertEquals("adapter", file.metadata().text("general.type"));
      assertEquals("lora", file.metadata().text("adapter.type"));
      assertEquals("llama", file.metadata().text("general.architecture"));
      assertEquals(4.0, file.metadata().positive("adapter.lora.alpha", 0));
      assertEquals(6, file.entries().size());
      String q = PeftAdapter.PREFIX + "model.layers.0.self_attn.q_proj";
      assertArrayEquals(
          Fixtures.floats(pairs, q + ".lora_A.weight"),
          Fixtures.floats(file, "blk.0.attn_q.weight.lora_a"));
      float[] b = Fixtures.floats(pairs, q + ".lora_B.weight");
      float[] rows = Fixtures.floats(file, "blk.0.attn_q.weight.lora_b");
      // Heads of 8: row t·4 + j stands at 2j + t.
      for (int head = 0; head < 4; head++) {
        for (int j = 0; j < 4; j++) {
          for (int t = 0; t < 2; t++) {
            for (int k = 0; k < RANK; k++) {
              assertEquals(
                  b[(head * 8 + t * 4 + j) * RANK + k], rows[(head * 8 + 2 * j + t) * RANK + k]);
            }
          }
        }
      }
      String v = PeftAdapter.PREFIX + "model.layers.0.self_attn.v_proj";
      assertArrayEquals(
          Fixtures.floats(pairs, v + ".lora_B.weight"),
          Fixtures.floats(file, "blk.0.attn_v.weight.lora_b"));
    }
    Outcome.of(args).expect(2);
    writeAdapter("lm_head");
    Files.delete(out);
    assertTrue(Outcome.of(args).expect(3).err().contains("lm_head"));
    assertFalse(Files.exists(out));
  }
}
