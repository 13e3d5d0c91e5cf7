package dev.nacelle.kernels.gpu;

import dev.nacelle.kernels.cuda.CudaDevice;
import dev.nacelle.kernels.cuda.CudaSource;
import dev.nacelle.kernels.cuda.KernelArguments;
import dev.nacelle.kernels.cuda.LaunchShape;
import dev.nacelle.nativeaccess.NativeBuffer;
import dev.nacelle.nativeaccess.NativeMemory;
import dev.nacelle.nativeaccess.cuda.CudaContext;
import dev.nacelle.nativeaccess.cuda.CudaDeviceInfo;
import dev.nacelle.nativeaccess.cuda.CudaDriver;
import dev.nacelle.nativeaccess.cuda.CudaFunction;
import dev.nacelle.nativeaccess.cuda.CudaMemory;
import dev.nacelle.nativeaccess.cuda.CudaStream;
import dev.nacelle.nativeaccess.cuda.KernelLadder;
import dev.nacelle.nativeaccess.cuda.KernelSource;
import java.lang.foreign.Arena;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * One GPU with one line of work. A source is compiled at its first launch, by the steps of {@link
 * KernelLadder}. One thread at a time.
 */
public final class GpuDevice implements CudaDevice, AutoCloseable {
  /** What a block has without asking. */
  private static final int SHARED_WITHOUT_ASKING = 48 << 10;

  private final CudaDeviceInfo info;
  private final CudaContext context;
  private final CudaStream stream;
  private final KernelLadder ladder;
  private final Map<String, KernelLadder.Loaded> modules = new LinkedHashMap<>();
  private final Map<String, CudaFunction> functions = new HashMap<>();
  private final Map<Long, CudaMemory> managed = Collections.synchronizedMap(new HashMap<>());

  /**
   * @param ordinal of the device
   * @param ladder leads from sources to kernels
   */
  public GpuDevice(CudaDriver driver, int ordinal, KernelLadder ladder) {
    this.info = driver.devices().get(ordinal);
    this.ladder = ladder;
    this.context = driver.context(ordinal);
    try {
      this.stream = context.stream();
    } catch (RuntimeException e) {
      context.close();
      throw e;
    }
  }

  /** What the driver says of it. */
  public CudaDeviceInfo info() {
    return info;
  }

  /** The way that each source took, by its name, in the order of first use. */
  public Map<String, List<KernelLadder.Rung>> ways() {
    Map<String, List<KernelLadder.Rung>> ways = new LinkedHashMap<>();
    modules.forEach((source, loaded) -> ways.put(source, loaded.rungs()));
    return ways;
  }

  /** Registers and spills of every kernel that was launched. */
  public Map<String, CudaFunction.Resources> resources() {
    Map<String, CudaFunction.Resources> all = new java.util.TreeMap<>();
    functions.forEach((name, function) -> all.put(name, function.resources()));
    return all;
  }

  @Override
  public void launch(String source, String kernel, LaunchShape shape, KernelArguments arguments) {
    CudaFunction function = functions.computeIfAbsent(kernel, name -> function(source, name));
    if (shape.sharedBytes() > SHARED_WITHOUT_ASKING) {
      function.allowShared(shape.sharedBytes());
    }
    CudaFunction.Launch launch =
        new CudaFunction.Launch(
            Math.toIntExact(shape.gridX()),
            Math.toIntExact(shape.gridY()),
            Math.toIntExact(shape.gridZ()),
            shape.threads(),
            1,
            1,
            shape.sharedBytes());
    try (Arena arena = Arena.ofConfined()) {
      function.launch(launch, stream, arguments.pointers(arena).address(), arguments::toString);
    }
  }

  private CudaFunction function(String source, String kernel) {
    KernelLadder.Loaded loaded = modules.get(source);
    if (loaded == null) {
      loaded = ladder.load(context, source(source), info.architecture());
      modules.put(source, loaded);
    }
    return loaded.module().function(kernel);
  }

  private static KernelSource source(String name) {
    CudaSource source = CudaSource.read(name);
    return new KernelSource(
        name + "/" + name + ".cu", source.text(), source.headers(), CudaSource.OPTIONS);
  }

  @Override
  public void synchronize() {
    stream.synchronize();
  }

  @Override
  public NativeBuffer scratch(long bytes) {
    CudaMemory memory =
        info.memoryPools()
            ? stream.allocate(Math.max(1, bytes))
            : context.allocate(Math.max(1, bytes));
    return NativeBuffer.wrap(NativeBuffer.borrow(memory.address(), bytes).segment(), memory::close);
  }

  @Override
  public NativeBuffer upload(long hostAddress, long bytes) {
    NativeBuffer copy = scratch(bytes);
    if (bytes > 0) {
      stream.upload(copy.address(), hostAddress, bytes);
    }
    return copy;
  }

  @Override
  public void download(long hostAddress, long deviceAddress, long bytes) {
    if (bytes > 0) {
      stream.download(hostAddress, deviceAddress, bytes);
    }
    stream.synchronize();
  }

  @Override
  public boolean hasMatrixUnits() {
    return info.major() >= 8;
  }

  @Override
  public long busyThreads() {
    return (long) info.multiprocessors() * info.threadsPerMultiprocessor();
  }

  /**
   * Bytes read plus written a second by a copy on the device, the best of several.
   *
   * @param bytes far above the device's cache
   */
  public double copyBandwidth(long bytes) {
    double best = 0;
    try (CudaMemory from = context.allocate(bytes);
        CudaMemory to = context.allocate(bytes);
        var begin = context.event(true);
        var end = context.event(true)) {
      for (int i = 0; i < 10; i++) {
        begin.record(stream);
        stream.copy(to.address(), from.address(), bytes);
        end.record(stream);
        end.synchronize();
        best = Math.max(best, 2.0 * bytes / end.secondsSince(begin));
      }
    }
    return best;
  }

  /** Memory that this device and the processor both reach: for {@link NativeMemory#from}. */
  public NativeMemory.Source managed() {
    return new NativeMemory.Source() {
      @Override
      public long allocate(long bytes) {
        CudaMemory memory = context.managed(Math.max(1, bytes));
        managed.put(memory.address(), memory);
        return memory.address();
      }

      @Override
      public void free(long address) {
        CudaMemory memory = managed.remove(address);
        if (memory != null) {
          memory.close();
        }
      }
    };
  }

  /** Gives modules, stream and context back; managed memory must be closed before. */
  @Override
  public void close() {
    modules.values().forEach(loaded -> loaded.module().close());
    stream.close();
    context.close();
  }
}
