package dev.nacelle.goldens;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.stream.Stream;

/** One recorded run of PEFT: its folder, and what {@code case.json} says. */
record PeftCase(Path folder, JsonNode json) {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  private static final List<String> HELD =
      List.of(
          "rank", "alpha", "targets", "layers", "rank-pattern", "alpha-pattern", "modules-to-save");

  /** All recorded cases, by name. */
  static List<PeftCase> all() {
    return in("/goldens/peft");
  }

  /** Runs of HydraLoRA's equations, which PEFT does not have. */
  static List<PeftCase> hydra() {
    return in("/goldens/hydra");
  }

  private static List<PeftCase> in(String resource) {
    try {
      Path all = Path.of(Objects.requireNonNull(PeftCase.class.getResource(resource)).toURI());
      try (Stream<Path> folders = Files.list(all)) {
        return folders
            .filter(f -> Files.exists(f.resolve("case.json")))
            .sorted()
            .map(PeftCase::read)
            .toList();
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  static PeftCase named(String name) {
    return all().stream().filter(c -> c.name().equals(name)).findFirst().orElseThrow();
  }

  private static PeftCase read(Path folder) {
    try {
      return new PeftCase(folder, MAPPER.readTree(folder.resolve("case.json").toFile()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  String name() {
    return String.valueOf(folder.getFileName());
  }

  boolean isBf16() {
    return flag("dtype").asText().equals("bf16");
  }

  JsonNode flag(String name) {
    return json.get("flags").get(name);
  }

  double[] numbers(String field) {
    JsonNode list = json.get(field);
    double[] values = new double[list.size()];
    for (int i = 0; i < values.length; i++) {
      values[i] = list.get(i).asDouble();
    }
    return values;
  }

  /** Whether A and B begin as a part of the weights, found anew instead of read. */
  boolean beginsAsPart() {
    return json.get("flags").has("init");
  }

  /** The run in the words of the command line, into {@code out}. */
  List<String> arguments(Path out) {
    List<String> args = new ArrayList<>(List.of("finetune", "--quiet", "--out", out.toString()));
    json.get("flags")
        .properties()
        .forEach(
            flag -> {
              String name = flag.getKey();
              if (!beginsAsPart() && HELD.contains(name)) {
                return; // the initial adapter holds them
              }
              args.add("--" + name);
              args.add(
                  switch (name) {
                    case "model", "data", "init-adapter" ->
                        folder.resolve(flag.getValue().asText()).normalize().toString();
                    case "betas" ->
                        flag.getValue().get(0).asText() + "," + flag.getValue().get(1).asText();
                    default -> flag.getValue().asText();
                  });
            });
    return args;
  }
}
