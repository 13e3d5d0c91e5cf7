package dev.nacelle.file;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Damaged adapters of all kinds: their configuration, their safetensors, and HydraLoRA's pickle,
 * byte by byte and by meaning. They are opened, held against a base, and read to the end.
 */
final class AdapterMutationTest {
  private static final long SEED = 20261129;
  private static final int MUTANTS = MutationCount.times(1_200, 24_000);
  private static final int RANK = 2;
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Map<String, long[]> LINEARS =
      new LinkedHashMap<>(
          Map.of(
              "model.layers.0.self_attn.q_proj", new long[] {16, 8},
              "model.layers.0.mlp.down_proj", new long[] {8, 24},
              "lm_head", new long[] {32, 8}));

  private static final List<AdapterKind> KINDS =
      List.of(new LoraKind(), new LoraKind(true, false), new DoraKind(false), new HydraKind(3));

  @TempDir private Path folder;
  private final Map<AdapterKind, byte[]> configs = new LinkedHashMap<>();
  private final Map<AdapterKind, byte[]> weights = new LinkedHashMap<>();
  private byte[] pickle = {};
  private byte[] storage = {};

  @BeforeEach
  void writeOneOfEach() throws IOException {
    for (AdapterKind kind : KINDS) {
      AdapterConfig config =
          AdapterConfig.of(kind, RANK, 4, 0.1, List.of("q_proj", "down_proj"), List.of(), "base");
      List<String> modules = new ArrayList<>();
      List<NamedTensor> tensors = new ArrayList<>();
      LINEARS.forEach(
          (path, shape) -> {
            if (!path.equals("lm_head")) {
              modules.add(path);
              for (AdapterKind.Part part : kind.parts(RANK, shape[0], shape[1])) {
                tensors.add(tensor(PeftAdapter.PREFIX + path + part.suffix(), part.shape()));
              }
            }
          });
      PeftAdapter.write(folder, config, modules, tensors, FaultInjector.none());
      configs.put(kind, Files.readAllBytes(folder.resolve("adapter_config.json")));
      weights.put(kind, Files.readAllBytes(folder.resolve(PeftAdapter.WEIGHTS)));
    }
    pickle = pickle();
    try (PeftAdapter read = open()) {
      assertEquals(2, read.modules().size(), "the undamaged one");
    }
    Files.delete(folder.resolve(PeftAdapter.WEIGHTS));
    Files.write(folder.resolve("adapter_model.bin"), zip(pickle));
    readAll();
  }

  private static NamedTensor tensor(String name, long... shape) {
    float[] values = new float[(int) Arrays.stream(shape).reduce(1, (a, b) -> a * b)];
    Arrays.fill(values, 0.5f);
    return NamedTensor.of(name, values, shape);
  }

