package dev.nacelle.nativeaccess.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every function of NVML that we call, against a library with two GPUs that are none. */
final class NvmlTest {
  private static final String WHEEL = "nvidia-nvml-dev-cu12==12.9.79";

  @TempDir private Path folder;

  private DynamicLibrary build(String name, String... flags) {
    return FakeLibraries.build(folder, "fake_nvml.c", name, flags);
  }

  @Test
  void whatADeviceSays() {
    try (Nvml nvml = Nvml.open(build("libnvidia-ml.so.1"))) {
      assertEquals(
          List.of(
              new NvmlReading(
                  0,
                  "NVIDIA GeForce RTX 4090",
                  25_757_220_864L,
                  5_000_000_000L,
                  371.25,
                  123_456_789.012,
                  71.0,
                  2_520_000_000L,
                  10_501_000_000L,
                  List.of("power cap", "thermal slowdown by hardware")),
              new NvmlReading(
                  1, "NVIDIA Thor", null, null, 3_000_000.0, null, 44.0, null, null, List.of())),
          nvml.read());
      assertTrue(nvml.path().endsWith("libnvidia-ml.so.1"));
    }
  }

  @Test
  void anOlderDriverLacksSome() {
    DynamicLibrary library = build("libnvidia-ml-old.so.1", "-DOLD");
    FakeLibraries.say(library, "fake_lose", "", 2);
    try (Nvml nvml = Nvml.open(library)) {
      List<NvmlReading> devices = nvml.read();
      assertEquals(1, devices.size(), "the second is lost");
      assertNull(devices.getFirst().joules());
      assertFalse(devices.getFirst().throttling().isEmpty());
    }
  }

  @Test
  void oneThatRefusesSaysWhy() {
    DynamicLibrary library = build("libnvidia-ml-none.so.1");
    FakeLibraries.say(library, "fake_refuse", "", 1);
    NativeException refused = assertThrows(NativeException.class, () -> Nvml.open(library));
    assertTrue(String.valueOf(refused.getMessage()).contains("Driver Not Loaded"));
  }

  @Test
  void signaturesAreTheHeaders() throws java.io.IOException {
    Optional<Path> unpacked = Wheels.unpacked(WHEEL);
    if (unpacked.isEmpty()) {
      System.out.println("SKIPPED: no " + WHEEL + " to hold NVML's signatures against");
      org.junit.jupiter.api.Assumptions.abort("no nvml.h");
    }
    try (Stream<Path> files = Files.walk(unpacked.orElseThrow())) {
      Path include =
          files.filter(f -> f.endsWith("nvml.h")).findFirst().orElseThrow().resolveSibling("");
      DynamicLibrary held = build("libnvidia-ml-h.so.1", "-DWITH_NVML_H", "-I" + include);
      assertTrue(held.find("nvmlDeviceGetPowerUsage") != 0);
    }
  }
}
