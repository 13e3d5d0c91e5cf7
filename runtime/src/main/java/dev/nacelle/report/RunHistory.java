package dev.nacelle.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The steps of a run as a step log tells them, in bounded memory whatever their number: stretches
 * of equally many steps. There are as many as steps until they become too many; then each two
 * become one, and so on.
 */
final class RunHistory {
  /** Twice what a chart of a thousand pixels can show side by side. */
  static final int MOST_STRETCHES = 800;

  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final List<Stretch> stretches = new ArrayList<>();
  private long width = 1;
  private @Nullable Double firstLoss;
  private long steps;
  private @Nullable JsonNode router;
  private double joules;
  private long measuredTokens;

  /** The steps that a log holds; none where there is no log. */
  static RunHistory read(Path log) {
    RunHistory history = new RunHistory();
    if (!Files.isRegularFile(log)) {
      return history;
    }
    try (BufferedReader lines = Files.newBufferedReader(log, StandardCharsets.UTF_8)) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        history.add(MAPPER.readTree(line));
      }
    } catch (JsonProcessingException e) {
      // A killed process may have left half a line, the last one.
      return history;
    } catch (IOException e) {
      // A report of fewer steps is worth more than none.
      return history;
    }
    return history;
  }

  /** One line of the log; the lines come in the order of their steps. */
  void add(JsonNode line) {
    if (!line.path("step").isIntegralNumber()) {
      return;
    }
    if (line.path("router").has("layers")) {
      router = line.path("router");
    }
    if (steps == 0) {
      firstLoss = line.path("loss").isNumber() ? line.path("loss").asDouble() : null;
    }
    if (steps % width == 0) {
      if (stretches.size() == MOST_STRETCHES) {
        halve();
      }
      stretches.add(new Stretch());
    }
    stretches.getLast().add(line);
    steps++;
    if (line.path("joules").isNumber()) {
      joules += line.path("joules").asDouble();
      measuredTokens += line.path("tokens").asLong();
    }
  }

  private void halve() {
    List<Stretch> pairs = new ArrayList<>(MOST_STRETCHES);
    for (int i = 0; i < stretches.size(); i += 2) {
      Stretch first = stretches.get(i);
      first.add(stretches.get(i + 1));
      pairs.add(first);
    }
    stretches.clear();
    stretches.addAll(pairs);
    width *= 2;
  }

  /** In the order of their steps. */
  List<Stretch> stretches() {
    return stretches;
  }

  /** The first step's loss; null for a run without one. */
  @Nullable Double firstLoss() {
    return firstLoss;
  }

  /** What the routers did when each layer was last asked; null for a run without routers. */
  @Nullable JsonNode router() {
    return router;
  }

  long steps() {
    return steps;
  }

  /** Joules of the steps whose energy was measured. */
  double joules() {
    return joules;
  }

  /** Tokens of the steps whose energy was measured; 0 where none was. */
  long measuredTokens() {
    return measuredTokens;
  }

  /** The same in at most {@code most} stretches, for tables. */
  List<Stretch> atMost(int most) {
    int group = Math.ceilDiv(stretches.size(), most);
    List<Stretch> fewer = new ArrayList<>();
    for (int i = 0; i < stretches.size(); i++) {
      if (i % group == 0) {
        fewer.add(new Stretch());
      }
      fewer.getLast().add(stretches.get(i));
    }
    return fewer;
  }
}
