package dev.nacelle.cli.op;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.nacelle.NacelleException;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

final class OpCommandsTest {
  private static final ObjectMapper MAPPER = new ObjectMapper();

  @TempDir private Path folder = Path.of("");

  /** What a command did. */
  private record Outcome(int code, String out, String message) {}

  private static Outcome run(Object command, String... args) {
    String[] message = {""};
    PrintStream before = System.out;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    System.setOut(new PrintStream(out, true, StandardCharsets.UTF_8));
    try {
      int code =
          new CommandLine(command)
              .setErr(new java.io.PrintWriter(new java.io.StringWriter()))
              .setExecutionExceptionHandler(
                  (e, line, parsed) -> {
                    message[0] = String.valueOf(e.getMessage());
                    return e instanceof NacelleException known ? known.kind().exitCode() : 1;
                  })
              .execute(args);
      return new Outcome(code, out.toString(StandardCharsets.UTF_8), message[0]);
    } finally {
      System.setOut(before);
    }
  }

  private Path write(NamedTensor... tensors) {
    Path file = folder.resolve("in.safetensors");
    SafetensorsWriter.write(file, List.of(tensors), Map.of());
    return file;
  }

  private Outcome swiGlu(List<String> more, NamedTensor... tensors) {
    Path in = write(tensors);
    List<String> args = new ArrayList<>(List.of("run", "swiglu", "--in", in.toString()));
    args.addAll(List.of("--out", out().toString()));
    args.addAll(more);
    return run(new OpCommand(), args.toArray(String[]::new));
  }

  private Path out() {
    return folder.resolve("out.safetensors");
  }

  private static NamedTensor tensor(String name, float... values) {
    return NamedTensor.of(name, values, values.length);
  }

  @Test
  void listsEveryOperatorAsJson() throws IOException {
    Outcome outcome = run(new OpCommand(), "list", "--json");
    assertEquals(0, outcome.code());
    Set<String> names = new TreeSet<>();
    for (JsonNode operator : MAPPER.readTree(outcome.out()).get("operators")) {
      names.add(operator.get("name").asText());
      for (String field : List.of("backends", "dtypes")) {
        assertTrue(operator.get(field).isArray() && !operator.get(field).isEmpty(), field);
      }
      assertTrue(operator.get("attributes").isObject());
    }
    assertTrue(
        names.containsAll(
            Set.of(
                "rms_norm",
                "rope",
                "swiglu",
                "cross_entropy",
                "dequantize",
                "quantized_linear",
                "adamw",
                "clip_grad_norm")));
    assertTrue(run(new OpCommand(), "list").out().contains("rms_norm"));
  }

  @Test
  void runsForwardAndBackward() {
    for (String backend : List.of("cpu", "reference")) {
      long buffers = NativeMemory.liveBuffers();
      Outcome outcome =
          swiGlu(
              List.of("--backend", backend, "--threads", "1"),
              tensor("gate", 0f, 1f),
              tensor("up", 2f, 3f),
              tensor("grad_y", 1f, 1f));
      assertEquals(0, outcome.code(), outcome.message());
      try (SafetensorsFile file = Safetensors.open(out())) {
        assertEquals(Set.of("y", "grad_gate", "grad_up"), file.entries().keySet());
        double sigmoid = 1 / (1 + Math.exp(-1));
        assertEquals(0, file.data("y").getFloat(0));
        assertEquals(3 * sigmoid, file.data("y").getFloat(1), 1e-6);
        assertEquals(1, file.data("grad_gate").getFloat(0), 1e-6);
        assertEquals(sigmoid, file.data("grad_up").getFloat(1), 1e-6);
      }
      assertEquals(buffers, NativeMemory.liveBuffers());
    }
  }

