package dev.nacelle.adapter;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.NacelleException;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which layers {@code --targets} and {@code --layers} mean, and what they must not be. */
final class TargetsTest {
  private static final List<String> PATHS =
      List.of(
          "model.layers.0.self_attn.q_proj",
          "model.layers.0.mlp.up_proj",
          "model.layers.1.self_attn.q_proj",
          "model.layers.1.mlp.up_proj",
          "model.layers.11.self_attn.q_proj",
          "model.layers.11.mlp.up_proj",
          "lm_head");

  @ParameterizedTest
  @CsvSource({
    "all-linear, '', 0 1 2 3 4 5",
    "all-linear, 1, 2 3",
    "q_proj, '', 0 2 4",
    "' q_proj , lm_head ', '', 0 2 4 6",
    "'q_proj,lm_head', '1', 2 6",
    "1.self_attn.q_proj, '', 2",
    "self_attn.q_proj, '0-1,11', 0 2 4",
    "model.layers.11.mlp.up_proj, '', 5",
    "lm_head, '', 6",
    "up_proj, '0 - 0', ''",
  })
  void namesMeanWholeEnds(String targets, String layers, String want) {
    if (want.isEmpty()) {
      assertUsage(() -> Targets.parse(targets, layers));
      return;
    }
    List<String> chosen = Targets.parse(targets, layers).select(PATHS);
    List<String> expected =
        List.of(want.split(" ")).stream().map(i -> PATHS.get(Integer.parseInt(i))).toList();
    assertEquals(expected, chosen);
  }

  private static void assertUsage(Runnable parse) {
    NacelleException e = assertThrows(NacelleException.class, parse::run);
    assertSame(NacelleException.Kind.USAGE, e.kind());
    assertTrue(String.valueOf(e.getMessage()).startsWith("--"), e.getMessage());
    assertNotNull(e.hint());
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        ",",
        "q_proj,",
        ",q_proj",
        "q_proj,,v_proj",
        "embed_tokens",
        "q_proj,model.embed_tokens"
      })
  void targetsThatAreNone(String targets) {
    assertUsage(() -> Targets.parse(targets, ""));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"x", "1,", ",1", "-1", "1-", "3-1", "1-2-3", "1.5", "0x1", "9999999", "0-999999"})
  void layersThatAreNone(String layers) {
    assertUsage(() -> Targets.parse(Targets.ALL_LINEAR, layers));
  }

  @ParameterizedTest
  @CsvSource({
    "k_proj, ''",
    "proj, ''",
    "'q_proj,nope', ''",
    "q_proj, 2",
    "all-linear, '0-11'",
    "0.self_attn.q_proj, 1"
  })
  void whatMeetsNothing(String targets, String layers) {
    assertUsage(() -> Targets.parse(targets, layers).select(PATHS));
  }

  @Test
  void layersAreSortedAndNamedOnce() {
    assertEquals(List.of(0, 1, 2, 5), Targets.parse("all-linear", "5,0-2,1").layers());
    assertTrue(Targets.parse("all-linear", " ").layers().isEmpty());
    assertEquals(List.of("lm_head", "q_proj", "up_proj"), Targets.ends(PATHS));
  }
}
