package dev.nacelle.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.JsonFile;
import dev.nacelle.nativeaccess.DType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class ConfigReaderTest {
  private static final String V4 =
      """
      {"architectures":["LlamaForCausalLM"],"model_type":"llama","hidden_size":576,
       "intermediate_size":1536,"num_hidden_layers":30,"num_attention_heads":9,
       "num_key_value_heads":3,"vocab_size":49152,"rms_norm_eps":1e-05,"rope_theta":100000,
       "rope_scaling":null,"tie_word_embeddings":true,"torch_dtype":"bfloat16","hidden_act":"silu",
       "max_position_embeddings":2048,"bos_token_id":0,"eos_token_id":[0,2],"pretraining_tp":1,
       "attention_dropout":0.0,"rope_interleaved":false,"use_cache":true}
      """;

  @TempDir Path folder;

  private ModelConfig read(String json) throws IOException {
    Path file = folder.resolve("config.json");
    Files.writeString(file, json);
    return ConfigReader.read(JsonFile.read(file), null);
  }

  @Test
  void versionFour() throws IOException {
    ModelConfig config = read(V4);
    assertEquals(64, config.headDim());
    assertEquals(576, config.queryWidth());
    assertEquals(192, config.keyValueWidth());
    assertEquals(100_000.0, config.ropeTheta());
    assertInstanceOf(RopeScaling.Default.class, config.ropeScaling());
    assertEquals(DType.BF16, config.dtype());
    assertEquals(List.of(0, 2), config.eosTokenIds());
    assertEquals(134_515_008L, config.parameters());
    assertTrue(config.tieWordEmbeddings());
  }

  @Test
  void versionFive() throws IOException {
    ModelConfig config =
        read(
            """
            {"model_type":"llama","hidden_size":32,"intermediate_size":48,"num_hidden_layers":2,
             "num_attention_heads":4,"vocab_size":99,"head_dim":16,"dtype":"float32",
             "attention_bias":true,"mlp_bias":true,"eos_token_id":7,"bos_token_id":null,
             "rope_parameters":{"rope_type":"llama3","rope_theta":500000.0,"factor":8.0,
               "low_freq_factor":1.0,"high_freq_factor":4.0,
               "original_max_position_embeddings":512}}
            """);
    assertEquals(4, config.kvHeads());
    assertEquals(64, config.queryWidth());
    assertEquals(1e-6, config.rmsNormEps());
    assertEquals(500_000.0, config.ropeTheta());
    assertEquals(new RopeScaling.Llama3(8, 1, 4, 512), config.ropeScaling());
    assertFalse(config.tieWordEmbeddings());
    assertNull(config.bosTokenId());
    assertEquals(List.of(7), config.eosTokenIds());
    List<ModelTensors.Expected> expected = ModelTensors.expected(config);
    assertEquals(3 + 2 * (2 + 7 + 7), expected.size());
    assertTrue(
        expected.stream().anyMatch(e -> e.name().equals("model.layers.1.mlp.down_proj.bias")));
  }

  @Test
  void generationConfigNamesTheEndTokens() throws IOException {
    Path file = folder.resolve("generation_config.json");
    Files.writeString(file, "{\"eos_token_id\":[5,6]}");
    Path main = folder.resolve("config.json");
    Files.writeString(main, V4);
    ModelConfig config = ConfigReader.read(JsonFile.read(main), JsonFile.read(file));
    assertEquals(List.of(5, 6), config.eosTokenIds());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "model_type|\"gpt2\"|families read so far: llama (LlamaForCausalLM), mistral",
        "architectures|[\"Qwen2ForCausalLM\"]|architectures is",
        "model_type|5|no string",
        "architectures|[\"LlamaForSequenceClassification\"]|LlamaForSequenceClassification",
        "hidden_act|\"gelu\"|hidden_act is 'gelu'",
        "pretraining_tp|2|pretraining_tp is 2",
        "quantization_config|{\"bits\":4}|quantization_config",
        "partial_rotary_factor|0.5|partial_rotary_factor is 0.5",
        "sliding_window|4096|sliding_window is 4096",
        "layer_types|[\"sliding_attention\"]|layer_types",
        "final_logit_softcapping|30.0|final_logit_softcapping is 30.0",
        "rope_interleaved|true|rope_interleaved is true",
        "attention_dropout|1.5|outside 0 to 1",
        "attention_dropout|0.1|attention_dropout is 0.1",
        "torch_dtype|\"float8_e4m3fn\"|torch_dtype is 'float8_e4m3fn'",
        "hidden_size|0|outside 1 to",
        "hidden_size|-4|outside 1 to",
        "hidden_size|\"576\"|no whole number",
        "hidden_size|576.5|no whole number",
        "hidden_size|577|no multiple of num_attention_heads",
        "hidden_size|1e300|no whole number",
        "hidden_size|null|hidden_size is missing",
        "num_hidden_layers|0|outside 1 to",
        "num_hidden_layers|1000000|outside 1 to 10000",
        "num_attention_heads|0|outside 1 to",
        "num_key_value_heads|2|no multiple of num_key_value_heads 2",
        "num_key_value_heads|[3]|no whole number",
        "head_dim|63|need an even one",
        "head_dim|0|outside 1 to",
        "vocab_size|99999999999|outside 1 to",
        "rms_norm_eps|0|must be above 0",
        "rms_norm_eps|\"1e-5\"|no finite number",
        "rope_theta|-1|must be above 0",
        "attention_bias|1|neither true nor false",
        "tie_word_embeddings|\"yes\"|neither true nor false",
        "eos_token_id|\"</s>\"|no whole number",
        "rope_scaling|7|no object",
        "rope_scaling|{\"type\":\"su\",\"factor\":2}|rope_scaling.type is 'su'",
        "rope_scaling|{\"rope_type\":\"longrope\"}|rope_scaling.short_factor is missing",
        "rope_scaling|{\"rope_type\":\"longrope\",\"short_factor\":[1,2]}|no list of 32 numbers",
        "use_bidirectional_attention|true|use_bidirectional_attention is true",
        "embedding_multiplier|12.0|embedding_multiplier is 12.0",
        "rope_scaling|{\"type\":\"linear\"}|rope_scaling.factor is missing",
        "rope_scaling|{\"type\":\"linear\",\"factor\":0}|must be above 0",
        "rope_scaling|{\"type\":\"linear\",\"factor\":2,\"mscale\":1}|rope_scaling.mscale is 1",
        "rope_scaling|{\"type\":\"linear\",\"factor\":2,\"partial_rotary_factor\":0.5}|partial",
        "rope_scaling|{\"type\":\"yarn\"}|rope_scaling.factor is missing",
        "rope_scaling|{\"type\":\"yarn\",\"factor\":2,\"beta_fast\":1,\"beta_slow\":4}|below",
        "rope_scaling|{\"rope_type\":\"llama3\",\"factor\":8,\"low_freq_factor\":4,"
            + "\"high_freq_factor\":4}|not above low_freq_factor",
      })
  void refusesByName(String key, String value, String said) throws IOException {
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode node = (ObjectNode) mapper.readTree(V4);
    node.set(key, mapper.readTree(value));
    NacelleException e = assertThrows(NacelleException.class, () -> read(node.toString()));
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    String all = e.getMessage() + " " + e.hint();
    assertTrue(all.contains(said), all);
    assertTrue(all.contains(key.equals("torch_dtype") ? "dtype" : key), all);
  }
}
