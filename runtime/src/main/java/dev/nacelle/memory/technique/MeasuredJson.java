package dev.nacelle.memory.technique;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;

/** The figures as a file: what the bench writes, the command prints and the page shows. */
public final class MeasuredJson {
  private static final ObjectMapper MAPPER =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

  private MeasuredJson() {}

  /** The figures that come with Nacelle: a copy of one file of jetson-tests/results. */
  public static Measured builtIn() {
    try (InputStream in = MeasuredJson.class.getResourceAsStream("measured.json")) {
      if (in == null) {
        throw new IllegalStateException("measured.json is not in this build");
      }
      return MAPPER.readValue(in, Measured.class);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** As text, ended by a new line. */
  public static String text(Measured measured) throws IOException {
    return MAPPER.writeValueAsString(measured) + "\n";
  }

  /** What {@link #text} wrote. */
  public static Measured read(String text) throws IOException {
    return MAPPER.readValue(text, Measured.class);
  }
}