  @Test
  void runsOnBlocks() {
    // Two rows of one q8_0 block: fp16 1 and 2, codes 0, 1, 2 …
    byte[] blocks = new byte[68];
    for (int row = 0; row < 2; row++) {
      blocks[34 * row + 1] = (byte) (row == 0 ? 0x3c : 0x40);
      for (int i = 0; i < 32; i++) {
        blocks[34 * row + 2 + i] = (byte) i;
      }
    }
    NamedTensor bytes =
        new NamedTensor(
            "blocks", DType.U8, new long[] {2, 34}, sink -> sink.accept(ByteBuffer.wrap(blocks)));
    float[] ones = new float[32];
    Arrays.fill(ones, 1f);
    Path in =
        write(
            bytes,
            NamedTensor.of("x", ones, 1, 32),
            NamedTensor.of("grad_y", new float[] {1f, 1f}, 1, 2));
    String[] linear = {
      "run", "quantized_linear", "--in", in.toString(), "--out", out().toString(), "--attr"
    };
    String[] known = Arrays.copyOf(linear, linear.length + 1);
    known[linear.length] = "format=q8_0";
    Outcome outcome = run(new OpCommand(), known);
    assertEquals(0, outcome.code(), outcome.message());
    try (SafetensorsFile file = Safetensors.open(out())) {
      assertEquals(Set.of("y", "grad_x"), file.entries().keySet());
      assertEquals(496, file.data("y").getFloat(0));
      assertEquals(992, file.data("y").getFloat(1));
      assertEquals(3 * 31, file.data("grad_x").getFloat(31));
    }
    known[linear.length] = "format=q4_0";
    assertEquals(3, run(new OpCommand(), known).code());
    known[linear.length] = "format=q9";
    assertEquals(2, run(new OpCommand(), known).code());
    Outcome absent = run(new OpCommand(), Arrays.copyOf(linear, linear.length - 1));
    assertEquals(2, absent.code());
    assertTrue(absent.message().contains("needs the attribute 'format'"), absent.message());
  }

  @Test
  void wrongUsageIsTwo() {
    NamedTensor gate = tensor("gate", 1f);
    NamedTensor up = tensor("up", 1f);
    for (List<String> more :
        List.of(
            List.of("--attr", "eps=1"),
            List.of("--attr", "eps"),
            List.of("--backend", "cuda"),
            List.of("--backend", "gpu"),
            List.of("--threads", "-1"),
            List.of("--flag"))) {
      Outcome outcome = swiGlu(more, gate, up);
      assertEquals(2, outcome.code(), more + outcome.message());
      assertFalse(Files.exists(out()));
    }
    String in = write(gate, up).toString();
    String out = out().toString();
    assertEquals(2, run(new OpCommand(), "run", "swigl", "--in", in, "--out", out).code());
    assertEquals(2, run(new OpCommand(), "run", "swiglu", "--in", in).code());
    assertEquals(
        2,
        run(
                new OpCommand(),
                "run",
                "adamw",
                "--in",
                in,
                "--out",
                out,
                "--attr",
                "lr=1",
                "--attr",
                "lr=2")
            .code());
    Outcome range =
        run(new OpCommand(), "run", "adamw", "--in", in, "--out", out, "--attr", "beta1=1");
    assertEquals(2, range.code());
    assertEquals(
        "adamw: attribute 'beta1' must be a finite number of at least 0 and below 1, given '1'",
        range.message());
  }

  @Test
  void badInputIsThreeAndLeavesNoFile() throws IOException {
    NamedTensor gate = tensor("gate", 1f, 2f);
    NamedTensor up = tensor("up", 1f, 2f);
    List<List<NamedTensor>> bad =
        List.of(
            List.of(gate),
            List.of(gate, tensor("up", 1f)),
            List.of(gate, up, tensor("grad_z", 1f, 2f)),
            List.of(gate, up, tensor("grad_y", 1f)),
            List.of(gate, up, tensor("extra", 1f)));
    for (List<NamedTensor> tensors : bad) {
      Outcome outcome = swiGlu(List.of(), tensors.toArray(NamedTensor[]::new));
      assertEquals(3, outcome.code(), outcome.message());
      assertTrue(outcome.message().contains("tensor '"), outcome.message());
      assertFalse(Files.exists(out()));
    }
    Path damaged = folder.resolve("damaged.safetensors");
    Files.writeString(damaged, "no tensors");
    for (Path file : List.of(damaged, folder.resolve("absent"))) {
      Outcome outcome =
          run(new OpCommand(), "run", "swiglu", "--in", file.toString(), "--out", out().toString());
      assertEquals(3, outcome.code(), outcome.message());
    }
  }

