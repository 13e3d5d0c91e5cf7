package dev.nacelle.train;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.nacelle.data.Cursor;
import dev.nacelle.file.AtomicFile;
import dev.nacelle.file.ContentHash;
import dev.nacelle.file.FaultInjector;
import dev.nacelle.file.MutationCount;
import dev.nacelle.file.Mutator;
import dev.nacelle.file.NamedTensor;
import dev.nacelle.file.PeftAdapter;
import dev.nacelle.file.Safetensors;
import dev.nacelle.file.SafetensorsFile;
import dev.nacelle.file.SafetensorsWriter;
import dev.nacelle.file.TensorEntry;
import dev.nacelle.memory.LedgerClass;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged checkpoints: bytes of any file, and, signed anew as an attacker would, manifests that
 * mean something else and tensors that are not what they were.
 */
final class CheckpointMutationTest {
  private static final long SEED = 20261128;
  private static final int MUTANTS = MutationCount.times(3_000);
  private static final String ADAPTER = "/dev/nacelle/file/peft-adapter/";
  private static final String QUERY = "model.layers.0.self_attn.q_proj";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path out;
  private Path folder = Path.of("");
  private byte[] manifest = {};
  private byte[] optimizer = {};
  private byte[] adapter = {};

  @BeforeEach
  void writeOne() throws IOException {
    StepRecord last =
        new StepRecord(
            7,
            1.5,
            40,
            30,
            0,
            1e-4,
            0.5,
            0.01,
            1e9,
            1000,
            2000,
            Map.of(LedgerClass.PARAMETERS, 9L));
    RunState state =
        new RunState(
            7,
            20,
            new Cursor(1, 3),
            28,
            last,
            false,
            new EvaluationState(2.0, null, 1.75, 0, 1),
            280,
            0.5,
            0.75);
    Provenance provenance =
        new Provenance(
            new RunInputs(Map.of("config.json", "00ff"), List.of("aa"), List.of()),
            Map.of("--rank", List.of("3"), "--data", List.of("/a.jsonl", "/b.jsonl")),
            "avx2",
            2,
            Map.of("m1", "nacelle"));
    folder =
        new Checkpoints(out, FaultInjector.none())
            .write(
                state,
                provenance,
                inside -> {
                  for (String name : List.of(Checkpoint.ADAPTER, Checkpoint.ADAPTER_CONFIG)) {
                    AtomicFile.writeBytes(
                        inside.resolve(name), FaultInjector.none(), resource(name));
                  }
                  SafetensorsWriter.write(
                      inside.resolve(Checkpoint.OPTIMIZER),
                      List.of(
                          NamedTensor.of(QUERY + ".exp_avg", new float[48], 3, 16),
                          NamedTensor.of(QUERY + ".exp_avg_sq", new float[48], 3, 16)),
                      SafetensorsWriter.PYTORCH_METADATA);
                });
    manifest = Files.readAllBytes(folder.resolve(Checkpoint.MANIFEST));
    optimizer = Files.readAllBytes(folder.resolve(Checkpoint.OPTIMIZER));
    adapter = Files.readAllBytes(folder.resolve(Checkpoint.ADAPTER));
  }

  private static byte[] resource(String name) {
    try (InputStream in =
        Objects.requireNonNull(
            CheckpointMutationTest.class.getResourceAsStream(ADAPTER + name), name)) {
      return in.readAllBytes();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void onlyDocumentedErrors() throws IOException {
    Mutator mutator = new Mutator(SEED);
    MutationCount count = new MutationCount("checkpoints", SEED);
    for (int i = 0; i < MUTANTS; i++) {
      byte[] text = manifest;
      byte[] moments = optimizer;
      byte[] weights = adapter;
      if (i % 5 == 1 || i % 5 == 2) {
        moments = mutator.bytes(optimizer);
        weights = mutator.bytes(adapter);
      }
      Files.write(folder.resolve(Checkpoint.OPTIMIZER), moments);
      Files.write(folder.resolve(Checkpoint.ADAPTER), weights);
      if (i % 5 == 0) {
        text = mutator.bytes(manifest);
      } else if (i % 5 == 2) {
        text = signed(manifest);
      } else if (i % 5 > 2) {
        text = signed(mutator.write(mutator.json(JSON.readTree(manifest))));
      }
      Files.write(folder.resolve(Checkpoint.MANIFEST), text);
      count.run(
          text.length + moments.length + weights.length,
          reach -> readAll(reach, new ArrayList<>()),
          CheckpointMutationTest::isPastParser);
    }
    count.finish(MUTANTS, 8L << 20);
    assertTrue(count.accepted() > MUTANTS / 50, "few mutants still are checkpoints");
    assertTrue(count.refusedByRules() > MUTANTS / 5, "few mutants broke a rule");
  }

  /** Hashes as the content has them: the manifest is refused for what it says, if at all. */
  private byte[] signed(byte[] text) throws IOException {
    if (!(JSON.readTree(text) instanceof ObjectNode root)) {
      return text;
    }
    root.remove("hash");
    if (root.get("files") instanceof ObjectNode files) {
      for (String name : List.of(Checkpoint.OPTIMIZER, Checkpoint.ADAPTER)) {
        if (files.has(name)) {
          files.put(name, ContentHash.of(folder.resolve(name), () -> {}));
        }
      }
    }
    root.put("hash", ContentHash.of(root.toString().getBytes(StandardCharsets.UTF_8)));
    return root.toPrettyString().getBytes(StandardCharsets.UTF_8);
  }

  private void readAll(MutationCount.Reach reach, List<String> notes) {
    Checkpoints checkpoints = new Checkpoints(out, FaultInjector.none());
    Checkpoint whole = checkpoints.newest(notes::add, () -> {}).orElseThrow();
    reach.past();
    assertTrue(whole.state().step() == 7 && whole.state().loggedSteps() >= 0);
    assertEquals(folder, whole.folder());
    try (SafetensorsFile open = Safetensors.open(folder.resolve(Checkpoint.OPTIMIZER))) {
      for (TensorEntry entry : open.entries().values()) {
        assertTrue(open.data(entry.name()).byteSize() == entry.bytes());
      }
    }
    try (PeftAdapter open =
        PeftAdapter.open(
            folder,
            Map.of(
                QUERY,
                new long[] {16, 16},
                "model.layers.0.self_attn.k_proj",
                new long[] {8, 16},
                "model.layers.1.self_attn.q_proj",
                new long[] {16, 16},
                "model.layers.1.self_attn.k_proj",
                new long[] {8, 16}),
            FaultInjector.none())) {
      assertTrue(!open.modules().isEmpty());
    }
  }

  private static boolean isPastParser(String message) {
    return !message.contains("is not JSON")
        && !message.contains("UTF-8")
        && !message.contains("NUL")
        && !message.contains("at least 2")
        && !message.contains("not a JSON object")
        && !message.contains("does not fit the rest")
        && !message.contains("is not what was written");
  }
}
