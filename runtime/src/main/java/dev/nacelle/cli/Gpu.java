package dev.nacelle.cli;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.cuda.CudaDeviceInfo;
import dev.nacelle.nativeaccess.cuda.CudaDriver;
import dev.nacelle.nativeaccess.cuda.KernelLadder;
import dev.nacelle.nativeaccess.cuda.Nvrtc;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What this machine has for CUDA: driver and compiler, opened, and the steps that lead to a kernel,
 * from the best to the last, with what each would do here.
 *
 * @param driver in words; null where there is none
 * @param whyNoDriver what was tried; empty where there is one
 * @param devices none where there is no driver
 * @param nvrtc in words; null where there is none
 * @param whyNoNvrtc what was tried; empty where there is one
 * @param architectures that NVRTC compiles for
 * @param steps every one, in order
 */
public record Gpu(
    @Nullable String driver,
    String whyNoDriver,
    List<CudaDeviceInfo> devices,
    @Nullable String nvrtc,
    String whyNoNvrtc,
    List<Integer> architectures,
    List<Step> steps) {
  /**
   * A step of the ladder.
   *
   * @param name {@code nvrtc cubin}, say
   * @param ready whether it could be taken here
   * @param about why not, or what it has
   */
  public record Step(String name, boolean ready, String about) {}

  /** Where compiled kernels are kept below the cache. */
  public static Path kernels(Path cache) {
    return cache.resolve("cuda-kernels");
  }

  /**
   * Looks, and opens what there is.
   *
   * @param cpuLibrary whether the C kernels run here
   */
  public static Gpu look(Path cache, boolean cpuLibrary) {
    String driver = null;
    String whyNoDriver = "";
    List<CudaDeviceInfo> devices = List.of();
    try {
      CudaDriver open = CudaDriver.open();
      driver = open.toString();
      devices = open.devices();
    } catch (NativeException e) {
      whyNoDriver = String.valueOf(e.getMessage());
    }
    String nvrtc = null;
    String whyNoNvrtc = "";
    List<Integer> architectures = List.of();
    boolean cubins = false;
    try {
      Nvrtc open = Nvrtc.open();
      nvrtc = open.toString();
      architectures = open.architectures();
      cubins = open.makesCubins();
    } catch (NativeException e) {
      whyNoNvrtc = String.valueOf(e.getMessage());
    }
    return new Gpu(
        driver,
        whyNoDriver,
        devices,
        nvrtc,
        whyNoNvrtc,
        architectures,
        steps(kernels(cache), devices, nvrtc != null, cubins, cpuLibrary));
  }

  /** Whether kernels can run on a device here. */
  public boolean usable() {
    return !devices.isEmpty();
  }

  private static List<Step> steps(
      Path folder, List<CudaDeviceInfo> devices, boolean compiler, boolean cubins, boolean cpu) {
    boolean device = !devices.isEmpty();
    String none = "no GPU";
    List<Step> steps = new ArrayList<>();
    for (KernelLadder.Step step : KernelLadder.Step.values()) {
      String name = step.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ');
      steps.add(
          switch (step) {
            case CACHED_CUBIN -> kept(name, folder, ".cubin", device);
            case CACHED_PTX -> kept(name, folder, ".ptx", device);
            case NVRTC_CUBIN ->
                new Step(
                    name,
                    device && compiler && cubins,
                    !compiler ? "no NVRTC" : !cubins ? "needs CUDA 11.1" : device ? "" : none);
            case NVRTC_PTX ->
                new Step(name, device && compiler, !compiler ? "no NVRTC" : device ? "" : none);
            case SHIPPED_PTX -> new Step(name, false, "none is shipped");
          });
    }
    steps.add(new Step("cpu library", cpu, cpu ? "" : "not built"));
    steps.add(new Step("java reference", true, "many times slower"));
    return List.copyOf(steps);
  }

  private static Step kept(String name, Path folder, String suffix, boolean device) {
    long count = 0;
    if (Files.isDirectory(folder)) {
      try (Stream<Path> files = Files.list(folder)) {
        count = files.filter(f -> f.toString().endsWith(suffix)).count();
      } catch (IOException e) {
        return new Step(name, false, folder + " cannot be read");
      }
    }
    return new Step(
        name, device && count > 0, count + " kept in " + folder + (device ? "" : ", no GPU"));
  }
}
