package dev.nacelle.commandline;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.nativeaccess.NativeBuffer;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * HydraLoRA and LoRA adapters that are of another model, rank or kind, damaged or dangerous: each
 * command that takes one ends with exit code 3, says why, and leaves nothing.
 */
final class BadAdapterTest {
  private static final Path HYDRA = Fixtures.example("../hydra/hydra-text").resolve("init");
  private static final Path PICKLED = Fixtures.example("../hydra/hydra-pickled").resolve("init");
  private static final Path LORA = Fixtures.example("plain-qv").resolve("init");
  private static final String WEIGHTS = "adapter_model.safetensors";
  private static final String PICKLE = "adapter_model.bin";
  private static final String CONFIG = "adapter_config.json";
  private static final int MEBIBYTE = 1 << 20;

  /** Commands that take an adapter, and those of them that do not train on from it. */
  private static final int ALL = 4;

  private static final int READING = 3;

  /** A good adapter, how it is spoilt, and words that the message must have. */
  @SuppressWarnings("ArrayRecordComponent") // never compared
  private record Spoilt(String name, Path good, Spoil spoil, String... words) {}

  @FunctionalInterface
  private interface Spoil {
    void apply(Path adapter) throws IOException;
  }

  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> areRefusedByName() {
    List<Spoilt> all =
        List.of(
            new Spoilt("rank", HYDRA, a -> config(a, c -> c.put("r", 8)), "lora_", "[4, ", "8"),
            new Spoilt("rank of LoRA", LORA, a -> config(a, c -> c.put("r", 3)), "lora_", "3"),
            new Spoilt("rank zero", HYDRA, a -> config(a, c -> c.put("r", 0)), "r is 0"),
            new Spoilt(
                "hydra as LoRA",
                HYDRA,
                a ->
                    config(
                        a,
                        c -> {
                          c.put("peft_type", "LORA");
                          c.remove(List.of("lora_nums", "blc_alpha", "blc_weight"));
                          c.remove("merge_weights");
                        }),
                "lora_B"),
            new Spoilt(
                "LoRA as hydra",
                LORA,
                a -> config(a, c -> c.put("peft_type", "HYDRA_LORA").put("lora_nums", 3)),
                "has no tensor",
                "lora_B0"),
            new Spoilt(
                "LoRA as DoRA",
                LORA,
                a -> config(a, c -> c.put("use_dora", true)),
                "lora_magnitude_vector"),
            new Spoilt(
                "kind that is none",
                HYDRA,
                a -> config(a, c -> c.put("peft_type", "HYDRA")),
                "peft_type",
                "HYDRA_LORA"),
            missing("peft_type"),
            missing("lora_nums"),
            missing("r"),
            missing("lora_alpha"),
            missing("target_modules"),
            new Spoilt(
                "too many heads", HYDRA, a -> config(a, c -> c.put("lora_nums", 4)), "lora_B3"),
            new Spoilt(
                "too few heads",
                HYDRA,
                a -> config(a, c -> c.put("lora_nums", 2)),
                "[3, 32]",
                "[2, 32]"),
            new Spoilt(
                "a million heads",
                HYDRA,
                a -> config(a, c -> c.put("lora_nums", 1_000_000)),
                "lora_nums",
                "1000000"),
            new Spoilt(
                "a head of another shape", HYDRA, a -> reshape(a, "lora_B1"), "lora_B1", "shape"),
            new Spoilt(
                "a router of another shape",
                HYDRA,
                a -> reshape(a, "lora_route"),
                "lora_route",
                "shape"),
            new Spoilt("a NaN in a head", HYDRA, a -> set(a, "lora_B2", Float.NaN), "not finite"),
            new Spoilt("a NaN in a LoRA", LORA, a -> set(a, "lora_A", Float.NaN), "not finite"),
            new Spoilt(
                "an infinity",
                HYDRA,
                a -> set(a, "lora_route", Float.NEGATIVE_INFINITY),
                "lora_route",
                "not finite"),
            new Spoilt(
                "both files",
                HYDRA,
                a -> Files.copy(PICKLED.resolve(PICKLE), a.resolve(PICKLE)),
                "has both",
                PICKLE),
            new Spoilt(
                "a configuration of more than a mebibyte",
                HYDRA,
                a -> config(a, c -> c.put("revision", "x".repeat(MEBIBYTE))),
                CONFIG,
                "1 MiB"),
            new Spoilt("a cut pickle", PICKLED, a -> cut(a.resolve(PICKLE)), PICKLE));
    assertEquals(23, all.size());
    return all.stream().map(s -> DynamicTest.dynamicTest(s.name, () -> refused(s)));
  }

  private static Spoilt missing(String field) {
    return new Spoilt("no " + field, HYDRA, a -> config(a, c -> c.remove(field)), field, "missing");
  }

  private void refused(Spoilt spoilt) throws IOException {
    Path adapter = Fixtures.copy(spoilt.good, folder.resolve(spoilt.name.replace(' ', '-')));
    spoilt.spoil.apply(adapter);
    commandsRefuse(ALL, Fixtures.model("plain"), adapter, spoilt.words);
  }