  @Test
  void benchesWithWhatTheMachineCanDo() throws IOException {
    Outcome outcome =
        run(
            new BenchOps(),
            "rms_norm",
            "cross_entropy",
            "--size",
            "T=64,C=96,N=16,V=200",
            "--dtype",
            "fp32,bf16",
            "--seconds",
            "0.001",
            "--threads",
            "1",
            "--json");
    assertEquals(0, outcome.code(), outcome.message());
    JsonNode result = MAPPER.readTree(outcome.out());
    assertEquals(1, result.get("threads").asInt());
    assertTrue(result.get("copy_bandwidth").asDouble() > 1e8);
    assertTrue(result.get("gemm_rate").asDouble() > 1e8);
    assertEquals(8, result.get("results").size());
    Set<String> passes = new TreeSet<>();
    for (JsonNode one : result.get("results")) {
      passes.add(one.get("op").asText() + " " + one.get("pass").asText());
      assertTrue(one.get("seconds").asDouble() > 0);
      assertTrue(one.get("bytes").asLong() > 0);
      assertTrue(one.get("share").asDouble() > 0);
      // Logits on their way, and a weight's gradient in parts; a norm's forward needs nothing.
      boolean plain =
          one.get("pass").asText().equals("forward") && one.get("op").asText().equals("rms_norm");
      assertEquals(!plain, one.get("extra_bytes").asLong() > 0, one.toString());
      assertEquals(
          one.get("op").asText().equals("rms_norm") ? "copy" : "gemm",
          one.get("share_of").asText());
      assertTrue(one.get("size").get("C").asLong() == 96);
    }
    assertEquals(
        Set.of(
            "cross_entropy forward",
            "cross_entropy forward+backward",
            "rms_norm backward",
            "rms_norm forward"),
        passes);
  }

  /**
   * In turn everything is there at once: the same rows in the same order, and no figure swapped.
   */
  @Test
  void benchesInTurn() throws IOException {
    String[] asked = {
      "rms_norm",
      "quantized_linear",
      "--size",
      "T=64,C=96,M=256,K=256",
      "--dtype",
      "fp32",
      "--seconds",
      "0.001",
      "--threads",
      "1",
      "--json"
    };
    List<String> alone = rows(run(new BenchOps(), asked));
    String[] inTurn = Arrays.copyOf(asked, asked.length + 1);
    inTurn[asked.length] = "--in-turn";
    Outcome outcome = run(new BenchOps(), inTurn);
    assertTrue(alone.size() >= 4, alone.toString());
    assertEquals(alone, rows(outcome));
    for (JsonNode one : MAPPER.readTree(outcome.out()).get("results")) {
      assertTrue(one.get("seconds").asDouble() > 0, one.toString());
    }
  }

  private static List<String> rows(Outcome outcome) throws IOException {
    assertEquals(0, outcome.code(), outcome.message());
    List<String> rows = new ArrayList<>();
    for (JsonNode one : MAPPER.readTree(outcome.out()).get("results")) {
      rows.add(
          one.get("op").asText()
              + one.get("pass").asText()
              + one.path("variant").asText()
              + one.get("size")
              + one.get("bytes")
              + one.get("extra_bytes"));
    }
    return rows;
  }

  @Test
  void benchRefusesWhatItCannotMeasure() {
    for (List<String> args :
        List.of(
            List.of("rms_nrom"),
            List.of("--size", "Q=3"),
            List.of("--size", "T"),
            List.of("--size", "T=0"),
            List.of("--size", "T=1,T=2"),
            List.of("--dtype", "i32"),
            List.of("--backend", "cuda"),
            List.of("--seconds", "0"),
            List.of("rope", "--size", "D=3", "--seconds", "0.001"),
            List.of("rms_norm", "rope", "--size", "D=3", "--seconds", "0.001", "--in-turn"))) {
      assertEquals(2, run(new BenchOps(), args.toArray(String[]::new)).code(), args.toString());
    }
  }
}
