package dev.nacelle.nativeaccess.cuda;

import static dev.nacelle.nativeaccess.ffm.Linking.I32;
import static dev.nacelle.nativeaccess.ffm.Linking.PTR;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import dev.nacelle.nativeaccess.loader.CudaLibraries;
import java.lang.foreign.MemoryLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * NVIDIA's management library: power, energy, temperature, clocks and what holds them down, of
 * every GPU, without a context. Nothing of it is needed to compute; what a device does not support,
 * or an older driver lacks, is null. Jetsons before Thor have none: their sensors are files.
 */
public final class Nvml implements AutoCloseable {
  private static final int NAME_BYTES = 96;
  private static final int GRAPHICS = 0;
  private static final int MEMORY = 2;
  private static final int CHIP = 0;

  /** Bits of nvml.h's clocks event reasons, but idleness (1). */
  private static final Map<Long, String> REASONS = reasons();

  private final String path;
  private final MethodHandle shutdown;
  private final MethodHandle errorString;
  private final MethodHandle count;
  private final MethodHandle handle;
  private final MethodHandle name;
  private final MethodHandle memory;
  private final MethodHandle power;
  private final MethodHandle energy;
  private final MethodHandle temperature;
  private final MethodHandle clock;
  private final MethodHandle clockReasons;

