package dev.nacelle.nativeaccess.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.cuda.KernelLadder.Rung;
import dev.nacelle.nativeaccess.cuda.KernelLadder.Step;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The way from a source to a module, over a driver and a compiler that stand in for NVIDIA's. */
final class KernelLadderTest {
  private static final KernelSource SOURCE =
      new KernelSource("lif.cu", "kernel", Map.of("a.h", "A"), List.of("--fmad=false"));

  @TempDir static Path folder;
  private static DynamicLibrary cuda;
  private static DynamicLibrary compiler;
  private static DynamicLibrary oldCompiler;

  @TempDir Path cache;

  @BeforeAll
  static void build() {
    cuda = FakeLibraries.build(folder, "fake_cuda.c", "libladder-cuda.so");
    compiler = FakeLibraries.build(folder, "fake_nvrtc.c", "libnvrtc.so.12");
    oldCompiler = FakeLibraries.build(folder, "fake_nvrtc.c", "libnvrtc.so.10.2", "-DOLD");
  }

  @BeforeEach
  void forget() {
    FakeLibraries.say(cuda, "fake_refuse_cubins", 0);
    FakeLibraries.say(cuda, "fake_fail", "", 0);
  }

  private KernelLadder ladder() {
    return new KernelLadder(cache, Nvrtc.open(compiler), "", s -> Optional.empty());
  }

  private static List<Rung> climb(KernelLadder ladder, KernelSource source, int architecture) {
    try (CudaContext context = CudaDriver.open(cuda).context(0)) {
      KernelLadder.Loaded loaded = ladder.load(context, source, architecture);
      loaded.module().close();
      return loaded.rungs();
    }
  }

  private static Step taken(List<Rung> rungs) {
    assertTrue(rungs.getLast().taken(), rungs::toString);
    assertEquals(1, rungs.stream().filter(Rung::taken).count());
    return rungs.getLast().step();
  }

  private static int compiled() {
    return FakeLibraries.number(compiler, "fake_compiled");
  }

  private List<Path> files() throws IOException {
    try (Stream<Path> all = Files.list(cache)) {
      return all.sorted().toList();
    }
  }

