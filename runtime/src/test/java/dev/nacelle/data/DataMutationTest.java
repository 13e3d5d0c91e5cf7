package dev.nacelle.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import dev.nacelle.NacelleException;
import dev.nacelle.file.MutationCount;
import dev.nacelle.text.ChatTemplate;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged data files give samples or an input error that names the file; nothing else. */
class DataMutationTest {
  private static final int FILES = MutationCount.times(5_100);
  private static final long SEED = Long.getLong("nacelle.seed", 20261123);
  private static final List<ChatTemplate> TEMPLATES =
      List.of(ToyText.CHATML, ToyText.PLAIN, ToyText.REWRITING, ToyText.REFUSING);

  /** Refused before the record's fields are looked at. */
  private static final Set<String> BEFORE_THE_SHAPE =
      Set.of("gzip", "UTF-8", "surrogate", "nesting", "not JSON", "array");

  @TempDir Path folder;
  private final Map<String, Integer> outcomes = new TreeMap<>();

  /** What the last file that gave no samples was refused with. */
  private NacelleException refusal = NacelleException.input("none yet", "none");

  @Test
  void damagedFilesGiveSamplesOrInputErrors() throws IOException {
    Path path = folder.resolve("mutant");
    int keptSyntax = 0;
    MutationCount count = new MutationCount("data files", SEED);
    int pastTheParser = 0;
    for (int i = 0; i < FILES; i++) {
      Random random = new Random(SEED + i);
      Mutator mutator = new Mutator(random);
      List<JsonNode> records = mutator.records();
      boolean keep = i % 3 != 0;
      byte[] file;
      if (keep) {
        for (int n = 1 + random.nextInt(3); n > 0; n--) {
          mutator.keepSyntax(records);
        }
        file = mutator.write(records);
        file = random.nextInt(8) == 0 ? mutator.escape(file) : file;
        file = random.nextInt(5) == 0 ? Mutator.gzip(file) : file;
        keptSyntax++;
      } else {
        file = mutator.write(records);
        boolean gzip = random.nextInt(5) == 0;
        file = mutator.breakBytes(gzip ? Mutator.gzip(file) : file);
      }
      Files.write(path, file);
      ChatTemplate template = TEMPLATES.get(random.nextInt(TEMPLATES.size()));
      int mutant = i;
      String[] strictly = {""};
      count.run(
          file.length,
          reach -> {
            strictly[0] = outcome(path, template, false, mutant, reach);
            if (!strictly[0].equals("samples")) {
              throw refusal;
            }
          },
          message -> false);
      String strict = strictly[0];
      outcomes.merge(strict, 1, Integer::sum);
      pastTheParser += keep && !BEFORE_THE_SHAPE.contains(strict) ? 1 : 0;
      String skipping = outcome(path, template, true, i, null);
      if (strict.equals("samples")) {
        assertEquals("samples", skipping, "mutant " + i);
      }
    }
    System.out.println(
        keptSyntax
            + " kept their syntax, "
            + pastTheParser
            + " of these came past the parser: "
            + outcomes);
    count.finish(FILES);
    assertTrue(keptSyntax >= FILES / 2);
    assertTrue(pastTheParser >= 0.85 * keptSyntax, pastTheParser + " came past the parser");
    for (String reached :
        List.of(
            "samples",
            "not JSON",
            "the record is",
            "no known shape",
            "wrong type",
            "missing",
            "empty",
            "unknown role",
            "surrogate",
            "UTF-8",
            "nesting",
            "array",
            "gzip",
            "refuses",
            "rewrites",
            "nothing left")) {
      assertTrue(outcomes.getOrDefault(reached, 0) >= 3, reached + " in " + outcomes);
    }
  }

  private String outcome(
      Path path,
      ChatTemplate template,
      boolean skip,
      int mutant,
      MutationCount.@Nullable Reach reach) {
    SampleEncoder encoder =
        new SampleEncoder(
            new ToyText(),
            template,
            OptionalInt.of(ToyText.EOS),
            new TokenizeOptions(16, TrainOn.COMPLETIONS, DataFormat.AUTO, skip));
    try (Dataset data = Dataset.open(List.of(path), encoder, folder, Progress.NONE)) {
      DataCounts counts = data.all().measure(Progress.NONE);
      assertEquals(data.records(), counts.records() + counts.badLines() - data.badLines());
      StepBatches step =
          new BatchSource(data.all(), Order.SHUFFLE, mutant, 4, 2, Cursor.START).next();
      for (List<Sample> batch : step.microBatches()) {
        assertTrue(PackedBatch.of(batch).tokens() > 0);
      }
      return "samples";
    } catch (NacelleException e) {
      assertEquals(NacelleException.Kind.INPUT, e.kind(), "mutant " + mutant);
      String message = String.valueOf(e.getMessage());
      assertTrue(message.contains(path.toString()), message);
      String reason = reason(message);
      refusal = e;
      if (reach != null && !BEFORE_THE_SHAPE.contains(reason)) {
        reach.past();
      }
      return reason;
    } catch (RuntimeException | StackOverflowError e) {
      throw new AssertionError("mutant " + mutant + " of seed " + SEED + " escapes", e);
    }
  }

  private static String reason(String message) {
    Map<String, String> reasons = new java.util.LinkedHashMap<>();
    reasons.put("nesting, a name", "nesting");
    reasons.put("not valid UTF-8", "UTF-8");
    reasons.put("surrogate", "surrogate");
    reasons.put("refuses the conversation", "refuses");
    reasons.put("differently once", "rewrites");
    reasons.put("Nothing is left", "nothing left");
    reasons.put("no record", "nothing left");
    reasons.put("not JSON", "not JSON");
    reasons.put("the record is", "the record is");
    reasons.put("something follows", "not JSON");
    reasons.put("no known shape", "no known shape");
    reasons.put("none of", "unknown role");
    reasons.put("gzip", "gzip");
    reasons.put(" array", "array");
    reasons.put("commas", "array");
    reasons.put(", not a", "wrong type");
    reasons.put("both are", "wrong type");
    reasons.put("missing", "missing");
    reasons.put("empty", "empty");
    for (Map.Entry<String, String> reason : reasons.entrySet()) {
      if (message.contains(reason.getKey())) {
        return reason.getValue();
      }
    }
    return "other: " + message.replaceAll(".*mutant", "");
  }
}
