package dev.nacelle.nativeaccess.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Consumer;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every function of the driver that we call, against a library that writes down what it is asked.
 */
final class CudaDriverTest {
  private static final int FUNCTIONS = 61;
  private static final byte[] PTX = "// PTX".getBytes(StandardCharsets.UTF_8);

  @TempDir static Path folder;
  private static DynamicLibrary library;
  private final long live = Owned.live();

  @BeforeAll
  static void build() {
    library = FakeLibraries.build(folder, "fake_cuda.c", "libcuda.so.1");
  }

  @BeforeEach
  void forget() {
    FakeLibraries.say(library, "fake_fail", "", 0);
    FakeLibraries.say(library, "fake_expect", "");
    FakeLibraries.say(library, "fake_refuse_cubins", 0);
    try {
      library.bind("fake_forget", dev.nacelle.nativeaccess.ffm.Linking.nothing()).invokeExact();
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  @AfterEach
  void nothingIsHeld() {
    assertEquals(live, Owned.live(), "handles");
  }

  private static List<String> log() {
    return FakeLibraries.text(library, "fake_log").lines().map(String::strip).toList();
  }

  /** Uses everything once; what is opened is closed whatever happens. */
  private static void everything() {
    CudaDriver driver = CudaDriver.open(library);
    driver.devices();
    driver.canReach(0, 1);
    try (Arena arena = Arena.ofConfined();
        CudaContext context = driver.context(0);
        CudaContext peer = driver.context(1);
        CudaModule module = context.module(PTX, "probe.cu");
        CudaStream stream = context.stream();
        CudaEvent begin = context.event(true);
        CudaEvent end = context.event(true);
        CudaMemory memory = context.allocate(64);
        CudaMemory ordered = stream.allocate(64);
        CudaMemoryPool own = context.pool();
        CudaMemory pooled = own.allocate(64, stream);
        CudaMemoryPool shared = context.defaultPool();
        CudaMemory managed = context.managed(64);
        PinnedMemory pinned = context.pinned(64)) {
      managed.write(pinned.buffer().address(), 64);
      MemorySegment host = arena.allocate(64);
      context.memoryInfo();
      shared.keep(1 << 20);
      shared.usage();
      own.trim(4096);
      pinned.deviceAddress();
      context.pin(host.address(), 64).close();
      memory.write(host.address(), 64);
      memory.read(host.address(), 64);
      stream.upload(ordered.address(), host.address(), 64);
      stream.copy(pooled.address(), ordered.address(), 64);
      stream.copyBetween(memory.address(), context, pooled.address(), peer, 64);
      stream.download(host.address(), memory.address(), 64);
      stream.fill(memory.address(), (byte) -1, 64);
      stream.fillWords(memory.address(), 7, 16);
      context.reach(peer);
      context.part(peer);
      CudaFunction kernel = module.function("probe");
      kernel.resources();
      kernel.allowShared(65536);
      kernel.residentBlocks(256, 1024);
      begin.record(stream);
      kernel.launch(
          CudaFunction.Launch.of(3, 128), stream, arena.allocate(8).address(), () -> "x (4, 5)");
      end.record(stream);
      stream.await(end);
      stream.isDone();
      end.isDone();
      end.synchronize();
      stream.synchronize();
      end.secondsSince(begin);
      context.synchronize();
    }
  }

  @Test
  void everyFunctionIsCalled() {
    everything();
    Set<String> called =
        log().stream().map(line -> line.split(" ", 2)[0]).collect(Collectors.toSet());
    Set<String> bound = new TreeSet<>(CudaDriver.open(library).functions().keySet());
    bound.removeAll(Set.of("cuGetErrorName", "cuGetErrorString"));
    assertEquals(FUNCTIONS - 2, bound.size(), bound::toString);
    Set<String> silent = new TreeSet<>(bound);
    silent.removeAll(called);
    assertEquals(Set.of(), silent, "functions that nothing calls");
  }

  @Test
  void everyFailureNamesItsCall() {
    everything();
    Set<String> called = new TreeSet<>();
    log().forEach(line -> called.add(line.split(" ", 2)[0]));
    int refused = 0;
    for (String function : called) {
      FakeLibraries.say(library, "fake_fail", function, 2);
      CudaException e = assertThrows(CudaException.class, CudaDriverTest::everything, function);
      assertTrue(String.valueOf(e.getMessage()).startsWith(function), e.getMessage());
      assertTrue(
          String.valueOf(e.getMessage()).contains("CUDA_ERROR_OUT_OF_MEMORY, words of the driver"),
          e.getMessage());
      assertEquals("CUDA_ERROR_OUT_OF_MEMORY", e.errorName());
      assertTrue(e.isOutOfMemory());
      assertFalse(e.isFatal());
      refused++;
    }
    assertEquals(FUNCTIONS - 2, refused);
  }

  @Test
  void namesAndSignaturesAreThoseOfTheHeader() throws IOException {
    Optional<Path> include = CudaHeaders.find();
    if (include.isEmpty()) {
      System.out.println(
          "SKIPPED: no cuda.h to hold names and signatures against (pip install"
              + " nvidia-cuda-runtime)");
    }
    org.junit.jupiter.api.Assumptions.assumeTrue(include.isPresent(), "no cuda.h");
    FakeLibraries.build(
        folder, "fake_cuda.c", "libchecked.so", "-DWITH_CUDA_H", "-I" + include.get());
    String header = Files.readString(include.get().resolve("cuda.h"));
    int versioned = 0;
    for (String function : CudaDriver.open(library).functions().keySet()) {
      String base = function.replaceFirst("_v[0-9]+$", "");
      Matcher m =
          Pattern.compile("#define\\s+" + base + "\\s+(?:__CUDA_API_PT[DS][SZ]\\()?(\\w+)")
              .matcher(header);
      String want = m.find() ? String.valueOf(m.group(1)) : base;
      assertEquals(want, function, "the name behind " + base);
      versioned += want.equals(base) ? 0 : 1;
    }
    assertTrue(versioned >= 14, "only " + versioned + " functions have a versioned name");
  }

  @Test
  void olderDriversAreMet(@TempDir Path old) {
    DynamicLibrary before = FakeLibraries.build(old, "fake_cuda.c", "libcuda.so.1", "-DOLD");
    CudaDriver driver = CudaDriver.open(before);
    assertEquals(10020, driver.version());
    assertEquals(
        "cuDevicePrimaryCtxRelease", driver.functions().get("cuDevicePrimaryCtxRelease_v2"));
    assertFalse(driver.devices().getFirst().memoryPools(), "pools came with 11.2");
    try (CudaContext context = driver.context(0);
        CudaStream stream = context.stream()) {
      NativeException e = assertThrows(NativeException.class, () -> stream.allocate(8));
      assertTrue(String.valueOf(e.getMessage()).contains("too old"), e.getMessage());
      assertTrue(String.valueOf(e.getMessage()).contains("cuMemAllocAsync"), e.getMessage());
    }
  }

  @Test
  void launchesPackTheirArguments() {
    FakeLibraries.say(library, "fake_expect", "PLIFD");
    try (CudaContext context = CudaDriver.open(library).context(0);
        CudaModule module = context.module(PTX, "probe.cu");
        CudaStream stream = context.stream();
        Arena arena = Arena.ofConfined()) {
      MemorySegment values = arena.allocate(ValueLayout.JAVA_LONG, 5);
      values.setAtIndex(ValueLayout.JAVA_LONG, 0, 1L << 40);
      values.setAtIndex(ValueLayout.JAVA_LONG, 1, -7);
      values.set(ValueLayout.JAVA_INT, 16, -1);
      values.set(ValueLayout.JAVA_FLOAT, 24, 0.1f);
      values.set(ValueLayout.JAVA_DOUBLE, 32, 0.1);
      MemorySegment pointers = arena.allocate(ValueLayout.JAVA_LONG, 5);
      for (int i = 0; i < 5; i++) {
        pointers.setAtIndex(ValueLayout.JAVA_LONG, i, values.address() + 8L * i);
      }
      module
          .function("probe")
          .launch(
              new CudaFunction.Launch(70000, 2, 3, 32, 4, 5, 49152),
              stream,
              pointers.address(),
              () -> "");
      String line =
          log().stream().filter(l -> l.startsWith("cuLaunchKernel")).findFirst().orElseThrow();
      assertEquals(
          "cuLaunchKernel 8001 70000 2 3 32 4 5 49152 3001 0; 1099511627776 -7 -1 0.100000001"
              + " 0.10000000000000001",
          line);
    }
  }

  @Test
  void aFailedLaunchSaysGridAndShapes() {
    FakeLibraries.say(library, "fake_fail", "cuLaunchKernel", 700);
    try (CudaContext context = CudaDriver.open(library).context(0);
        CudaModule module = context.module(PTX, "probe.cu");
        CudaStream stream = context.stream();
        Arena arena = Arena.ofConfined()) {
      long pointers = arena.allocate(8).address();
      CudaException e =
          assertThrows(
              CudaException.class,
              () ->
                  module
                      .function("nk_lif")
                      .launch(
                          CudaFunction.Launch.of(12, 256), stream, pointers, () -> "x (16, 4096)"));
      assertEquals(
          "cuLaunchKernel (nk_lif, grid 12×1×1, block 256×1×1, 0 bytes of shared memory;"
              + " x (16, 4096)) failed: CUDA_ERROR_ILLEGAL_ADDRESS, words of the driver",
          e.getMessage());
      assertTrue(e.isFatal());
    }
  }

  @Test
  void errorsWithoutWordsKeepTheirNumber() {
    FakeLibraries.say(library, "fake_fail", "cuInit", 12345);
    CudaException e = assertThrows(CudaException.class, () -> CudaDriver.open(library));
    assertEquals("cuInit failed: CUDA error 12345", e.getMessage());
    assertEquals(12345, e.code());
  }

  @Test
  void copiesArriveAndEventsTellTime() {
    try (CudaContext context = CudaDriver.open(library).context(0);
        CudaStream stream = context.stream();
        CudaMemory a = context.allocate(16);
        CudaMemory b = stream.allocate(16);
        PinnedMemory pinned = context.pinned(16);
        CudaEvent begin = context.event(true);
        CudaEvent end = context.event(false)) {
      NativeBuffer host = pinned.buffer();
      host.write(0, new float[] {1, 2, 3, 4}, 0, 4);
      assertEquals(host.address() + 1, pinned.deviceAddress());
      a.write(host.address(), 16);
      stream.copy(b.address(), a.address(), 16);
      stream.fillWords(b.address() + 8, Float.floatToRawIntBits(9), 1);
      stream.fill(b.address() + 12, (byte) 0, 4);
      stream.download(host.address(), b.address(), 16);
      float[] back = new float[4];
      host.read(0, back, 0, 4);
      assertEquals(List.of(1f, 2f, 9f, 0f), List.of(back[0], back[1], back[2], back[3]));
      assertThrows(IllegalArgumentException.class, () -> a.read(host.address(), 17));
      FakeLibraries.say(library, "fake_pending", 2);
      assertFalse(stream.isDone());
      assertFalse(end.isDone());
      assertTrue(end.isDone());
      assertEquals(1.5, end.secondsSince(begin));
      assertEquals(
          List.of("cuEventCreate 0", "cuEventCreate 2"),
          log().stream().filter(l -> l.startsWith("cuEventCreate")).toList());
      CudaException full = assertThrows(CudaException.class, () -> context.allocate(1L << 41));
      assertTrue(full.isOutOfMemory());
      assertTrue(
          String.valueOf(full.getMessage()).contains((1L << 41) + " bytes on device 0"),
          full.getMessage());
      CudaContext.MemoryInfo memory = context.memoryInfo();
      assertEquals(List.of(5L, 9L), List.of(memory.free(), memory.total()));
    }
  }

  @Test
  void devicesAreDescribed() {
    List<CudaDeviceInfo> devices = CudaDriver.open(library).devices();
    assertEquals(2, devices.size());
    CudaDeviceInfo first = devices.getFirst();
    assertEquals("Fake 40", first.name());
    assertEquals(87, first.architecture());
    assertEquals(8L << 30, first.totalBytes());
    assertEquals(1600, first.multiprocessors());
    assertEquals(9700, first.sharedBytesPerBlock());
    assertTrue(first.integrated() && first.memoryPools());
    assertFalse(devices.getLast().integrated());
    assertEquals("GPU-" + "ab".repeat(16), first.uuid());
    CudaException e = assertThrows(CudaException.class, () -> CudaDriver.open(library).context(5));
    assertEquals(101, e.code());
  }

  @Test
  void poolsAndPeersAskForTheirDevice() {
    CudaDriver driver = CudaDriver.open(library);
    try (CudaContext one = driver.context(0);
        CudaContext two = driver.context(1);
        CudaMemoryPool pool = two.pool();
        CudaMemoryPool shared = one.defaultPool()) {
      assertTrue(log().contains("cuMemPoolCreate 1 0 1 1"), log()::toString);
      shared.keep(123);
      assertTrue(log().contains("cuMemPoolSetAttribute 6001 4 123"), log()::toString);
      CudaMemoryPool.Usage usage = pool.usage();
      assertEquals(
          List.of(105L, 107L, 108L), List.of(usage.reserved(), usage.used(), usage.peak()));
      one.reach(two);
      assertTrue(log().contains("cuCtxEnablePeerAccess 1041 0"), log()::toString);
    }
    assertFalse(log().contains("cuMemPoolDestroy 6001"), "the default pool is not ours to destroy");
    assertTrue(log().contains("cuMemPoolDestroy 6002"), log()::toString);
    assertEquals(
        List.of("cuDevicePrimaryCtxRelease_v2 41", "cuDevicePrimaryCtxRelease_v2 40"),
        log().stream().filter(l -> l.startsWith("cuDevicePrimaryCtxRelease")).toList());
  }

  @Test
  void closedThingsSaySo() {
    CudaContext context = CudaDriver.open(library).context(0);
    CudaStream stream = context.stream();
    CudaMemory memory = context.allocate(8);
    List<Consumer<Integer>> uses = new ArrayList<>();
    uses.add(i -> stream.synchronize());
    uses.add(i -> memory.read(0, 8));
    stream.close();
    stream.close();
    memory.close();
    for (Consumer<Integer> use : uses) {
      String message = assertThrows(IllegalStateException.class, () -> use.accept(0)).getMessage();
      assertTrue(String.valueOf(message).endsWith("is closed"), message);
    }
    context.close();
    context.close();
    assertThrows(IllegalStateException.class, context::synchronize);
    assertEquals(1, log().stream().filter(l -> l.startsWith("cuStreamDestroy_v2")).count());
  }

  @Test
  void modulesNameWhatTheyLack() {
    FakeLibraries.say(library, "fake_refuse_cubins", 1);
    try (CudaContext context = CudaDriver.open(library).context(0)) {
      byte[] cubin = {0x7f, 'E', 'L', 'F', 0};
      CudaException e =
          assertThrows(CudaException.class, () -> context.module(cubin, "swiglu/swiglu.cu"));
      assertTrue(
          String.valueOf(e.getMessage())
              .contains("swiglu/swiglu.cu, 5 bytes; made for another device"),
          e.getMessage());
      assertEquals("CUDA_ERROR_NO_BINARY_FOR_GPU", e.errorName());
      try (CudaModule module = context.module(PTX, "probe.cu")) {
        CudaException none = assertThrows(CudaException.class, () -> module.function("missing"));
        assertTrue(
            String.valueOf(none.getMessage()).contains("missing of probe.cu"), none.getMessage());
      }
    }
  }
}
