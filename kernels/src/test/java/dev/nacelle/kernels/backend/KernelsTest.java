package dev.nacelle.kernels.backend;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.kernels.Backend;
import dev.nacelle.kernels.KernelSet;
import dev.nacelle.kernels.Operand;
import dev.nacelle.kernels.Products;
import dev.nacelle.kernels.Samples;
import dev.nacelle.kernels.reference.ReferenceProducts;
import dev.nacelle.nativeaccess.DType;
import dev.nacelle.nativeaccess.NativeMemory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link Kernels} opens, and what it says where something is missing. */
class KernelsTest {
  private static final String LIBRARY = "nacelle.kernels.library";

  @AfterEach
  void clear() {
    System.clearProperty(LIBRARY);
    System.clearProperty("NACELLE_PRODUCTS");
  }

  @Test
  void opensTheLibraryAndGivesItsMemoryBack() {
    long before = NativeMemory.liveBuffers();
    try (KernelSet kernels = Kernels.open(2, "generic")) {
      assertEquals(Backend.CPU, kernels.backend());
      assertEquals("generic", kernels.isaLevel());
      assertEquals(2, kernels.threads());
      assertNull(kernels.fallbackReason());
      assertEquals("nacelle", kernels.products().library(1, 2, 3, false, true));
    }
    assertEquals(before, NativeMemory.liveBuffers());
  }

  @Test
  void namesALevelThatDoesNotExist() {
    IllegalArgumentException e =
        assertThrows(IllegalArgumentException.class, () -> Kernels.open(1, "sse9"));
    assertEquals(
        "no instruction set level is called 'sse9'; use generic, avx2, avx512, amx or neon",
        e.getMessage());
  }

  @Test
  void fallsBackAndSaysWhy(@TempDir Path folder) {
    System.setProperty(LIBRARY, folder.toString());
    try (KernelSet kernels = Kernels.open(2, null);
        Samples samples = new Samples(3)) {
      assertEquals(Backend.REFERENCE, kernels.backend());
      assertEquals("java", kernels.isaLevel());
      String reason = kernels.fallbackReason();
      assertNotNull(reason);
      assertTrue(reason.endsWith("libnacelle_kernels.so, which does not exist"), reason);
      sameAsReference(kernels.products(), samples);
    }
  }

  @Test
  void openBlasCanBeForced() {
    System.setProperty("NACELLE_PRODUCTS", "openblas");
    try (KernelSet kernels = Kernels.open(2, null);
        Samples samples = new Samples(4)) {
      assertEquals("openblas", kernels.products().library(64, 64, 64, false, true));
      sameAsReference(kernels.products(), samples);
    }
    System.setProperty("NACELLE_PRODUCTS", "abacus");
    assertThrows(IllegalArgumentException.class, () -> Kernels.open(2, null));
  }

  private static void sameAsReference(Products products, Samples samples) {
    for (DType type : Samples.COMPUTE) {
      Operand a = samples.normalStrided(type, 0, 3, 45, 67);
      Operand b = samples.normal(type, 0, 38, 67);
      Operand expected = samples.normal(type, 0, 45, 38);
      Operand actual = samples.copy(expected);
      new ReferenceProducts().multiply(expected, a, false, b, true, 0.5f, 2);
      products.multiply(actual, a, false, b, true, 0.5f, 2);
      double tolerance = type == DType.FP32 ? 1e-5 : type == DType.FP16 ? 2e-2 : 1.5e-1;
      assertEquals(0, Samples.maxDifference(expected, actual), tolerance, type.label());
    }
  }

  @Test
  void theBuildGoesOnWithoutCMakeAndNamesThePackage(@TempDir Path folder)
      throws IOException, InterruptedException {
    Path tools = Files.createDirectory(folder.resolve("tools"));
    for (String tool : new String[] {"uname", "mkdir", "rm"}) {
      for (String place : new String[] {"/usr/bin/", "/bin/"}) {
        if (Files.exists(Path.of(place + tool)) && Files.notExists(tools.resolve(tool))) {
          Files.createSymbolicLink(tools.resolve(tool), Path.of(place + tool));
        }
      }
    }
    ProcessBuilder build =
        new ProcessBuilder(
            "/bin/sh",
            "src/main/native/build.sh",
            "src/main/native",
            folder.resolve("build").toString(),
            folder.resolve("out").toString());
    Map<String, String> environment = build.environment();
    environment.put("PATH", tools.toString());
    assertEquals(0, build.inheritIO().start().waitFor());
    String arch = System.getProperty("os.arch", "").toLowerCase(Locale.ROOT);
    Path said =
        folder.resolve("out/linux-" + (arch.equals("amd64") ? "x86_64" : arch) + "/missing.txt");
    String reason = Files.readString(said, StandardCharsets.UTF_8);
    assertTrue(reason.contains("apt-get install cmake gcc"), reason);
  }
}
