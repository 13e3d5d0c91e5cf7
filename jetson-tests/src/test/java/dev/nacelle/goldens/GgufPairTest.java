package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.cli.Main;
import dev.nacelle.file.GgufFile;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.model.GgufModel;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeBuffer;
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
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A GGUF is the model that its dequantised tensors are: held against transformers over the gguf
 * package's tensors (peers/make_gguf_pairs.py), and, training, against our own run of the Hugging
 * Face folder of the same model.
 */
final class GgufPairTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Cases, and what the run of each adds to the common flags. */
  private static final Map<String, List<String>> CASES =
      new TreeMap<>(
          Map.of(
              "f32", List.of("--packing", "off"),
              "f16", List.of("--lora-plus-ratio", "4"),
              "q4_0", List.of("--dropout", "0.1", "--accumulate", "2"),
              "q4_1", List.of("--packing", "off", "--dropout", "0.05"),
              "q8_0", List.of("--targets", "q_proj,k_proj,lm_head", "--clip", "0.5"),
              "q5", List.of("--accumulate", "3", "--batch-size", "1"),
              "k", List.of("--targets", "all-linear")));

  @TempDir private Path folder = Path.of("");

  private static Path golden(String name) {
    try {
      return Path.of(
          Objects.requireNonNull(GgufPairTest.class.getResource("/goldens/gguf/" + name)).toURI());
    } catch (URISyntaxException e) {
      throw new AssertionError(e);
    }
  }

  @Test
  void lossesAreThoseOfTransformers() throws IOException {
    int tokens = 0;
    for (String name : CASES.keySet()) {
      Path found = folder.resolve(name + ".jsonl");
      run(
          List.of(
              "eval",
              "--quiet",
              "--model",
              golden(name).resolve("model.gguf").toString(),
              "--data",
              golden("data.jsonl").toString(),
              "--train-on",
              "all",
              "--token-losses",
              found.toString()));
      List<JsonNode> want = lines(golden(name).resolve("token_losses.jsonl"));
      List<JsonNode> got = lines(found);
      assertEquals(want.size(), got.size(), name);
      for (int i = 0; i < want.size(); i++) {
        assertEquals(want.get(i).get("ids"), got.get(i).get("ids"), name + " sample " + i);
        JsonNode losses = want.get(i).get("losses");
        for (int t = 1; t < losses.size(); t++) {
          assertEquals(
              losses.get(t).asDouble(),
              got.get(i).get("losses").get(t).asDouble(),
              name.equals("f32") ? 1e-5 : 1e-4,
              name + " sample " + i + " token " + t);
          tokens++;
        }
      }
    }
    assertEquals(431 * CASES.size(), tokens);
  }

  @Test
  void trainsAsItsDequantisedTensorsDo() throws IOException {
    for (Map.Entry<String, List<String>> one : CASES.entrySet()) {
      String name = one.getKey();
      Path gguf = golden(name).resolve("model.gguf");
      double[] fromBlocks = train(gguf, name + "-blocks", one.getValue());
      double[] fromFloats = train(dequantised(name), name + "-floats", one.getValue());
      assertEquals(20, fromBlocks.length, name);
      assertTrue(fromBlocks[19] < fromBlocks[0], name + " learns nothing");
      assertArrayEquals(fromFloats, fromBlocks, name.equals("f32") ? 1e-5 : 1e-4, name);
    }
  }

  @Test
  void narrowComputeFollowsTheWideCurve() {
    for (String name : List.of("q4_1", "k")) {
      Path gguf = golden(name).resolve("model.gguf");
      double[] wide = train(gguf, name + "-wide", List.of());
      double[] narrow = train(gguf, name + "-narrow", List.of("--dtype", "bf16"));
      assertArrayEquals(wide, narrow, 2e-2, name);
    }
  }

  @Test
  void parametersAreTheBlocksBytes() throws IOException {
    for (String name : CASES.keySet()) {
      Path gguf = golden(name).resolve("model.gguf");
      train(gguf, name + "-bytes", List.of("--steps", "1"));
      JsonNode report =
          MAPPER.readTree(folder.resolve(name + "-bytes").resolve("report.json").toFile());
      long adapter = 0;
      for (float[] values :
          PeftRun.tensors(folder.resolve(name + "-bytes/adapter_model.safetensors")).values()) {
        adapter += 4L * values.length;
      }
      long stored = 0;
      long wide = 0;
      try (GgufFile file = GgufFile.open(gguf)) {
        for (TensorEntry entry : file.entries().values()) {
          if (!entry.name().equals("rope_freqs.weight")) {
            stored += entry.bytes();
            wide += 4 * entry.elements();
          }
        }
      }
      assertEquals(
          stored + adapter, report.get("measured_classes").get("parameters").asLong(), name);
      assertTrue(name.equals("f32") || stored < wide / 3 * 2, name);
    }
  }

  @Test
  void generatesTheSameTokens() throws IOException {
    for (String name : List.of("q4_0", "k")) {
      List<JsonNode> ids = new ArrayList<>();
      for (Path model : List.of(golden(name).resolve("model.gguf"), dequantised(name))) {
        ids.add(
            MAPPER
                .readTree(
                    output(
                        "generate",
                        "--json",
                        "--model",
                        model.toString(),
                        "--prompt",
                        "to the",
                        "--max-new-tokens",
                        "12"))
                .get("ids"));
      }
      assertEquals(12, ids.get(0).size(), name);
      assertEquals(ids.get(1), ids.get(0), name);
    }
  }

  private static String output(String... args) {
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      assertEquals(0, Main.run(args), String.join(" ", args));
      return out.toString(StandardCharsets.UTF_8);
    } finally {
      System.setOut(before);
    }
  }

  private double[] train(Path model, String out, List<String> more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "finetune",
                "--quiet",
                "--model",
                model.toString(),
                "--data",
                golden("data.jsonl").toString(),
                "--train-on",
                "all",
                "--out",
                folder.resolve(out).toString(),
                "--order",
                "file",
                "--rank",
                "4",
                "--lr",
                "5e-3"));
    set(args, "--batch-size", "3");
    set(args, "--steps", "20");
    for (int i = 0; i < more.size(); i += 2) {
      set(args, more.get(i), more.get(i + 1));
    }
    run(args);
    return lines(folder.resolve(out).resolve("log.jsonl")).stream()
        .mapToDouble(line -> line.get("loss").asDouble())
        .toArray();
  }

  private static void set(List<String> args, String flag, String value) {
    int known = args.indexOf(flag);
    if (known >= 0) {
      args.set(known + 1, value);
    } else {
      args.addAll(List.of(flag, value));
    }
  }

  /** The Hugging Face folder of a case, with the tensors of its GGUF as fp32. */
  private Path dequantised(String name) throws IOException {
    Path hf = Files.createDirectories(folder.resolve(name + "-hf"));
    for (String file : List.of("config.json", "tokenizer.json", "tokenizer_config.json")) {
      if (!Files.exists(hf.resolve(file))) {
        Files.copy(golden(name).resolve(file), hf.resolve(file));
      }
    }
    List<NativeBuffer> buffers = new ArrayList<>();
    List<NamedTensor> tensors = new ArrayList<>();
    try (GgufModel model = GgufModel.of(GgufFile.open(golden(name).resolve("model.gguf")))) {
      for (TensorEntry entry : model.entries().values()) {
        NativeBuffer wide = NativeBuffer.allocate(4 * entry.elements());
        buffers.add(wide);
        model.readFloat32(entry.name(), wide);
        tensors.add(NamedTensor.of(entry.name(), DType.FP32, entry.shape(), wide));
      }
      SafetensorsWriter.write(hf.resolve("model.safetensors"), tensors, Map.of());
    } finally {
      buffers.forEach(NativeBuffer::close);
    }
    return hf;
  }

  private static void run(List<String> args) {
    assertEquals(0, Main.run(args.toArray(String[]::new)), args.toString());
  }

  private static List<JsonNode> lines(Path file) {
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
}
