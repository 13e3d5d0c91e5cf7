package dev.nacelle.nativeaccess.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.loader.CacheFolder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** NVIDIA's own compiler, which needs no GPU, out of its wheel. */
final class NvrtcTest {
  private static final String WHEEL = "nvidia-cuda-nvrtc==13.2.86";
  private static final Map<String, String> DIGESTS =
      Map.of(
          "amd64",
          "8111c5130e967b78222ea2124145f8efe9ce201b752b2579a2513100a53be1c5",
          "aarch64",
          "1e5d7b411a2eb83f5c71c98d58133a763fc9fa86a4241ee320c5c4782d9ad1fd");

  private static Nvrtc nvrtc;

  @BeforeAll
  static void open() throws IOException {
    Optional<Path> library = find();
    if (library.isEmpty()) {
      System.out.println(
          "SKIPPED: no NVRTC, so no kernel was compiled (pip install " + WHEEL + ")");
    }
    assumeTrue(library.isPresent(), "no NVRTC");
    Path folder = library.orElseThrow().getParent();
    try (var builtins = Files.newDirectoryStream(folder, "libnvrtc-builtins.so*")) {
      builtins.forEach(b -> DynamicLibrary.open(b.toString()));
    }
    nvrtc = Nvrtc.open(DynamicLibrary.open(library.orElseThrow().toString()));
  }

  private static Optional<Path> find() throws IOException {
    String named = System.getProperty("nacelle.nvrtc.library", "");
    if (!named.isEmpty()) {
      return Optional.of(Path.of(named));
    }
    // The kernels' tests look for it there too: it is fetched once.
    Path shared = CacheFolder.of(System::getenv).resolve("nvrtc-test").resolve("13.2.86");
    Path library = shared.resolve("libnvrtc.so.13");
    String digest = DIGESTS.get(System.getProperty("os.arch", ""));
    if (Files.isRegularFile(library) || digest == null) {
      return Optional.of(library).filter(Files::isRegularFile);
    }
    Optional<Path> wheel = Wheels.unpacked(WHEEL, digest);
    if (wheel.isEmpty()) {
      return Optional.empty();
    }
    Files.createDirectories(shared);
    try (Stream<Path> files = Files.walk(wheel.get())) {
      // The compiler last: where it is, all is.
      for (Path file :
          files
              .filter(f -> String.valueOf(f.getFileName()).startsWith("libnvrtc"))
              .filter(Files::isRegularFile)
              .sorted(Comparator.comparing(f -> f.endsWith("libnvrtc.so.13")))
              .toList()) {
        Path fresh = Files.createTempFile(shared, "wheel", ".tmp");
        Files.copy(file, fresh, StandardCopyOption.REPLACE_EXISTING);
        Files.move(fresh, shared.resolve(file.getFileName()), StandardCopyOption.REPLACE_EXISTING);
      }
    }
    return Optional.of(library).filter(Files::isRegularFile);
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
