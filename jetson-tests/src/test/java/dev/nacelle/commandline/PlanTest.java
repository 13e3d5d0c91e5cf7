package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code ./nacelle plan}, {@code finetune --dry-run} and the plan in a report. */
final class PlanTest {
  private static final String MODEL = Fixtures.model("plain").toString();
  private static final String DATA = Fixtures.example("plain-qv").resolve("data.jsonl").toString();

  @TempDir private Path folder;

  @Test
  void aPlanSaysWhatTheContractAsks() {
    JsonNode plan = Outcome.of("plan", "--model", MODEL, "--json").expect(0).json();
    assertTrue(plan.get("fits").asBoolean());
    long sum = 0;
    Set<String> names = new TreeSet<>();
    for (var entry : plan.get("classes").properties()) {
      names.add(entry.getKey());
      assertTrue(entry.getValue().asLong() >= 0, plan.toString());
      sum += entry.getValue().asLong();
    }
    assertEquals(
        Set.of("activations", "gradients", "optimizer", "parameters", "runtime", "workspace"),
        names);
    long peak = plan.get("peak_bytes").asLong();
    assertEquals(peak, sum);
    assertTrue(plan.get("minimum_bytes").asLong() <= peak);
    assertTrue(plan.get("step_seconds").asDouble() > 0);
    assertTrue(plan.get("tokens_per_second").asDouble() > 0);
    assertEquals("measured", plan.get("confidence").asText());
    assertTrue(plan.get("planning_seconds").asDouble() > 0);
    Map<String, Long> phases = new LinkedHashMap<>();
    for (JsonNode phase : plan.get("timeline")) {
      phases.put(phase.get("phase").asText(), phase.get("peak_bytes").asLong());
    }
    long before = 0;
    for (String phase : List.of("load", "first step", "steady step", "save")) {
      long until = phases.getOrDefault(phase, -1L);
      assertTrue(until >= before, plan.toString());
      before = until;
    }
    assertEquals(peak, before);
    assertTrue(phases.getOrDefault("merge", 0L) > 0, plan.toString());
    assertTrue(phases.getOrDefault("reload", 0L) > 0, plan.toString());
  }

  @Test
  void moreTokensTakeMore() {
    long few = peak("--max-length", "64");
    long many = peak("--max-length", "2048");
    assertTrue(many > few + (1 << 20), few + " and " + many);
    assertTrue(peak("--max-length", "2048", "--rank", "64") > many);
  }

  private static long peak(String... flags) {
    List<String> all = new ArrayList<>(List.of("plan", "--model", MODEL, "--json"));
    all.addAll(List.of(flags));
    return Outcome.of(all.toArray(String[]::new)).expect(0).json().get("peak_bytes").asLong();
  }

  @Test
  void whatDoesNotFitExitsWithFourAndTheMinimum() {
    Outcome outcome = Outcome.of("plan", "--model", MODEL, "--budget", "20MiB", "--json").expect(4);
    JsonNode plan = outcome.json();
    assertFalse(plan.get("fits").asBoolean());
    assertTrue(plan.get("minimum_bytes").asLong() > 20 << 20);
    assertEquals(4, plan.get("error").get("code").asInt());
    assertTrue(plan.get("error").get("hint").asText().contains("--max-length"), plan.toString());
    Outcome told = Outcome.of("plan", "--model", MODEL, "--budget", "20MiB").expect(4);
    assertTrue(told.err().contains("it needs at least"), told.err());
    Path out = folder.resolve("never");
    Outcome run =
        Outcome.of(
                "finetune",
                "--model",
                MODEL,
                "--data",
                DATA,
                "--out",
                out.toString(),
                "--budget",
                "20MiB")
            .expect(4);
    assertTrue(run.err().contains("it needs at least"), run.err());
    Outcome large = Outcome.of("plan", "--model", MODEL, "--budget", "900TB").expect(4);
    assertTrue(large.err().contains("more than this process can have here"), large.err());
  }

  @Test
  void aDryRunIsThePlanOfTheReport() throws IOException {
    Path out = folder.resolve("out");
    String[] flags = {
      "finetune",
      "--model",
      MODEL,
      "--data",
      DATA,
      "--out",
      out.toString(),
      "--steps",
      "3",
      "--batch-size",
      "2",
      "--json"
    };
    List<String> dry = new ArrayList<>(List.of(flags));
    dry.add("--dry-run");
    JsonNode plan = Outcome.of(dry.toArray(String[]::new)).expect(0).json().get("plan");
    assertFalse(Files.exists(out));
    JsonNode report = Outcome.of(flags).expect(0).json();
    assertEquals(plan, report.get("plan"));
    assertEquals(plan.get("peak_bytes"), report.get("predicted_peak_bytes"));
    assertEquals(plan.get("classes"), report.get("predicted_classes"));
    assertTrue(Files.readString(out.resolve("report.html")).contains("predicted"));
  }

  @Test
  void aBoardOfTheTableIsPlannedFor() {
    JsonNode plan =
        Outcome.of("plan", "--model", MODEL, "--device-profile", "jetson-orin-nano-8gb", "--json")
            .expect(0)
            .json();
    assertEquals("derived", plan.get("confidence").asText());
    Outcome.of("plan", "--model", MODEL, "--device-profile", "jetson-nothing").expect(2);
    Outcome.of("plan", "--model", MODEL, "--device-profile", "jetson-orin-nano-8gb:99W").expect(2);
    Outcome.of("plan", "--model", MODEL, "--profile", folder.resolve("none.yaml").toString())
        .expect(3);
  }
}
