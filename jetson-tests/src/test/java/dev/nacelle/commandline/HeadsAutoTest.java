package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code --heads auto}: chosen by the data, shown, remembered. */
final class HeadsAutoTest {
  private static final int TOPICS = 4;

  @TempDir private Path folder;
  private Path data = Path.of("");

  @BeforeEach
  void writeData() throws IOException {
    data = folder.resolve("topics.jsonl");
    Random random = new Random(11);
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < 40 * TOPICS; i++) {
      StringBuilder text = new StringBuilder();
      for (int w = 0; w < 12; w++) {
        text.append((char) ('a' + i % TOPICS)).append(Integer.toString(random.nextInt(15), 36));
        text.append(' ');
      }
      lines.add("{\"prompt\": \"say \", \"completion\": \"" + text + "\"}");
    }
    Files.write(data, lines);
  }

  private Outcome run(String command, Path out, String... more) {
    List<String> args = new ArrayList<>(List.of(command, "--adapter", "hydra", "--rank", "2"));
    args.addAll(List.of("--heads", "auto", "--out", out.toString()));
    args.addAll(List.of("--model", Fixtures.model("plain").toString()));
    args.addAll(List.of("--data", data.toString(), "--max-length", "40", "--threads", "1"));
    args.addAll(List.of(more));
    return Outcome.of(args.toArray(String[]::new));
  }

  @Test
  void planAndRunChooseTheSame() throws IOException {
    Path out = folder.resolve("out");
    JsonNode plan = run("plan", out, "--steps", "2", "--json").expect(0).json();
    JsonNode dry = run("finetune", out, "--steps", "2", "--dry-run", "--json").expect(0).json();
    assertFalse(Files.exists(out));
    Outcome trained = run("finetune", out, "--steps", "2").expect(0);
    JsonNode report = Outcome.JSON.readTree(out.resolve("report.json").toFile());
    JsonNode heads = report.path("heads");
    assertEquals(TOPICS, heads.path("chosen").asInt(), 1, heads.toString());
    assertEquals(40 * TOPICS, heads.path("texts").asInt());
    assertEquals(12, heads.path("sse").size());
    assertEquals(heads, plan.path("heads"));
    assertEquals(heads, dry.path("heads"));
    assertEquals(dry.path("plan"), report.path("plan"));

    JsonNode config = Outcome.JSON.readTree(out.resolve("adapter_config.json").toFile());
    assertEquals(heads.path("chosen"), config.path("lora_nums"), config.toString());
    String said = trained.err();
    assertTrue(said.contains("--heads auto: " + heads.path("chosen").asInt() + " heads"), said);
    assertEquals(12, said.lines().filter(l -> l.matches(" +\\d+ +\\d+\\.\\d{4} #+.*")).count());
    assertEquals(1, said.lines().filter(l -> l.endsWith("<- elbow")).count(), said);
    String page = Files.readString(out.resolve("report.html"));
    assertTrue(page.contains("<figure class=\"chart\" id=\"heads\">"), "the curve is drawn");
    assertTrue(page.contains("the elbow is at " + heads.path("chosen").asInt()), "and told");
  }

  @Test
  void planShowsTheCurveToAPerson() {
    Outcome plan = run("plan", folder.resolve("out"), "--steps", "2").expect(0);
    assertTrue(plan.out().startsWith("--heads auto: "), plan.out());
    assertTrue(plan.out().contains("<- elbow"), plan.out());
  }

  @Test
  void aRunThatGoesOnKeepsItsChoice() throws IOException {
    Path whole = folder.resolve("whole");
    Path parts = folder.resolve("parts");
    run("finetune", whole, "--steps", "4").expect(0);
    run("finetune", parts, "--steps", "2").expect(0);
    Outcome resumed =
        Outcome.of("finetune", "--resume", "--out", parts.toString(), "--steps", "4").expect(0);
    assertTrue(resumed.err().contains("as chosen when the run began"), resumed.err());
    String file = "adapter_model.safetensors";
    assertEquals(-1L, Files.mismatch(whole.resolve(file), parts.resolve(file)));
    assertEquals(heads(whole), heads(parts), "the curve is remembered too");

    // Without its memory the checkpoint still says how many there are.
    Files.delete(parts.resolve("checkpoints/run.json"));
    run("finetune", parts, "--resume", "--steps", "6").expect(0);
    assertEquals(heads(whole).path("chosen"), heads(parts).path("chosen"));
    assertTrue(heads(parts).path("sse").isEmpty());
    Outcome other =
        Outcome.of(
                "finetune", "--resume", "--out", parts.toString(), "--steps", "8", "--heads", "7")
            .expect(3);
    assertTrue(other.err().contains("--heads"), other.err());
  }

  private static JsonNode heads(Path out) throws IOException {
    return Outcome.JSON.readTree(out.resolve("report.json").toFile()).path("heads");
  }

  @Test
  void anotherSeedStillCountsTheTopics() {
    for (int seed = 1; seed <= 3; seed++) {
      JsonNode plan =
          run("plan", folder.resolve("out"), "--seed", "" + seed, "--json").expect(0).json();
      assertEquals(TOPICS, plan.path("heads").path("chosen").asInt(), 1, "seed " + seed);
    }
  }

  @Test
  void oneSampleIsOneHead() throws IOException {
    Files.writeString(data, "{\"text\": \"all there is\"}\n");
    JsonNode plan = run("plan", folder.resolve("out"), "--json").expect(0).json();
    assertEquals(1, plan.path("heads").path("chosen").asInt());
    run("finetune", folder.resolve("out"), "--steps", "1", "--quiet").expect(0);
  }

  @Test
  void saysWhyItCannotBe() {
    String model = Fixtures.model("plain").toString();
    Outcome noData =
        Outcome.of("plan", "--model", model, "--adapter", "hydra", "--heads", "auto").expect(2);
    assertTrue(noData.err().contains("--heads auto without --data"), noData.err());
    Outcome lora = Outcome.of("plan", "--model", model, "--heads", "auto").expect(2);
    assertTrue(lora.err().contains("add --adapter hydra"), lora.err());
    Outcome word =
        Outcome.of("plan", "--model", model, "--adapter", "hydra", "--heads", "some").expect(2);
    assertTrue(word.err().contains("or auto"), word.err());
    Outcome both =
        run("finetune", folder.resolve("out"), "--init-adapter", folder.toString()).expect(2);
    assertTrue(both.err().contains("--heads auto with --init-adapter"), both.err());
  }
}
