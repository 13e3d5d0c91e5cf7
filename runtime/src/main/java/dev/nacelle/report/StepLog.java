package dev.nacelle.report;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.NacelleException;
import dev.nacelle.train.StepRecord;
import dev.nacelle.train.TrainEvent;
import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.jspecify.annotations.Nullable;

/**
 * The step log: one JSON line a step, written at once, and on the disk before a checkpoint of that
 * step is. The file begins with the first step; of a run that goes on, the lines behind its
 * checkpoint are cut off.
 */
public final class StepLog implements AutoCloseable {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private final Path file;
  private @Nullable FileChannel channel;

  public StepLog(Path file) {
    this.file = file;
  }

  /** Writes a line for a step; most other events pass by. */
  public void accept(TrainEvent event) {
    try {
      switch (event) {
        case TrainEvent.Resumed resumed -> goOnAfter(resumed.loggedSteps());
        case TrainEvent.Stepped stepped -> write(line(stepped) + "\n");
        case TrainEvent.Saving saving -> force();
        default -> {}
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }

  private void write(String line) throws IOException {
    FileChannel to = channel;
    if (to == null) {
      to =
          FileChannel.open(
              file,
              StandardOpenOption.CREATE,
              StandardOpenOption.WRITE,
              StandardOpenOption.TRUNCATE_EXISTING);
      channel = to;
    }
    ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      int ignored = to.write(bytes);
    }
  }

  private void force() throws IOException {
    if (channel != null) {
      channel.force(false);
    }
  }

  private void goOnAfter(long steps) throws IOException {
    long kept = Files.exists(file) ? bytesOf(steps) : 0;
    FileChannel to = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    channel = to;
    to.truncate(kept);
    to.position(kept);
  }

  /** Where the line of a step ends, or the last good one before it. */
  private long bytesOf(long steps) throws IOException {
    long end = 0;
    long step = 0;
    try (InputStream in = new BufferedInputStream(Files.newInputStream(file))) {
      ByteArrayOutputStream line = new ByteArrayOutputStream();
      for (int b = in.read(); b >= 0 && step < steps; b = in.read()) {
        line.write(b);
        if (b == '\n') {
          if (stepOf(line.toByteArray()) != step + 1) {
            return end;
          }
          step++;
          end += line.size();
          line.reset();
        }
      }
    }
    return end;
  }

  private static long stepOf(byte[] line) throws IOException {
    try {
      return MAPPER.readTree(line).path("step").asLong(-1);
    } catch (JsonProcessingException e) {
      return -1;
    }
  }

  private static String line(TrainEvent.Stepped stepped) throws IOException {
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
    Double joules = stepped.joules();
    if (joules != null) {
      line.put("joules", joules).put("joules_per_token", joules / Math.max(1, s.tokens()));
    }
    if (stepped.evalLoss() != null) {
      line.put("eval_loss", stepped.evalLoss());
    }
    if (!stepped.routers().isEmpty()) {
      line.set("router", RouterJson.of(s.step(), stepped.routers()));
    }
    return MAPPER.writeValueAsString(line);
  }

  private NacelleException failure(IOException e) {
    return NacelleException.environment(
        "the step log " + file + " cannot be written (" + e + ")",
        "free some space, or name another place with --log",
        e);
  }

  @Override
  public void close() {
    try {
      if (channel != null) {
        channel.close();
      }
    } catch (IOException e) {
      throw failure(e);
    }
  }
}
