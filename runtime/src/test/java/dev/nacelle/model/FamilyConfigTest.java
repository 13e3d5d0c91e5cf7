package dev.nacelle.model;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.JsonFile;
import dev.nacelle.layer.Positions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What config.json says of each family: what it may leave out, and what is refused. */
final class FamilyConfigTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path folder = Path.of("");

  private ModelConfig read(String family, String more) throws IOException {
    ObjectNode json =
        (ObjectNode)
            MAPPER.readTree(
                """
                {"hidden_size":64,"intermediate_size":96,"num_hidden_layers":8,
                 "num_attention_heads":4,"num_key_value_heads":2,"vocab_size":100}
                """);
    json.put("model_type", family);
    json.setAll((ObjectNode) MAPPER.readTree(more));
    Path file = folder.resolve("config.json");
    Files.writeString(file, json.toString());
    return ConfigReader.read(JsonFile.read(file), null);
  }

  private static List<Integer> windows(ModelConfig config) {
    return config.traits().layers().stream().map(LayerKind::window).toList();
  }

  @Test
  void silenceMeansWhatTransformersAssumes() throws IOException {
    ModelConfig gemma3 = read("gemma3_text", "{\"sliding_window\":512}");
    assertEquals(256, gemma3.headDim());
    assertEquals(1e6, gemma3.ropeTheta());
    assertEquals(10_000, gemma3.traits().localTheta());
    assertEquals(8, gemma3.traits().embeddingScale());
    assertEquals(1 / 16.0, gemma3.traits().attentionScale());
    assertEquals(0, gemma3.traits().logitCap());
    assertTrue(gemma3.tieWordEmbeddings());
    assertEquals(List.of(512, 512, 512, 512, 512, 0, 512, 512), windows(gemma3));
    assertEquals(Positions.LOCAL, gemma3.traits().layers().get(0).positions());
    assertEquals(Positions.GLOBAL, gemma3.traits().layers().get(5).positions());

    ModelConfig gemma2 = read("gemma2", "{}");
    assertEquals(50, gemma2.traits().attentionCap());
    assertEquals(30, gemma2.traits().logitCap());
    assertEquals(List.of(4096, 0, 4096, 0, 4096, 0, 4096, 0), windows(gemma2));
    assertEquals(0, read("gemma2", "{\"attn_logit_softcapping\":null}").traits().attentionCap());

    assertEquals(4096, windows(read("mistral", "{}")).getFirst());
    assertEquals(0, windows(read("mistral", "{\"sliding_window\":null}")).getFirst());
    assertEquals(128, read("qwen3", "{}").headDim());
    assertTrue(read("qwen2", "{}").attentionBias());
    assertEquals(0, windows(read("qwen2", "{\"sliding_window\":5}")).getLast());
    assertEquals(
        List.of(0, 0, 0, 0, 0, 0, 5, 5),
        windows(
            read(
                "qwen2",
                "{\"use_sliding_window\":true,\"sliding_window\":5,\"max_window_layers\":6}")));

    ModelConfig smol = read("smollm3", "{}");
    assertEquals(2e6, smol.ropeTheta());
    assertEquals(Positions.NONE, smol.traits().layers().get(3).positions());
    assertEquals(Positions.GLOBAL, smol.traits().layers().get(4).positions());
    assertEquals(1e-5, read("olmo2", "{}").rmsNormEps());
    assertEquals(1, read("granite", "{}").traits().attentionScale());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "gemma3|{}|model_type is 'gemma3'",
        "gemma3_text|{\"use_bidirectional_attention\":true}|use_bidirectional_attention is true",
        "gemma3_text|{\"attn_logit_softcapping\":50.0}|attn_logit_softcapping is 50.0",
        "gemma3_text|{\"hidden_activation\":\"gelu\"}|hidden_activation is 'gelu'",
        "gemma3_text|{\"layer_types\":[\"full_attention\"]}|layer_types has 1 entries",
        "gemma3_text|{\"rope_parameters\":{\"sliding_attention\":{\"rope_type\":\"yarn\"}}}|"
            + "rope_parameters.sliding_attention.rope_type is 'yarn'",
        "gemma2|{\"layer_types\":[\"chunked_attention\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\",\"x\"]}|layer_types"
            + " is",
        "gemma|{\"final_logit_softcapping\":30.0}|final_logit_softcapping is 30.0",
        "qwen2|{\"layer_types\":[\"sliding_attention\",\"full_attention\",\"full_attention\","
            + "\"full_attention\",\"full_attention\",\"full_attention\",\"full_attention\","
            + "\"full_attention\"]}|no window is in use",
        "qwen3|{\"mlp_bias\":true}|mlp_bias is true",
        "mistral|{\"attention_bias\":true}|attention_bias is true",
        "mistral|{\"sliding_window\":0}|outside 1 to",
        "phi3|{\"rope_scaling\":{\"type\":\"linear\",\"factor\":2}}|rope_scaling.type is 'linear'",
        "phi3|{\"partial_rotary_factor\":0.75}|partial_rotary_factor is 0.75",
        "phi3|{\"resid_pdrop\":0.1}|resid_pdrop is 0.1",
        "olmo2|{\"clip_qkv\":8.0}|clip_qkv is 8.0",
        "olmo2|{\"embedding_multiplier\":2}|embedding_multiplier is 2",
        "granite|{\"logits_scaling\":0}|must be above 0",
        "granite|{\"num_local_experts\":8}|num_local_experts is 8",
        "smollm3|{\"no_rope_layers\":[1,0]}|no_rope_layers has 2 entries",
        "smollm3|{\"no_rope_layers\":[1,0,7]}|outside 0 to 1",
        "cohere|{}|families read so far: llama (LlamaForCausalLM), mistral (MistralForCausalLM)",
      })
  void refusesByName(String family, String more, String said) {
    NacelleException e = assertThrows(NacelleException.class, () -> read(family, more));
    assertEquals(NacelleException.Kind.INPUT, e.kind());
    String all = e.getMessage() + " " + e.hint();
    assertTrue(all.contains(said), all);
  }
}
