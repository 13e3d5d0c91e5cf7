package dev.nacelle.report;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TrainEvent;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** The step log: one JSON line a step, flushed at once. The file begins with the first step. */
public final class StepLog implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Path file;
  private @Nullable BufferedWriter writer;

  public StepLog(Path file) {
    this.file = file;
  }

  /** Writes a line for a step; other events pass by. */
  public void accept(TrainEvent event) {
    if (event instanceof TrainEvent.Stepped stepped) {
      try {
        BufferedWriter to = writer;
        if (to == null) {
          to = Files.newBufferedWriter(file, StandardCharsets.UTF_8);
          writer = to;
        }
        to.write(MAPPER.writeValueAsString(line(stepped)));
        to.newLine();
        to.flush();
      } catch (IOException e) {
        throw NacelleException.environment(
            "the step log " + file + " cannot be written (" + e + ")",
            "free some space, or name another place with --log",
            e);
      }
    }
  }

  private static ObjectNode line(TrainEvent.Stepped stepped) {
    StepRecord s = stepped.step();
    ObjectNode line =
        MAPPER
            .createObjectNode()
            .put("step", s.step())
            .put("loss", s.loss())
            .put("tokens", s.tokens())
            .put("target_tokens", s.targetTokens())
            .put("padding_tokens", s.paddingTokens())
            .put("lr", s.rate())
            .put("grad_norm", s.gradNorm())
            .put("seconds", s.seconds())
            .put("bytes", s.bytes())
            .put("peak_bytes", s.peakBytes());
    ObjectNode classes = line.putObject("classes");
    s.classes().forEach((kind, bytes) -> classes.put(kind.label(), bytes));
    if (stepped.evalLoss() != null) {
      line.put("eval_loss", stepped.evalLoss());
    }
    return line;
  }

  @Override
  public void close() {
    try {
      if (writer != null) {
        writer.close();
      }
    } catch (IOException e) {
      throw NacelleException.environment(
          "the step log " + file + " cannot be written (" + e + ")", "free some space", e);
    }
  }
}
