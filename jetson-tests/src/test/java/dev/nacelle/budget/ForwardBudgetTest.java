package dev.nacelle.budget;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.commandline.Fixtures;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** eval, generate and merge as processes: the peak stays under the budget, or they refuse. */
final class ForwardBudgetTest {
  private static final long MIB = 1L << 20;
  private static final Pattern LEAST = Pattern.compile("needs at least (\\d+) bytes");

  @TempDir private Path folder;

  private record Ended(int code, long peak, String said) {}

  private Ended run(String... arguments) throws IOException, InterruptedException {
    List<String> command = SmallJvm.command(SmallJvm.NACELLE, List.of(arguments));
    Path output = folder.resolve("said");
    try (Confined process = SmallJvm.in(new Confined(), folder.resolve("cache"))) {
      int code = process.start(output, command).await();
      return new Ended(code, process.peak(), Files.readString(output));
    }
  }

  /** Refused with the least that would do; that much does, and is not passed. */
  private void holds(String... arguments) throws IOException, InterruptedException {
    Ended refused = run(with(arguments, "1MiB"));
    assertEquals(4, refused.code(), refused.said());
    Matcher least = LEAST.matcher(refused.said());
    assertTrue(least.find(), refused.said());
    long budget = Long.parseLong(least.group(1));
    Ended done = run(with(arguments, Long.toString(budget + 2 * MIB)));
    assertEquals(0, done.code(), done.said());
    assertTrue(done.peak() > 0 && done.peak() <= budget + 2 * MIB, done + ", budget " + budget);
  }

  private static String[] with(String[] arguments, String budget) {
    List<String> all = new ArrayList<>(List.of(arguments));
    all.addAll(List.of("--budget", budget));
    return all.toArray(String[]::new);
  }

  @Test
  void eachHoldsItsBudget() throws Exception {
    Path example = Fixtures.example("plain-qv");
    String model = Fixtures.model("plain").toString();
    String data = example.resolve("data.jsonl").toString();
    holds("eval", "--model", model, "--data", data, "-q");
    holds("generate", "--model", model, "--prompt", "a b", "--max-new-tokens", "8");
    Ended free = run("eval", "--model", model, "--data", data, "-q", "--json");
    Ended bound =
        run("eval", "--model", model, "--data", data, "-q", "--json", "--budget", "400MiB");
    assertEquals(json(free), json(bound));
  }

  /** The object behind whatever the JVM and the calibration said. */
  private static JsonNode json(Ended ended) throws IOException {
    int begin = ended.said().indexOf("{\"loss\"");
    assertTrue(begin >= 0, ended.said());
    return new ObjectMapper().readTree(ended.said().substring(begin));
  }

  @Test
  void whatIsNoBudgetIsRefused() throws Exception {
    String model = Fixtures.model("plain").toString();
    for (String bad : List.of("0", "10XB", "much")) {
      Ended ended = run("generate", "--model", model, "--prompt", "a", "--budget=" + bad);
      assertEquals(2, ended.code(), ended.said());
    }
    Ended negative = run("generate", "--model", model, "--prompt", "a", "--budget", "-5");
    assertEquals(2, negative.code(), negative.said());
    Ended huge = run("generate", "--model", model, "--prompt", "a", "--budget", "900TiB");
    assertEquals(4, huge.code(), huge.said());
    assertTrue(huge.said().contains("more than this process can have"), huge.said());
  }
}
