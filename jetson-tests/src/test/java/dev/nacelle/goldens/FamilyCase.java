package dev.nacelle.goldens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.cli.Main;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** One recorded model of a family: its folder, and what {@code case.json} says. */
record FamilyCase(Path folder, JsonNode json) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** All recorded cases, by name. */
  static List<FamilyCase> all() {
    try (Stream<Path> folders = Files.list(root())) {
      return folders
          .filter(f -> Files.exists(f.resolve("case.json")))
          .sorted()
          .map(f -> new FamilyCase(f, read(f.resolve("case.json"))))
          .toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static Path root() {
    try {
      return Path.of(
          Objects.requireNonNull(FamilyCase.class.getResource("/goldens/families")).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static Path data() {
    return root().resolve("data.jsonl");
  }

  String name() {
    return String.valueOf(folder.getFileName());
  }

  boolean hasGguf() {
    return json.get("gguf").asBoolean();
  }

  /** Whether rotary frequencies depend on the longest sample of a batch. */
  boolean asksForTheLongest() {
    return name().equals("phi3");
  }

  /** The data's records, each in a file of its own. */
  static List<Path> records(Path folder) {
    try {
      List<Path> files = new ArrayList<>();
      for (String line : Files.readAllLines(data())) {
        files.add(Files.writeString(folder.resolve("record" + files.size() + ".jsonl"), line));
      }
      return files;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  Path gguf() {
    return folder.resolve("model.gguf");
  }

  Path adapter() {
    return folder.resolve("adapter");
  }

  /** The folder and, where there is one, the GGUF file. */
  List<Path> models() {
    return hasGguf() ? List.of(folder, gguf()) : List.of(folder);
  }

  double[] numbers(String field) {
    return numbers(json.get(field));
  }

  static double[] numbers(JsonNode list) {
    double[] values = new double[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).asDouble();
    }
    return values;
  }

  static JsonNode read(Path file) {
    try {
      return MAPPER.readTree(file.toFile());
    } catch (IOException e) {
      throw new UncheckedIOException(file.toString(), e);
    }
  }

  static List<JsonNode> lines(Path file) {
    try {
      List<JsonNode> all = new ArrayList<>();
      for (String line : Files.readAllLines(file)) {
        all.add(MAPPER.readTree(line));
      }
      return all;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** What a command prints on standard output, which must be JSON, and must end with 0. */
  static JsonNode run(String... args) {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    int code;
    try {
      code = Main.run(args);
    } finally {
      System.setOut(before);
    }
    String text = out.toString(StandardCharsets.UTF_8);
    if (code != 0) {
      throw new AssertionError(String.join(" ", args) + " ended with " + code + ": " + text);
    }
    try {
      return MAPPER.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(text, e);
    }
  }
}
