package dev.nacelle.model;

import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.file.AdapterConfig;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.HfFolder;
import dev.nacelle.file.JsonFile;
import dev.nacelle.file.MutationCount;
import dev.nacelle.file.Mutator;
import dev.nacelle.file.PeftAdapter;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged config.json, adapter_config.json and shard indexes. */
final class JsonMutationTest {
  private static final long SEED = 20261125;
  private static final int MUTANTS = MutationCount.times(2_000);

  private static final List<String> CONFIGS =
      List.of(
          """
          {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":64,
           "intermediate_size":96,"num_hidden_layers":2,"num_attention_heads":4,"head_dim":16,
           "num_key_value_heads":2,"vocab_size":100,"rms_norm_eps":1e-5,"rope_theta":10000.0,
           "rope_scaling":{"rope_type":"llama3","factor":8.0,"low_freq_factor":1.0,
             "high_freq_factor":4.0,"original_max_position_embeddings":64},
           "tie_word_embeddings":true,"torch_dtype":"bfloat16","eos_token_id":[1,2],
           "max_position_embeddings":512}
          """,
          """
          {"model_type":"llama","hidden_size":64,"intermediate_size":96,"num_hidden_layers":2,
           "num_attention_heads":4,"vocab_size":100,"attention_bias":true,"mlp_bias":false,
           "dtype":"float32","max_position_embeddings":1024,"hidden_act":"silu",
           "rope_parameters":{"rope_type":"yarn","rope_theta":10000.0,"factor":4.0,
             "original_max_position_embeddings":256,"mscale":1.0,"mscale_all_dim":0.7}}
          """);

  private static final String ADAPTER = "/dev/nacelle/file/peft-adapter/";

  @TempDir Path folder;

  private interface Reader {
    void read(Path file);
  }

  private void mutate(String name, long seed, List<byte[]> originals, Path file, Reader reader)
      throws IOException {
    Mutator mutator = new Mutator(seed);
    MutationCount count = new MutationCount(name, seed);
    ObjectMapper mapper = new ObjectMapper();
    for (int i = 0; i < MUTANTS; i++) {
      byte[] original = originals.get(i % originals.size());
      byte[] mutant;
      if (i / originals.size() % 2 == 0) {
        JsonNode tree = mapper.readTree(original);
        mutant = mutator.write(mutator.json(tree));
      } else {
        mutant = mutator.bytes(original);
      }
      Files.write(file, mutant);
      count.run(
          () -> reader.read(file),
          m ->
              !m.contains("is not JSON")
                  && !m.contains("UTF-8")
                  && !m.contains("NUL")
                  && !m.contains("at least 2"));
    }
    count.finish(MUTANTS, 8L << 20);
  }

  @Test
  void configs() throws IOException {
    mutate(
        "config.json",
        SEED,
        CONFIGS.stream().map(text -> text.getBytes(StandardCharsets.UTF_8)).toList(),
        folder.resolve("config.json"),
        file -> {
          ModelConfig config = ConfigReader.read(JsonFile.read(file), null);
          assertTrue(config.parameters() > 0);
          if (config.headDim() <= 4096) {
            assertTrue(RopeFrequencies.inverse(config, 5000).length == config.headDim() / 2);
            assertTrue(RopeFrequencies.attentionFactor(config) > 0);
          }
        });
  }

  @Test
  void adapterConfigs() throws IOException {
    byte[] config = resource(ADAPTER + "adapter_config.json");
    Files.write(
        folder.resolve("adapter_model.safetensors"),
        resource(ADAPTER + "adapter_model.safetensors"));
    mutate(
        "adapter_config.json",
        SEED + 1,
        List.of(config),
        folder.resolve("adapter_config.json"),
        file -> openAdapter());
  }

  @Test
  void adapterWeights() throws IOException {
    Files.write(folder.resolve("adapter_config.json"), resource(ADAPTER + "adapter_config.json"));
    byte[] weights = resource(ADAPTER + "adapter_model.safetensors");
    int header = (int) ByteBuffer.wrap(weights).order(ByteOrder.LITTLE_ENDIAN).getLong();
    byte[] data = Arrays.copyOfRange(weights, 8 + header, weights.length);
    Path file = folder.resolve("adapter_model.safetensors");
    Mutator mutator = new Mutator(SEED + 3);
    MutationCount count = new MutationCount("adapter_model.safetensors", SEED + 3);
    ObjectMapper mapper = new ObjectMapper();
    for (int i = 0; i < MUTANTS; i++) {
      byte[] json = mutator.write(mutator.json(mapper.readTree(weights, 8, header)));
      byte[] mutant =
          i % 4 == 3
              ? mutator.bytes(weights)
              : ByteBuffer.allocate(8 + json.length + data.length)
                  .order(ByteOrder.LITTLE_ENDIAN)
                  .putLong(json.length)
                  .put(json)
                  .put(data)
                  .array();
      Files.write(file, mutant);
      count.run(
          this::openAdapter,
          m -> !m.contains("is not JSON") && !m.contains("header length") && !m.contains("UTF-8"));
    }
    count.finish(MUTANTS, 8L << 20);
  }

  private void openAdapter() {
    Map<String, long[]> linears = new LinkedHashMap<>();
    for (int i = 0; i < 2; i++) {
      linears.put("model.layers." + i + ".self_attn.q_proj", new long[] {16, 16});
      linears.put("model.layers." + i + ".self_attn.k_proj", new long[] {8, 16});
    }
    try (PeftAdapter adapter = PeftAdapter.open(folder, linears, FaultInjector.none())) {
      AdapterConfig read = adapter.config();
      assertTrue(read.rank() == 3 && !adapter.modules().isEmpty());
      assertTrue(adapter.a(adapter.modules().getFirst().modulePath()).length == 48);
    }
  }

  @Test
  void shardIndexes() throws IOException {
    Files.writeString(folder.resolve("config.json"), "{}");
    Files.write(folder.resolve("a.safetensors"), resource(ADAPTER + "adapter_model.safetensors"));
    String key = "base_model.model.model.layers.1.self_attn.k_proj.lora_A.weight";
    String index =
        "{\"metadata\":{\"total_size\":192},\"weight_map\":{\"" + key + "\":\"a.safetensors\"}}";
    mutate(
        "model.safetensors.index.json",
        SEED + 2,
        List.of(index.getBytes(StandardCharsets.UTF_8)),
        folder.resolve("model.safetensors.index.json"),
        file -> {
          try (HfFolder open = HfFolder.open(folder)) {
            assertTrue(open.data(key).byteSize() == 192);
          }
        });
  }

  private byte[] resource(String name) throws IOException {
    try (InputStream in = Objects.requireNonNull(getClass().getResourceAsStream(name))) {
      return in.readAllBytes();
    }
  }
}