  /** Evaluates, merges, converts and trains on with it. */
  private void commandsRefuse(int count, Path model, Path adapter, String... words) {
    Path out = folder.resolve("out");
    Path data = Fixtures.example("plain-qv").resolve("data.jsonl");
    List<List<String>> commands =
        List.of(
            List.of("eval", "--data", data.toString(), "--threads", "1"),
            List.of("merge", "--out", out.toString(), "--threads", "1"),
            List.of("convert", "--to", "lora", "--out", out.toString()),
            List.of("finetune", "--data", data.toString(), "--out", out.toString()));
    for (List<String> command : commands.subList(0, count)) {
      boolean trains = command.getFirst().equals("finetune");
      List<String> args = new ArrayList<>(command);
      args.addAll(List.of("--model", model.toString()));
      args.addAll(List.of(trains ? "--init-adapter" : "--adapter", adapter.toString()));
      args.addAll(trains ? List.of("--steps", "1") : List.of());
      Outcome outcome = Outcome.of(args.toArray(String[]::new));
      boolean otherwise = isSaidFirst(command.getFirst(), outcome.err());
      outcome.expect(otherwise ? 2 : 3);
      boolean forbidden = command.getFirst().equals("convert") && outcome.err().contains("3 heads");
      for (String word : otherwise || forbidden ? new String[0] : words) {
        assertTrue(outcome.err().contains(word), command.getFirst() + ": " + outcome.err());
      }
      assertEquals("", outcome.out());
      assertFalse(Files.exists(out.resolve(WEIGHTS)), command.getFirst());
      assertFalse(Files.exists(out.resolve("model.safetensors")), command.getFirst());
    }
  }

  /** What the kind alone forbids is told before the tensors' values are looked at. */
  private static boolean isSaidFirst(String command, String said) {
    return (command.equals("convert") && said.contains("lora already"))
        || (command.equals("merge") && said.contains("merge a fixed mixture"));
  }

  @Test
  void anotherModelsAdapter() {
    for (String other : List.of("wide-head", "gqa-tied")) {
      for (Path adapter : List.of(HYDRA, LORA)) {
        commandsRefuse(READING, Fixtures.model(other), adapter, "lora_", "another model");
      }
    }
    commandsRefuse(ALL, Fixtures.model("gqa-tied"), HYDRA, "another model");
  }

  /** {@code __reduce__} as an attacker writes it: the command would make a file. */
  @Test
  void aPickleWithCodeIsNotRun() throws IOException {
    Path made = folder.resolve("made-by-a-pickle");
    Path adapter = Files.createDirectory(folder.resolve("adapter"));
    Files.copy(PICKLED.resolve(CONFIG), adapter.resolve(CONFIG));
    for (String call : List.of("posix\nsystem", "os\nsystem", "builtins\nexec", "torch\nload")) {
      String text = "touch " + made;
      byte[] pickle =
          ("\u0080\u0002c" + call + "\nX" + (char) text.length() + "\0\0\0" + text + "\u0085R.")
              .getBytes(StandardCharsets.ISO_8859_1);
      try (OutputStream file = Files.newOutputStream(adapter.resolve(PICKLE));
          ZipOutputStream zip = new ZipOutputStream(file)) {
        ZipEntry entry = new ZipEntry("adapter_model/data.pkl");
        CRC32 crc = new CRC32();
        crc.update(pickle);
        entry.setMethod(ZipEntry.STORED);
        entry.setSize(pickle.length);
        entry.setCrc(crc.getValue());
        zip.putNextEntry(entry);
        zip.write(pickle);
        zip.closeEntry();
      }
      commandsRefuse(
          ALL, Fixtures.model("plain"), adapter, "asks for '" + call.replace('\n', '.') + "'");
      assertFalse(Files.exists(made), call);
    }
  }

  private static void config(Path adapter, Consumer<ObjectNode> change) throws IOException {
    Path file = adapter.resolve(CONFIG);
    ObjectNode json = (ObjectNode) Outcome.JSON.readTree(file.toFile());
    change.accept(json);
    Files.writeString(file, json.toString());
  }

  private static void cut(Path file) throws IOException {
    byte[] all = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(all, all.length / 2));
  }

  /** One row of the first tensor of such a name becomes a column of zeros more. */
  private static void reshape(Path adapter, String part) throws IOException {
    rewrite(
        adapter,
        part,
        tensor -> {
          long[] shape = {tensor.shape()[0] + 1, tensor.shape()[1]};
          return NamedTensor.of(tensor.name(), new float[(int) (shape[0] * shape[1])], shape);
        });
  }

  private static void set(Path adapter, String part, float value) throws IOException {
    rewrite(
        adapter,
        part,
        tensor -> {
          float[] values = new float[(int) (tensor.shape()[0] * tensor.shape()[1])];
          values[values.length / 2] = value;
          return NamedTensor.of(tensor.name(), values, tensor.shape());
        });
  }

  /** Changes the first tensor of such a name; the others stay. */
  private static void rewrite(Path adapter, String part, UnaryOperator<NamedTensor> change)
      throws IOException {
    Path file = adapter.resolve(WEIGHTS);
    List<NamedTensor> tensors = new ArrayList<>();
    boolean done = false;
    try (SafetensorsFile open = Safetensors.open(file)) {
      for (TensorEntry entry : open.entries().values()) {
        float[] values = new float[Math.toIntExact(entry.elements())];
        try (NativeBuffer wide = NativeBuffer.allocate(4L * values.length)) {
          open.readFloat32(entry.name(), wide);
          wide.read(0, values, 0, values.length);
        }
        NamedTensor same = NamedTensor.of(entry.name(), values, entry.shape());
        boolean meant = !done && entry.name().contains(part);
        tensors.add(meant ? change.apply(same) : same);
        done |= meant;
      }
    }
    assertTrue(done, part);
    SafetensorsWriter.write(file, tensors, SafetensorsWriter.PYTORCH_METADATA);
  }
}
