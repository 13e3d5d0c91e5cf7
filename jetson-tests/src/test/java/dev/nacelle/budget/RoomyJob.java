package dev.nacelle.budget;

import dev.nacelle.planning.ProcessProbe;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

/**
 * A tiny model with long samples: what a step keeps for backward is far more than what the process
 * holds beside, so that there is something to save.
 */
final class RoomyJob {
  private static final int VOCABULARY = 1000;
  private static final int JOINED = 6;
  private static final String BEFORE = "{\"text\":\"";
  private static final String AFTER = "\"}";

  private RoomyJob() {}

  /** Writes the model into a folder, and beside it the data, whose path it returns. */
  static Path write(Path model) throws IOException {
    Files.createDirectories(model);
    ProcessProbe.write(model, VOCABULARY);
    List<String> texts;
    try (Stream<String> all = Files.lines(model.resolve("data.jsonl"))) {
      texts = all.map(l -> l.substring(BEFORE.length(), l.length() - AFTER.length())).toList();
    }
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < texts.size(); i++) {
      StringBuilder line = new StringBuilder(BEFORE);
      for (int k = 0; k < JOINED; k++) {
        line.append(texts.get((i + k) % texts.size()));
      }
      lines.add(line.append(AFTER).toString());
    }
    return Files.write(model.resolveSibling("long.jsonl"), lines);
  }
}
