package dev.nacelle.file;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Against an adapter that PEFT saved (jetson-tests/peers/adapter_golden.py). */
final class PeftAdapterTest {
  private static final String KEY = "base_model.model.model.layers.1.self_attn.k_proj";

  @TempDir Path folder;

  /** Modules of the tiny model of adapter_golden.py. */
  static Map<String, long[]> linears() {
    Map<String, long[]> all = new LinkedHashMap<>();
    for (int i = 0; i < 2; i++) {
      String layer = "model.layers." + i + ".";
      all.put(layer + "self_attn.q_proj", new long[] {16, 16});
      all.put(layer + "self_attn.k_proj", new long[] {8, 16});
      all.put(layer + "self_attn.v_proj", new long[] {8, 16});
      all.put(layer + "self_attn.o_proj", new long[] {16, 16});
      all.put(layer + "mlp.gate_proj", new long[] {24, 16});
      all.put(layer + "mlp.up_proj", new long[] {24, 16});
      all.put(layer + "mlp.down_proj", new long[] {16, 24});
    }
    all.put("lm_head", new long[] {32, 16});
    return all;
  }

  @BeforeEach
  void golden() throws IOException {
    for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
      try (InputStream in =
          Objects.requireNonNull(getClass().getResourceAsStream("peft-adapter/" + name))) {
        Files.write(folder.resolve(name), in.readAllBytes());
      }
    }
  }

  private PeftAdapter open() {
    return PeftAdapter.open(folder, linears(), FaultInjector.none());
  }

  private String refused() {
    long before = NativeMemory.liveBuffers();
    NacelleException e = assertThrows(NacelleException.class, () -> open().close());
    assertEquals(3, e.kind().exitCode());
    assertNotNull(e.hint());
    assertEquals(before, NativeMemory.liveBuffers());
    return e.getMessage() + " " + e.hint();
  }

  private void edit(String key, String value) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    Path file = folder.resolve("adapter_config.json");
    ObjectNode node = (ObjectNode) mapper.readTree(Files.readAllBytes(file));
    if (value.equals("-")) {
      node.remove(key);
    } else {
      node.set(key, mapper.readTree(value));
    }
    Files.write(file, mapper.writeValueAsBytes(node));
  }

  private void weights(String... namesAndShapes) {
    List<NamedTensor> tensors = new ArrayList<>();
    for (String spec : namesAndShapes) {
      String[] parts = spec.split("=", -1);
      String[] sizes = parts[1].split("x", -1);
      long[] shape = Arrays.stream(sizes).mapToLong(Long::parseLong).toArray();
      DType dtype = parts.length > 2 ? DType.parse(parts[2]) : DType.FP32;
      int bytes = (int) (Arrays.stream(shape).reduce(1, (a, b) -> a * b) * dtype.bytes());
      tensors.add(
          new NamedTensor(parts[0], dtype, shape, sink -> sink.accept(ByteBuffer.allocate(bytes))));
    }
    SafetensorsWriter.write(folder.resolve("adapter_model.safetensors"), tensors, Map.of());
  }

  @Test
  void writesTheBytesThatPeftWrites() throws IOException {
    Path ours = folder.resolve("ours");
    try (PeftAdapter adapter = open()) {
      AdapterConfig config = adapter.config();
      assertEquals(3, config.rank());
      assertEquals(6.5, config.alpha());
      assertEquals(0.1, config.dropout());
      assertEquals(List.of("k_proj"), config.targets());
      assertEquals(List.of(1), config.layers());
      assertEquals("tiny/modèle", config.baseModel());
      List<String> modules = new ArrayList<>();
      List<NamedTensor> tensors = new ArrayList<>();
      for (PeftAdapter.Adapted adapted : adapter.modules()) {
        String path = adapted.modulePath();
        modules.add(path);
        for (AdapterKind.Part part :
            config.parts(adapted.modulePath(), adapted.out(), adapted.in())) {
          tensors.add(
              NamedTensor.of(
                  PeftAdapter.PREFIX + path + part.suffix(),
                  adapter.values(path, part.suffix()),
                  part.shape()));
        }
      }
      assertEquals(1, modules.size());
      assertEquals(47 / 8f, adapter.a("model.layers.1.self_attn.k_proj")[47]);
      PeftAdapter.write(ours, config, modules, tensors, FaultInjector.none());
    }
    for (String name : List.of("adapter_config.json", "adapter_model.safetensors")) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve(name)), Files.readAllBytes(ours.resolve(name)), name);
    }
  }

  @Test
  void allLinearNamesItsModules() throws IOException {
    AdapterConfig config = AdapterConfig.of(new LoraKind(), 2, 4, 0, List.of(), List.of(), null);
    List<String> modules = new ArrayList<>();
    List<NamedTensor> tensors = new ArrayList<>();
    linears()
        .forEach(
            (path, shape) -> {
              if (!path.equals("lm_head")) {
                modules.add(path);
                for (AdapterKind.Part part : config.parts(path, shape[0], shape[1])) {
                  float[] zeros = new float[(int) (part.shape()[0] * part.shape()[1])];
                  tensors.add(
                      NamedTensor.of(
                          PeftAdapter.PREFIX + path + part.suffix(), zeros, part.shape()));
                }
              }
            });
    Path ours = folder.resolve("ours");
    PeftAdapter.write(ours, config, modules, tensors, FaultInjector.none());
    try (PeftAdapter adapter = PeftAdapter.open(ours, linears(), FaultInjector.none())) {
      assertEquals(14, adapter.modules().size());
      assertEquals(
          List.of("down_proj", "gate_proj", "k_proj", "o_proj", "q_proj", "up_proj", "v_proj"),
          adapter.config().targets());
    }
    String text = Files.readString(ours.resolve("adapter_config.json"));
    assertTrue(text.contains("\n  \"lora_alpha\": 4,\n  \"lora_bias\": false,\n"), text);
  }

  @Test
  void aFolderThatCannotBeMadeIsTheEnvironmentsFault() throws IOException {
    Path file = Files.writeString(folder.resolve("out"), "x");
    AdapterConfig config =
        AdapterConfig.of(new LoraKind(), 2, 4, 0, List.of("q_proj"), List.of(), null);
    for (Path target : List.of(file, file.resolve("inside"))) {
      NacelleException e =
          assertThrows(
              NacelleException.class,
              () -> PeftAdapter.write(target, config, List.of(), List.of(), FaultInjector.none()));
      assertEquals(5, e.kind().exitCode());
      assertTrue(String.valueOf(e.getMessage()).contains("a file stands"), e.getMessage());
    }
  }

  @Test
  void variantsThatPeftReadsToo() throws IOException {
    weights(KEY + ".lora_A.default.weight=3x16=bf16", KEY + ".lora_B.default.weight=8x3=fp16");
    open().close();
    edit("target_modules", "\".*\\\\.1\\\\..*k_proj\"");
    edit("layers_to_transform", "null");
    open().close();
    edit("target_modules", "[\"1.self_attn.k_proj\"]");
    open().close();
    edit("target_modules", "[\"model.layers.1.self_attn.k_proj\"]");
    edit("layers_to_transform", "[0]");
    open().close();
    edit("target_modules", "[\"k_proj\",\"v_proj\"]");
    edit("layers_to_transform", "1");
    edit("exclude_modules", "[\"v_proj\"]");
    open().close();
    weights(
        "base_model.model.lm_head.lora_A.weight=3x16",
        "base_model.model.lm_head.lora_B.weight=32x3",
        "base_model.model.lm_head.base_layer.weight=32x16");
    edit("target_modules", "[\"lm_head\"]");
    open().close();
  }

  @Test
  void keysMustFit() throws IOException {
    weights(KEY + ".lora_A.weight=3x16");
    assertTrue(refused().contains("has no tensor " + KEY + ".lora_B.weight [8, 3]"));
    weights(KEY + ".lora_A.weight=3x16", KEY + ".lora_B.weight=3x8");
    assertTrue(refused().contains("has the shape [3, 8], rank and base model ask for [8, 3]"));
    weights(KEY + ".lora_A.weight=4x16", KEY + ".lora_B.weight=8x4");
    assertTrue(refused().contains("r in adapter_config.json is wrong"));
    weights(KEY + ".lora_A.weight=3x16=i32", KEY + ".lora_B.weight=8x3");
    assertTrue(refused().contains("adapters are read from F32"));
    weights(
        KEY + ".lora_A.weight=3x16",
        KEY + ".lora_B.weight=8x3",
        "base_model.model.model.layers.0.self_attn.k_proj.lora_A.weight=3x16");
    assertTrue(refused().contains("1 tensors would not be used"));
    weights(KEY + ".lora_A.weight=3x16", KEY + ".lora_B.weight=8x3", KEY + ".lora_B0.weight=8x3");
    assertTrue(refused().contains("HydraLoRA"));
    weights(
        KEY + ".lora_A.weight=3x16",
        KEY + ".lora_A.default.weight=3x16",
        KEY + ".lora_B.weight=8x3");
    assertTrue(refused().contains("with and without the adapter's name"));
    weights("model.layers.1.self_attn.k_proj.lora_A.weight=3x16");
    assertTrue(refused().contains("does not begin with base_model.model."));
    edit("target_modules", "[\"c_attn\"]");
    weights(KEY + ".lora_A.weight=3x16", KEY + ".lora_B.weight=8x3");
    assertTrue(refused().contains("match no linear layer"));
    Files.delete(folder.resolve("adapter_model.safetensors"));
    assertTrue(refused().contains("does not exist"));
    Files.writeString(folder.resolve("adapter_model.bin"), "x");
    assertTrue(refused().contains("holds 1 bytes"));
  }

  @Test
  void veraIsReadAndHeldAgainstItsConfiguration() throws IOException {
    for (String gone : List.of("lora_alpha", "lora_dropout", "init_lora_weights")) {
      edit(gone, "null");
    }
    edit("peft_type", "\"VERA\"");
    edit("vera_dropout", "0.25");
    String b = KEY + ".vera_lambda_b=8";
    String d = KEY + ".vera_lambda_d=3";
    String upper = "base_model.vera_B=8x3";
    weights(b, d, "base_model.vera_A=3x16", upper);
    try (PeftAdapter adapter = open()) {
      assertEquals("vera", adapter.config().kind().word());
      assertEquals(0.25, adapter.config().dropout());
      assertEquals(1, adapter.config().scale("model.layers.1.self_attn.k_proj"));
      assertEquals(48, adapter.a("model.layers.1.self_attn.k_proj").length);
      assertEquals(24, adapter.b("model.layers.1.self_attn.k_proj").length);
    }
    weights(b, d, upper);
    assertTrue(refused().contains("has no tensor base_model.vera_A [3, 16]"));
    weights(b, d, "base_model.vera_A=3x17", upper);
    assertTrue(refused().contains("has the shape [3, 17]"));
    edit("save_projection", "false");
    assertTrue(refused().contains("would not be used"));
    weights(b, d);
    open().close();
    weights(b, KEY + ".vera_lambda_d.default=3", KEY + ".lora_A.weight=3x16");
    assertTrue(refused().contains("has no tensor"));
    edit("use_rslora", "true");
    assertTrue(refused().contains("use_rslora"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "peft_type|\"HYDRA_LORA\"|lora_nums is missing",
        "peft_type|\"IA3\"|peft_type is 'IA3'",
        "lora_nums|0|lora_nums is 0",
        "peft_type|-|peft_type is missing",
        "lora_bias|true|lora_bias is true",
        "bias|\"all\"|bias is 'all'",
        "modules_to_save|[\"lm_head\"]|lm_head.weight [32, 16]",
        "modules_to_save|[\"score\"]|modules_to_save is",
        "layer_replication|[[0,1]]|layer_replication is",
        "trainable_token_indices|[1]|trainable_token_indices is",
        "init_lora_weights|\"pissa\"|init_lora_weights is 'pissa'",
        "init_lora_weights|3|init_lora_weights is 3",
        "layers_pattern|\"h\"|layers_pattern is 'h'",
        "task_type|\"SEQ_CLS\"|task_type is 'SEQ_CLS'",
        "lora_nums|4|has no tensor",
        "fan_in_fan_out|true|fan_in_fan_out is true",
        "r|0|r is 0, outside 1",
        "r|3.5|r is 3.5, no whole number",
        "r|-|r in adapter_config.json is wrong",
        "lora_alpha|\"16\"|lora_alpha is '16', no finite number",
        "lora_dropout|1|lora_dropout is 1.0, outside",
        "target_modules|[]|target_modules is empty",
        "target_modules|[1]|no list of strings",
        "target_modules|\"(\"|no regular expression",
        "target_modules|\"(.*.*)*.*(.*.*)*!\"|takes too long",
        "target_modules|\"x\"|match no linear layer",
        "layers_to_transform|[-1]|layers_to_transform is -1",
        "layers_to_transform|[7]|match no linear layer",
        "exclude_modules|\"x\"|exclude_modules is 'x'",
      })
  void refusesByField(String key, String value, String said) throws IOException {
    if (key.equals("target_modules") && value.startsWith("\"")) {
      edit("layers_to_transform", "null");
    }
    edit(key, value);
    String message = refused();
    assertTrue(message.contains(said), message);
  }
}