  /** What torch.save writes of HydraLoRA's tensors: all of them lie in one storage here. */
  private byte[] pickle() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[] {(byte) 0x80, 2, '}', '('});
    int elements = 0;
    ByteArrayOutputStream tensors = new ByteArrayOutputStream();
    for (String path : LINEARS.keySet()) {
      long[] shape = LINEARS.get(path);
      if (shape == null || path.equals("lm_head")) {
        continue;
      }
      for (AdapterKind.Part part : new HydraKind(3).parts(RANK, shape[0], shape[1])) {
        long rows = part.shape()[0];
        long columns = part.shape()[1];
        text(tensors, PeftAdapter.PREFIX + path + part.suffix());
        global(tensors, "torch._utils", "_rebuild_tensor_v2");
        tensors.writeBytes(new byte[] {'(', '('});
        text(tensors, "storage");
        global(tensors, "torch", "FloatStorage");
        text(tensors, "0");
        text(tensors, "cpu");
        number(tensors, 1024);
        tensors.writeBytes(new byte[] {'t', 'Q'});
        number(tensors, elements);
        number(tensors, (int) rows);
        number(tensors, (int) columns);
        tensors.write(0x86);
        number(tensors, (int) columns);
        number(tensors, 1);
        tensors.writeBytes(new byte[] {(byte) 0x86, (byte) 0x89});
        global(tensors, "collections", "OrderedDict");
        tensors.writeBytes(new byte[] {')', 'R', 't', 'R'});
        elements += (int) (rows * columns);
      }
    }
    assertTrue(elements <= 1024, "elements: " + elements);
    ByteBuffer numbers = ByteBuffer.allocate(4 * 1024).order(ByteOrder.LITTLE_ENDIAN);
    while (numbers.hasRemaining()) {
      numbers.putFloat(0.25f);
    }
    storage = numbers.array();
    out.writeBytes(tensors.toByteArray());
    out.writeBytes(new byte[] {'u', '.'});
    return out.toByteArray();
  }

  private static void global(ByteArrayOutputStream out, String module, String name) {
    out.writeBytes(("c" + module + "\n" + name + "\n").getBytes(StandardCharsets.UTF_8));
  }

  private static void text(ByteArrayOutputStream out, String text) {
    out.writeBytes(new byte[] {'X', (byte) text.length(), 0, 0, 0});
    out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
  }

  private static void number(ByteArrayOutputStream out, int number) {
    out.writeBytes(new byte[] {'M', (byte) number, (byte) (number >> 8)});
  }

  private byte[] zip(byte[] pickled) throws IOException {
    return TorchZip.of("adapter_model", pickled, storage);
  }

  @Test
  void onlyDocumentedErrors() throws IOException {
    Mutator mutator = new Mutator(SEED);
    MutationCount count = new MutationCount("adapters", SEED);
    for (int i = 0; i < MUTANTS; i++) {
      AdapterKind kind = KINDS.get(i / 6 % KINDS.size());
      boolean pickled = i % 6 > 3;
      byte[] config = bytes(configs, pickled ? KINDS.getLast() : kind);
      byte[] tensors = bytes(weights, kind);
      switch (i % 6) {
        case 0 -> config = mutator.bytes(config);
        case 1 -> config = mutator.write(mutator.json(JSON.readTree(config)));
        case 2 -> tensors = mutator.bytes(tensors);
        case 3 -> tensors = headerOf(tensors, mutator);
        case 4 -> tensors = zip(mutator.bytes(pickle));
        default -> tensors = mutator.bytes(zip(pickle));
      }
      Files.deleteIfExists(folder.resolve(PeftAdapter.WEIGHTS));
      Files.deleteIfExists(folder.resolve("adapter_model.bin"));
      Files.write(folder.resolve(pickled ? "adapter_model.bin" : PeftAdapter.WEIGHTS), tensors);
      Files.write(folder.resolve("adapter_config.json"), config);
      count.run(this::readAll, AdapterMutationTest::isPastParser);
    }
    count.finish(MUTANTS, 8L << 20);
    assertTrue(count.accepted() > MUTANTS / 50, "few mutants still are adapters");
    assertTrue(count.refusedByRules() > MUTANTS / 5, "few mutants broke a rule");
  }

  private static byte[] bytes(Map<AdapterKind, byte[]> of, AdapterKind kind) {
    return of.getOrDefault(kind, new byte[0]);
  }

  /** The same tensors under a header that means something else. */
  private static byte[] headerOf(byte[] file, Mutator mutator) throws IOException {
    int length = (int) ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).getLong(0);
    byte[] header = mutator.write(mutator.json(JSON.readTree(file, 8, length)));
    ByteBuffer out =
        ByteBuffer.allocate(file.length - length + header.length).order(ByteOrder.LITTLE_ENDIAN);
    out.putLong(header.length).put(header).put(file, 8 + length, file.length - 8 - length);
    return out.array();
  }

  private PeftAdapter open() {
    return PeftAdapter.open(folder, LINEARS, FaultInjector.none());
  }

  private void readAll() {
    try (PeftAdapter open = open()) {
      for (PeftAdapter.Adapted module : open.modules()) {
        for (String suffix : module.parts().keySet()) {
          int length = open.values(module.modulePath(), suffix).length;
          assertTrue(length > 0 && length <= 1024, module.modulePath() + suffix);
        }
      }
    }
  }

  private static boolean isPastParser(String message) {
    return !message.contains("is not JSON")
        && !message.contains("UTF-8")
        && !message.contains("NUL")
        && !message.contains("at least")
        && !message.contains("not a JSON object")
        && !message.contains("header length")
        && !message.contains("runs past the end of the file")
        && !message.contains("zip");
  }
}
