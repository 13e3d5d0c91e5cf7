package dev.nacelle.nativeaccess.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NVIDIA's own compiler, which needs no GPU, out of its wheel. */
final class NvrtcTest {
  private static Nvrtc nvrtc;

  @BeforeAll
  static void open() throws IOException {
    NvrtcWheel.Found found = NvrtcWheel.find();
    if (found.library() == null) {
      System.out.println("SKIPPED: " + found.reason());
    }
    assumeTrue(found.library() != null, found.reason());
    Path library = Objects.requireNonNull(found.library());
    Path folder = library.resolveSibling("");
    try (var builtins = Files.newDirectoryStream(folder, "libnvrtc-builtins.so*")) {
      builtins.forEach(b -> DynamicLibrary.open(b.toString()));
    }
    nvrtc = Nvrtc.open(DynamicLibrary.open(library.toString()));
  }

  private static KernelSource source(String text) {
    return new KernelSource(
        "probe.cu",
        text,
        Map.of("scale.h", "#define SCALE 3.0f\n"),
        List.of("--std=c++17", "--fmad=false"));
  }

  private static final String GOOD =
      """
      #include "scale.h"
      extern "C" __global__ void probe(float *y, const float *x, long long n) {
        long long i = blockIdx.x * (long long)blockDim.x + threadIdx.x;
        if (i < n) y[i] = SCALE * x[i];
      }
      """;

  @Test
  void compilesToCubinAndPtx() {
    Nvrtc.Compiled cubin = nvrtc.compile(source(GOOD), 87, true);
    assertEquals("", cubin.log());
    assertEquals(
        List.of((byte) 0x7f, (byte) 'E', (byte) 'L', (byte) 'F'),
        List.of(cubin.image()[0], cubin.image()[1], cubin.image()[2], cubin.image()[3]));
    assertTrue(new String(cubin.image(), StandardCharsets.ISO_8859_1).contains("probe"));
    String ptx = new String(nvrtc.compile(source(GOOD), 87, false).image(), StandardCharsets.UTF_8);
    assertTrue(ptx.contains(".visible .entry probe("), ptx);
    assertTrue(ptx.contains(".target sm_87"), ptx);
    assertTrue(ptx.contains("mul"), ptx);
    assertTrue(ptx.indexOf(0) < 0, "PTX holds no zero");
  }

  @Test
  void saysWhatItIs() {
    assertTrue(nvrtc.makesCubins());
    assertTrue(nvrtc.version().matches("[0-9]+\\.[0-9]+"), nvrtc.version());
    List<Integer> known = nvrtc.architectures();
    assertTrue(known.containsAll(List.of(75, 80, 87, 90, 120)), known::toString);
    assertEquals(known.stream().sorted().toList(), known);
  }

  @Test
  void errorsHaveTheirLines() {
    NvrtcException e =
        assertThrows(
            NvrtcException.class,
            () -> nvrtc.compile(source(GOOD.replace("SCALE *", "SCAL *")), 87, true));
    assertTrue(
        String.valueOf(e.getMessage()).contains("probe.cu does not compile for"), e.getMessage());
    assertTrue(String.valueOf(e.getMessage()).contains("NVRTC_ERROR_COMPILATION"), e.getMessage());
    assertTrue(e.log().contains("probe.cu(4): error"), e.log());
    NvrtcException option =
        assertThrows(
            NvrtcException.class,
            () ->
                nvrtc.compile(
                    new KernelSource("probe.cu", GOOD, Map.of(), List.of("--no-such-option")),
                    87,
                    true));
    assertTrue(String.valueOf(option.getMessage()).contains("INVALID_OPTION"), option.getMessage());
    NvrtcException header =
        assertThrows(
            NvrtcException.class,
            () -> nvrtc.compile(new KernelSource("p.cu", GOOD, Map.of(), List.of()), 87, true));
    assertTrue(header.log().contains("scale.h"), header.log());
    assertThrows(NvrtcException.class, () -> nvrtc.compile(source(GOOD), 53, true));
  }

  @Test
  void theLadderKeepsWhatItMade(@TempDir Path cache) {
    KernelLadder ladder = new KernelLadder(cache, nvrtc, "", s -> Optional.empty());
    int[] loaded = {0};
    KernelLadder.Loader loader =
        image -> {
          loaded[0] += image.length;
          throw new IllegalStateException("no device");
        };
    assertThrows(IllegalStateException.class, () -> ladder.climb(source(GOOD), 87, loader));
    int once = loaded[0];
    assertTrue(once > 500, "an image of " + once + " bytes");
    assertThrows(IllegalStateException.class, () -> ladder.climb(source(GOOD), 87, loader));
    assertEquals(2 * once, loaded[0], "the cached image is the compiled one");
  }
}
