package dev.nacelle.report;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.train.TrainEvent;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The sample prompts with what was answered before and after, in {@code samples.json}: a run that
 * goes on in another process finds there what the first one was answered before its first step.
 */
final class SampleAnswers {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Path file;
  private final FaultInjector faults;
  private final ArrayNode answers = MAPPER.createArrayNode();

  SampleAnswers(Path file, FaultInjector faults, List<String> prompts) {
    this.file = file;
    this.faults = faults;
    for (String prompt : prompts) {
      answers.addObject().put("prompt", prompt).putNull("before").putNull("after");
    }
  }

  /** Takes over what an earlier part of this run was answered before its first step. */
  void recall() {
    boolean isWhole = true;
    for (JsonNode answer : answers) {
      isWhole &= answer.path("before").isTextual();
    }
    if (isWhole) {
      return;
    }
    JsonNode earlier;
    try {
      earlier = Files.isRegularFile(file) ? MAPPER.readTree(Files.readAllBytes(file)) : null;
    } catch (IOException e) {
      earlier = null;
    }
    if (earlier == null) {
      return;
    }
    for (JsonNode answer : answers) {
      for (JsonNode old : earlier) {
        if (old.path("prompt").equals(answer.path("prompt")) && old.path("before").isTextual()) {
          ((ObjectNode) answer).set("before", old.path("before"));
        }
      }
    }
  }

  void accept(TrainEvent.Sampled sampled) {
    if (sampled.step() > 0) {
      recall();
    }
    if (answers.get(sampled.index()) instanceof ObjectNode answer) {
      answer.put(sampled.step() == 0 ? "before" : "after", sampled.answer());
    }
    if (sampled.index() == answers.size() - 1) {
      AtomicFile.writeText(file, faults, answers.toPrettyString() + "\n");
    }
  }

  /** {@code [{"prompt", "before", "after"}]}; null for what was not answered. */
  ArrayNode json() {
    return answers;
  }
}
