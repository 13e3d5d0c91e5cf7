package dev.nacelle.goldens;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;

/**
 * HydraLoRA's equations in PyTorch (peers/make_hydra_goldens.py) against the engine: losses,
 * gradients and final tensors, from a safetensors adapter, from the repository's own pickle, and in
 * bf16.
 */
final class HydraGoldenTest {
  @TempDir private Path folder;

  @TestFactory
  Stream<DynamicTest> trainsAsTheEquations() {
    List<PeftCase> cases = PeftCase.hydra();
    assertEquals(3, cases.size());
    return cases.stream()
        .map(golden -> DynamicTest.dynamicTest(golden.name(), () -> compare(golden)));
  }

  private void compare(PeftCase golden) throws IOException {
    Path gradients = folder.resolve(golden.name() + ".safetensors");
    PeftRun run =
        PeftRun.of(golden, folder.resolve(golden.name()), "--dump-gradients", gradients.toString());
    double bound = golden.isBf16() ? 5e-3 : 1e-4;
    assertArrayEquals(golden.numbers("losses"), run.numbers("loss"), bound, "losses");
    assertArrayEquals(golden.numbers("lrs"), run.numbers("lr"), 1e-12, "learning rates");
    if (!golden.isBf16()) {
      near(golden.folder().resolve("step1_gradients.safetensors"), gradients, 1e-5);
      near(
          golden.folder().resolve("final/adapter_model.safetensors"),
          run.out().resolve("adapter_model.safetensors"),
          1e-3);
    }
    String config = Files.readString(run.out().resolve("adapter_config.json"));
    assertTrue(config.contains("\"peft_type\": \"HYDRA_LORA\""), config);
    assertTrue(config.contains("\"lora_nums\": " + golden.json().get("heads")), config);
  }

  private static void near(Path expectedFile, Path actualFile, double share) {
    PeftRun.near(PeftRun.tensors(expectedFile), PeftRun.tensors(actualFile), share);
  }
}
