package dev.nacelle.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.Reading;
import dev.nacelle.data.Sample;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.train.Evaluation;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** The file of {@code --token-losses}: one JSON line a record, in the order of the data. */
final class TokenLossFile implements Evaluation.Listener {
  private static final Evaluation.Listener NOBODY =
      new Evaluation.Listener() {
        @Override
        public void evaluated(Sample sample, float[] losses) {}

        @Override
        public void dropped(Reading.Dropped record) {}
      };

  private final BufferedWriter writer;

  private TokenLossFile(BufferedWriter writer) {
    this.writer = writer;
  }

  /** Runs an evaluation that is listened to; the file is there whole when it ends well. */
  static Evaluation.Result write(
      @Nullable Path file,
      FaultInjector faults,
      Function<Evaluation.Listener, Evaluation.Result> evaluation) {
    if (file == null) {
      return evaluation.apply(NOBODY);
    }
    AtomicReference<Evaluation.Result> result = new AtomicReference<>();
    AtomicFile.write(
        file,
        faults,
        channel -> {
          BufferedWriter writer =
              new BufferedWriter(Channels.newWriter(channel, StandardCharsets.UTF_8));
          try {
            result.set(evaluation.apply(new TokenLossFile(writer)));
          } catch (UncheckedIOException e) {
            throw e.getCause();
          }
          writer.flush();
        });
    return Objects.requireNonNull(result.get());
  }

  @Override
  public void evaluated(Sample sample, float[] losses) {
    ObjectNode line = Json.object();
    ArrayNode ids = line.putArray("ids");
    ArrayNode values = line.putArray("losses");
    for (int t = 0; t < sample.length(); t++) {
      ids.add(sample.ids()[t]);
      if (sample.isTrained(t)) {
        values.add(losses[t]);
      } else {
        values.addNull();
      }
    }
    write(line);
  }

  @Override
  public void dropped(Reading.Dropped record) {
    ObjectNode line = Json.object();
    ArrayNode ids = line.putArray("ids");
    ArrayNode values = line.putArray("losses");
    for (int id : record.ids()) {
      ids.add(id);
      values.addNull();
    }
    write(line.put("dropped", record.why()));
  }

  private void write(ObjectNode line) {
    try {
      writer.write(Json.text(line));
      writer.write('\n');
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