  @Test
  void compilesOnceAndKeepsIt() throws IOException {
    int before = compiled();
    assertEquals(Step.NVRTC_CUBIN, taken(climb(ladder(), SOURCE, 87)));
    assertEquals(Step.CACHED_CUBIN, taken(climb(ladder(), SOURCE, 87)));
    assertEquals(before + 1, compiled());
    assertEquals(1, files().size(), () -> "no temporary file is left");
    Path fresh = cache.resolve("made/by/us");
    climb(new KernelLadder(fresh, Nvrtc.open(compiler), "", x -> Optional.empty()), SOURCE, 87);
    assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(fresh)));
  }

  @Test
  void everythingThatCountsIsInTheKey() throws IOException {
    KernelLadder ladder = ladder();
    List<KernelSource> others =
        List.of(
            SOURCE,
            new KernelSource("lif.cu", "kernel2", SOURCE.headers(), SOURCE.options()),
            new KernelSource("lif.cu", "kernel", Map.of("a.h", "B"), SOURCE.options()),
            new KernelSource("lif.cu", "kernel", Map.of("b.h", "A"), SOURCE.options()),
            new KernelSource("lif.cu", "kernel", SOURCE.headers(), List.of("--fmad=true")),
            new KernelSource("lif2.cu", "kernel", SOURCE.headers(), SOURCE.options()));
    for (KernelSource source : others) {
      assertEquals(Step.NVRTC_CUBIN, taken(climb(ladder, source, 87)));
    }
    assertEquals(Step.NVRTC_CUBIN, taken(climb(ladder, SOURCE, 90)));
    assertEquals(others.size() + 1, files().size());
    KernelSource reordered =
        new KernelSource("lif.cu", "kernel", SOURCE.headers(), List.of("-b", "-a"));
    climb(ladder, reordered, 87);
    assertEquals(
        Step.CACHED_CUBIN,
        taken(
            climb(
                ladder,
                new KernelSource("lif.cu", "kernel", SOURCE.headers(), List.of("-a", "-b")),
                87)));
  }

  @Test
  void damagedFilesAreMadeAgain() throws IOException {
    climb(ladder(), SOURCE, 87);
    Path file = files().getFirst();
    byte[] bytes = Files.readAllBytes(file);
    for (int damage = 0; damage < 3; damage++) {
      byte[] worse =
          switch (damage) {
            case 0 -> java.util.Arrays.copyOf(bytes, bytes.length - 1);
            case 1 -> new byte[0];
            default -> {
              byte[] flipped = bytes.clone();
              flipped[40] ^= 1;
              yield flipped;
            }
          };
      Files.write(file, worse);
      KernelLadder ladder = ladder();
      assertEquals(Step.NVRTC_CUBIN, taken(climb(ladder, SOURCE, 87)));
      assertEquals(1, ladder.damaged());
      org.junit.jupiter.api.Assertions.assertArrayEquals(bytes, Files.readAllBytes(file));
    }
  }

  @Test
  void aFolderThatCannotBeWrittenIsNoReasonToStop() throws IOException {
    Path taken = Files.writeString(cache.resolve("file"), "in the way");
    KernelLadder ladder = new KernelLadder(taken, Nvrtc.open(compiler), "", s -> Optional.empty());
    List<Rung> rungs = climb(ladder, SOURCE, 87);
    assertEquals(Step.NVRTC_CUBIN, taken(rungs));
    assertTrue(rungs.getLast().about().contains("cannot be written"), rungs::toString);
    assertFalse(ladder.keeps());
  }

  @Test
  void withoutACompilerWhatWasKeptIsTaken() {
    KernelLadder without =
        new KernelLadder(cache, null, "NVRTC was not found", s -> Optional.empty());
    NativeException e = assertThrows(NativeException.class, () -> climb(without, SOURCE, 87));
    assertTrue(String.valueOf(e.getMessage()).contains("NVRTC was not found"), e.getMessage());
    assertTrue(String.valueOf(e.getMessage()).contains("none was shipped"), e.getMessage());
    climb(ladder(), SOURCE, 87);
    assertEquals(Step.CACHED_CUBIN, taken(climb(without, SOURCE, 87)));
    KernelLadder shipped =
        new KernelLadder(
            cache,
            null,
            "NVRTC was not found",
            s -> Optional.of("// PTX".getBytes(StandardCharsets.UTF_8)));
    assertEquals(Step.SHIPPED_PTX, taken(climb(shipped, SOURCE, 90)));
  }

  @Test
  void aCubinThatTheDriverRefusesGivesWayToPtx() {
    FakeLibraries.say(cuda, "fake_refuse_cubins", 1);
    List<Rung> rungs = climb(ladder(), SOURCE, 87);
    assertEquals(Step.NVRTC_PTX, taken(rungs));
    assertEquals(
        List.of(Step.CACHED_CUBIN, Step.NVRTC_CUBIN, Step.CACHED_PTX, Step.NVRTC_PTX),
        rungs.stream().map(Rung::step).toList());
    assertTrue(rungs.get(1).about().contains("CUDA_ERROR_NO_BINARY_FOR_GPU"), rungs::toString);
    rungs = climb(ladder(), SOURCE, 87);
    assertEquals(Step.CACHED_PTX, taken(rungs));
    assertTrue(rungs.getLast().toString().startsWith("cached ptx: taken"), rungs::toString);
  }

  @Test
  void aDeviceNewerThanTheCompilerGetsPtxOfTheNewestBefore() throws IOException {
    List<Rung> rungs = climb(ladder(), SOURCE, 120);
    assertEquals(Step.NVRTC_PTX, taken(rungs));
    assertTrue(rungs.get(1).about().contains("makes none for sm_120"), rungs::toString);
    String kept = new String(Files.readAllBytes(files().getFirst()), StandardCharsets.ISO_8859_1);
    assertTrue(kept.contains("--gpu-architecture=compute_90"), kept);
    FakeLibraries.say(cuda, "fake_refuse_cubins", 0);
    assertEquals(Step.NVRTC_PTX, taken(climb(ladder(), SOURCE, 86)), "80's PTX runs on 86");
  }

  @Test
  void whatACompilerHasDroppedIsSaid() {
    NativeException e = assertThrows(NativeException.class, () -> climb(ladder(), SOURCE, 62));
    assertTrue(
        String.valueOf(e.getMessage()).contains("has dropped sm_62; its oldest is sm_75"),
        e.getMessage());
    assertTrue(String.valueOf(e.getMessage()).contains("NACELLE_NVRTC"), e.getMessage());
  }

  @Test
  void theCompilerOfJetPack4MakesPtx() {
    KernelLadder old = new KernelLadder(cache, Nvrtc.open(oldCompiler), "", s -> Optional.empty());
    List<Rung> rungs = climb(old, SOURCE, 72);
    assertEquals(Step.NVRTC_PTX, taken(rungs));
    assertEquals("10.2", Nvrtc.open(oldCompiler).version());
    assertTrue(Nvrtc.open(oldCompiler).architectures().contains(53));
    NativeException e =
        assertThrows(
            NativeException.class, () -> Nvrtc.open(oldCompiler).compile(SOURCE, 72, true));
    assertTrue(String.valueOf(e.getMessage()).contains("nvrtcGetCUBIN"), e.getMessage());
  }

  @Test
  void aWrongSourceIsNotRetried() {
    KernelSource wrong = new KernelSource("wrong.cu", "wrong", Map.of(), List.of());
    int before = compiled();
    NvrtcException e = assertThrows(NvrtcException.class, () -> climb(ladder(), wrong, 87));
    assertTrue(e.log().contains("wrong.cu(3): error"), e.log());
    assertEquals(6, e.code());
    assertEquals(before + 1, compiled());
  }

  @Test
  void aFullDeviceIsNotASkippedStep() {
    FakeLibraries.say(cuda, "fake_fail", "cuModuleLoadDataEx", 2);
    CudaException e = assertThrows(CudaException.class, () -> climb(ladder(), SOURCE, 87));
    assertTrue(e.isOutOfMemory());
  }
}