  private Nvml(DynamicLibrary library) {
    path = library.path();
    MethodHandle init = bind(library, "nvmlInit_v2");
    shutdown = bind(library, "nvmlShutdown");
    errorString = library.bindLazily("nvmlErrorString", Linking.int64(I32));
    count = bind(library, "nvmlDeviceGetCount_v2", PTR);
    handle = bind(library, "nvmlDeviceGetHandleByIndex_v2", I32, PTR);
    name = bind(library, "nvmlDeviceGetName", PTR, PTR, I32);
    memory = bind(library, "nvmlDeviceGetMemoryInfo", PTR, PTR);
    power = bind(library, "nvmlDeviceGetPowerUsage", PTR, PTR);
    energy = bind(library, "nvmlDeviceGetTotalEnergyConsumption", PTR, PTR);
    temperature = bind(library, "nvmlDeviceGetTemperature", PTR, I32, PTR);
    clock = bind(library, "nvmlDeviceGetClockInfo", PTR, I32, PTR);
    String newer = "nvmlDeviceGetCurrentClocksEventReasons";
    String older = "nvmlDeviceGetCurrentClocksThrottleReasons";
    clockReasons = bind(library, library.find(newer) != 0 ? newer : older, PTR, PTR);
    try {
      check((int) init.invokeExact(), "nvmlInit_v2");
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  private static MethodHandle bind(
      DynamicLibrary library, String symbol, MemoryLayout... arguments) {
    return library.bindLazily(symbol, Linking.int32(arguments));
  }

  /**
   * Initialises a library.
   *
   * @throws NativeException where it refuses, in its own words
   */
  public static Nvml open(DynamicLibrary library) {
    return new Nvml(library);
  }

  /**
   * This machine's.
   *
   * @throws NativeException where there is none, or it refuses
   */
  public static Nvml open() {
    return open(CudaLibraries.shared().nvml());
  }

  /** Where its library was found. */
  public String path() {
    return path;
  }

  /**
   * Every GPU now.
   *
   * @throws NativeException where not even their number can be read
   */
  public List<NvmlReading> read() {
    try (Out out = new Out(8)) {
      check((int) count.invokeExact(out.address()), "nvmlDeviceGetCount_v2");
      int devices = out.getInt(0);
      List<NvmlReading> all = new ArrayList<>();
      for (int i = 0; i < devices; i++) {
        NvmlReading reading = read(i);
        if (reading != null) {
          all.add(reading);
        }
      }
      return List.copyOf(all);
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }

  /** Null for a device that is lost or belongs to another container. */
  private @Nullable NvmlReading read(int index) throws Throwable {
    try (Out out = new Out(NAME_BYTES)) {
      if ((int) handle.invokeExact(index, out.address()) != 0) {
        return null;
      }
      long device = out.getLong(0);
      String called =
          (int) name.invokeExact(device, out.address(), NAME_BYTES) == 0
              ? RawMemory.utf8(out.address())
              : "unknown";
      boolean hasMemory = answers(memory, device, out);
      Long total = hasMemory ? (Long) out.getLong(0) : null;
      Long used = hasMemory ? (Long) out.getLong(16) : null;
      Long milliwatts = answers(power, device, out) ? (Long) unsigned(out) : null;
      Long millijoules = answers(energy, device, out) ? (Long) out.getLong(0) : null;
      Long celsius = answers(temperature, device, CHIP, out) ? (Long) unsigned(out) : null;
      Long graphics = answers(clock, device, GRAPHICS, out) ? (Long) unsigned(out) : null;
      Long ram = answers(clock, device, MEMORY, out) ? (Long) unsigned(out) : null;
      long reasons = answers(clockReasons, device, out) ? out.getLong(0) : 0;
      return new NvmlReading(
          index,
          called,
          total,
          used,
          milliwatts == null ? null : (Double) (milliwatts / 1000.0),
          millijoules == null ? null : (Double) (millijoules / 1000.0),
          celsius == null ? null : (Double) (double) celsius,
          graphics == null ? null : (Long) (graphics * 1_000_000),
          ram == null ? null : (Long) (ram * 1_000_000),
          REASONS.entrySet().stream()
              .filter(r -> (reasons & r.getKey()) != 0)
              .map(Map.Entry::getValue)
              .toList());
    }
  }

  /** Whether a call that takes a device and a place answers; the answer is at the place. */
  private static boolean answers(MethodHandle call, long device, Out out) throws Throwable {
    try {
      return (int) call.invokeExact(device, out.address()) == 0;
    } catch (UnsatisfiedLinkError e) {
      return false; // an older driver
    }
  }

  private static boolean answers(MethodHandle call, long device, int which, Out out)
      throws Throwable {
    try {
      return (int) call.invokeExact(device, which, out.address()) == 0;
    } catch (UnsatisfiedLinkError e) {
      return false; // an older driver
    }
  }

  private static long unsigned(Out out) {
    return Integer.toUnsignedLong(out.getInt(0));
  }

  private void check(int result, String call) {
    if (result == 0) {
      return;
    }
    String words = "error " + result;
    try {
      long text = (long) errorString.invokeExact(result);
      words = text == 0 ? words : RawMemory.utf8(text);
    } catch (Throwable t) {
      words = "error " + result; // the call that failed is what matters
    }
    throw new NativeException(call + " of " + path + " failed: " + words);
  }

  private static RuntimeException unexpected(Throwable thrown) {
    if (thrown instanceof RuntimeException ours) {
      return ours;
    }
    if (thrown instanceof UnsatisfiedLinkError missing) {
      return new NativeException("this NVML is too old: " + missing.getMessage(), missing);
    }
    if (thrown instanceof Error error) {
      throw error;
    }
    throw new AssertionError(thrown);
  }

  private static Map<Long, String> reasons() {
    Map<Long, String> reasons = new LinkedHashMap<>();
    reasons.put(0x2L, "application clocks");
    reasons.put(0x4L, "power cap");
    reasons.put(0x8L, "hardware slowdown");
    reasons.put(0x10L, "sync boost");
    reasons.put(0x20L, "thermal slowdown by software");
    reasons.put(0x40L, "thermal slowdown by hardware");
    reasons.put(0x80L, "power brake");
    reasons.put(0x100L, "display clocks");
    return reasons;
  }

  @Override
  public void close() {
    try {
      int ignored = (int) shutdown.invokeExact();
    } catch (Throwable t) {
      throw unexpected(t);
    }
  }
}
