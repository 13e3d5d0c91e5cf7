package dev.nacelle.kernels.cuda;

import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** This processor in place of a GPU; see emulation.h for what it checks. */
public final class EmulatedDevice implements CudaDevice {
  private static final FunctionDescriptor LAUNCH =
      FunctionDescriptor.of(
          ValueLayout.ADDRESS,
          ValueLayout.ADDRESS,
          ValueLayout.ADDRESS,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.JAVA_LONG,
          ValueLayout.ADDRESS);

  private static @Nullable EmulatedDevice shared;

  private final MethodHandle launch;
  private final MethodHandle kernels;
  private final MethodHandle forbid;

  /** Nanoseconds by {@code source/kernel}. */
  private final Map<String, Long> launched = new TreeMap<>();

  private long launches;

  private EmulatedDevice(Path library) {
    SymbolLookup symbols = SymbolLookup.libraryLookup(library, Arena.global());
    Linker linker = Linker.nativeLinker();
    launch = linker.downcallHandle(symbols.findOrThrow("nk_emulation_launch"), LAUNCH);
    kernels =
        linker.downcallHandle(
            symbols.findOrThrow("nk_emulation_kernels"),
            FunctionDescriptor.of(ValueLayout.ADDRESS));
    forbid =
        linker.downcallHandle(
            symbols.findOrThrow("nk_emulation_forbid"),
            FunctionDescriptor.of(
                ValueLayout.JAVA_INT,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_LONG,
                ValueLayout.JAVA_INT));
  }

  /** The device, or the sentence that says why there is none. */
  public record Opened(@Nullable EmulatedDevice device, String reason) {}

  /** Builds the emulation where it is not up to date, and loads it once. */
  public static synchronized Opened open() throws IOException, InterruptedException {
    EmulatedDevice device = shared;
    if (device == null) {
      EmulationBuild.Built built = EmulationBuild.build(false);
      Path library = built.library();
      if (library == null) {
        return new Opened(null, "the CUDA sources cannot be emulated: " + built.reason());
      }
      device = new EmulatedDevice(library);
      shared = device;
    }
    return new Opened(device, "");
  }

  /** A library that was built elsewhere. */
  public static EmulatedDevice of(Path library) {
    return new EmulatedDevice(library);
  }

  @Override
  public void launch(String source, String kernel, LaunchShape shape, KernelArguments arguments) {
    String problem;
    long begin = System.nanoTime();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment answer =
          (MemorySegment)
              launch.invokeExact(
                  arena.allocateFrom(kernel),
                  arena.allocateFrom(arguments.signature()),
                  shape.gridX(),
                  shape.gridY(),
                  shape.gridZ(),
                  (long) shape.threads(),
                  1L,
                  1L,
                  (long) shape.sharedBytes(),
                  arguments.pointers(arena));
      problem = text(answer);
    } catch (Throwable t) {
      throw new NativeException("launching " + kernel + " failed", t);
    }
    launches++;
    launched.merge(source + "/" + kernel, System.nanoTime() - begin, Long::sum);
    if (!problem.isEmpty()) {
      throw new NativeException("emulated " + problem + ", given " + arguments);
    }
  }

  private static String text(MemorySegment answer) {
    return answer.address() == 0 ? "" : answer.reinterpret(Long.MAX_VALUE).getString(0);
  }

  /** The names of all kernels of the library. */
  public List<String> kernels() {
    try {
      return Arrays.stream(text((MemorySegment) kernels.invokeExact()).split("\n"))
          .sorted()
          .toList();
    } catch (Throwable t) {
      throw new NativeException("asking for the kernels failed", t);
    }
  }

  /** What was launched since the library was opened, {@code source/kernel}. */
  public Set<String> launched() {
    return Set.copyOf(launched.keySet());
  }

  /** What it has done so far, in words. */
  public String summary() {
    long all = launched.values().stream().mapToLong(n -> n).sum();
    return launches
        + " launches of "
        + launched.size()
        + " kernels in "
        + all / 1_000_000
        + " ms, most of it in "
        + launched.entrySet().stream()
            .sorted((a, b) -> Long.compare(b.getValue(), a.getValue()))
            .limit(3)
            .map(e -> e.getKey() + " " + e.getValue() / 1_000_000)
            .collect(Collectors.joining(", "));
  }

  @Override
  public void synchronize() {}

  /**
   * Memory around which nothing may be read or written, held by AddressSanitizer where the library
   * was built with it, and by {@link RedZones} in any case.
   */
  public NativeBuffer guarded(long bytes) {
    NativeBuffer inner = RedZones.allocate(bytes);
    long begin = inner.address() - RedZones.ZONE;
    long end = inner.address() + bytes;
    forbid(begin, RedZones.ZONE, 1);
    forbid(end, RedZones.ZONE, 1);
    return NativeBuffer.wrap(
        inner.segment(),
        () -> {
          forbid(begin, RedZones.ZONE, 0);
          forbid(end, RedZones.ZONE, 0);
          inner.close();
        });
  }

  /** Whether the library was built with AddressSanitizer. */
  private boolean forbid(long from, long bytes, int on) {
    try {
      return (int) forbid.invokeExact(from, bytes, on) != 0;
    } catch (Throwable t) {
      throw new NativeException("guarding memory failed", t);
    }
  }

  /** Whether what is written outside of {@link #guarded} memory ends the process. */
  public boolean isSanitized() {
    return forbid(0, 0, 0);
  }

  @Override
  public NativeBuffer scratch(long bytes) {
    return guarded(bytes);
  }

  @Override
  public NativeBuffer upload(long hostAddress, long bytes) {
    NativeBuffer copy = guarded(bytes);
    copy.copyFrom(0, NativeBuffer.borrow(hostAddress, bytes), 0, bytes);
    return copy;
  }

  @Override
  public void download(long hostAddress, long deviceAddress, long bytes) {
    NativeBuffer.borrow(hostAddress, bytes)
        .copyFrom(0, NativeBuffer.borrow(deviceAddress, bytes), 0, bytes);
  }

  @Override
  public boolean hasMatrixUnits() {
    return true;
  }

  /** One, so that every tensor that may be moved in vectors is. */
  @Override
  public long busyThreads() {
    return 1;
  }
}
