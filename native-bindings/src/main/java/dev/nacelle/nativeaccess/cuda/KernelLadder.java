package dev.nacelle.nativeaccess.cuda;

import dev.nacelle.nativeaccess.NativeException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * From a source to a module on a device, by the first of these that works: the CUBIN in the cache,
 * one by NVRTC, PTX (from the cache or by NVRTC) that the driver compiles, PTX that was shipped.
 * Each step that was tried says what came of it. One thread at a time.
 */
public final class KernelLadder {
  /** The steps, from the best to the last. */
  public enum Step {
    CACHED_CUBIN,
    NVRTC_CUBIN,
    CACHED_PTX,
    NVRTC_PTX,
    SHIPPED_PTX
  }

  /**
   * What came of one step.
   *
   * @param taken whether the module came from it
   * @param about why not, or what it took
   */
  public record Rung(Step step, boolean taken, String about) {
    @Override
    public String toString() {
      return step.name().toLowerCase(java.util.Locale.ROOT).replace('_', ' ')
          + (taken ? ": taken" : ": no")
          + (about.isEmpty() ? "" : ", " + about);
    }
  }

  /**
   * A module, and the way that led to it.
   *
   * @param rungs every step that was tried, in order; the last was taken
   */
  public record Loaded(CudaModule module, List<Rung> rungs) {}

  /** Loads an image, or throws what the driver says. */
  @FunctionalInterface
  interface Loader {
    CudaModule load(byte[] image);
  }

  private final KernelCache cache;
  private final @Nullable Nvrtc nvrtc;
  private final String whyNoCompiler;
  private final String compiler;
  private final Function<KernelSource, Optional<byte[]>> shipped;

  /**
   * @param folder of the cache, made where it is missing
   * @param nvrtc null where there is none
   * @param whyNoCompiler said where there is none
   * @param shipped PTX that came with the program
   */
  public KernelLadder(
      Path folder,
      @Nullable Nvrtc nvrtc,
      String whyNoCompiler,
      Function<KernelSource, Optional<byte[]>> shipped) {
    this.cache = new KernelCache(folder);
    this.nvrtc = nvrtc;
    this.whyNoCompiler = whyNoCompiler;
    this.compiler = nvrtc == null ? "" : KernelCache.compiler(identity(nvrtc));
    this.shipped = shipped;
  }

  /** This machine's compiler, or none with the reason; the user's cache. */
  public static KernelLadder ofThisMachine(Path folder) {
    try {
      return new KernelLadder(folder, Nvrtc.open(), "", source -> Optional.empty());
    } catch (NativeException e) {
      return new KernelLadder(
          folder, null, String.valueOf(e.getMessage()), source -> Optional.empty());
    }
  }

  /** Version and sizes: a compiler of the same number may come with other built-ins. */
  private static String identity(Nvrtc nvrtc) {
    StringBuilder text = new StringBuilder("NVRTC ").append(nvrtc.version());
    Path library = Path.of(nvrtc.path());
    Path folder = library.getParent();
    if (folder != null) {
      try (var files = Files.newDirectoryStream(folder, "libnvrtc*")) {
        List<String> sizes = new ArrayList<>();
        for (Path file : files) {
          sizes.add(file.getFileName() + " " + Files.size(file));
        }
        sizes.sort(null);
        text.append(sizes);
      } catch (IOException e) {
        return text.toString();
      }
    }
    return text.toString();
  }

  /** Cached files that were damaged, deleted and made again. */
  public int damaged() {
    return cache.damaged();
  }

  /** Whether what is compiled is kept for the next process. */
  public boolean keeps() {
    return cache.isWritable();
  }

  /**
   * Loads a source's kernels.
   *
   * @param architecture of the device, 87 say
   * @throws NvrtcException where the source itself is wrong
   * @throws NativeException where no step works, with what came of each
   */
  public Loaded load(CudaContext context, KernelSource source, int architecture) {
    return climb(source, architecture, image -> context.module(image, source.name()));
  }

  Loaded climb(KernelSource source, int architecture, Loader loader) {
    List<Rung> rungs = new ArrayList<>();
    Nvrtc with = nvrtc;
    List<Integer> known = with == null ? List.of() : with.architectures();
    refuseForgotten(known, architecture, with);
    KernelCache.Key cubin = new KernelCache.Key(source, architecture, true);
    boolean exact = with == null || (known.contains(architecture) && with.makesCubins());
    Optional<CudaModule> module =
        fromCache(cubin, Step.CACHED_CUBIN, rungs, loader)
            .or(
                () ->
                    exact
                        ? compiled(cubin, Step.NVRTC_CUBIN, rungs, loader)
                        : refused(
                            Step.NVRTC_CUBIN,
                            rungs,
                            "NVRTC "
                                + (with == null ? "" : with.version())
                                + " makes none for sm_"
                                + architecture));
    int virtual =
        known.stream().filter(a -> a <= architecture).max(Integer::compare).orElse(architecture);
    KernelCache.Key ptx = new KernelCache.Key(source, virtual, false);
    module =
        module
            .or(() -> fromCache(ptx, Step.CACHED_PTX, rungs, loader))
            .or(() -> compiled(ptx, Step.NVRTC_PTX, rungs, loader))
            .or(() -> fromShipped(source, rungs, loader));
    return new Loaded(
        module.orElseThrow(
            () ->
                new NativeException(
                    "no way led to kernels of "
                        + source.name()
                        + " for sm_"
                        + architecture
                        + ": "
                        + rungs
                        + ". Run pip install nvidia-cuda-nvrtc, or compute on the processor.")),
        List.copyOf(rungs));
  }

  private static void refuseForgotten(List<Integer> known, int architecture, @Nullable Nvrtc with) {
    if (with != null && !known.isEmpty() && architecture < known.getFirst()) {
      throw new NativeException(
          "NVRTC "
              + with.version()
              + " has dropped sm_"
              + architecture
              + "; its oldest is sm_"
              + known.getFirst()
              + ". Install an older one (pip install 'nvidia-cuda-nvrtc-cu12') and set"
              + " NACELLE_NVRTC to it.");
    }
  }

  private Optional<CudaModule> fromCache(
      KernelCache.Key key, Step step, List<Rung> rungs, Loader loader) {
    return cache
        .find(key, compiler)
        .map(image -> tried(step, image, "", rungs, loader))
        .orElseGet(() -> refused(step, rungs, "none in " + cache.folder()));
  }

  private Optional<CudaModule> compiled(
      KernelCache.Key key, Step step, List<Rung> rungs, Loader loader) {
    Nvrtc with = nvrtc;
    if (with == null) {
      return refused(step, rungs, whyNoCompiler);
    }
    long begin = System.nanoTime();
    Nvrtc.Compiled compiled = with.compile(key.source(), key.architecture(), key.real());
    boolean kept = cache.keep(key, compiler, compiled.image());
    String about =
        String.format(
            java.util.Locale.ROOT,
            "%.0f ms%s",
            (System.nanoTime() - begin) * 1e-6,
            kept ? "" : ", not kept: " + cache.folder() + " cannot be written");
    return tried(step, compiled.image(), about, rungs, loader);
  }

  private Optional<CudaModule> fromShipped(KernelSource source, List<Rung> rungs, Loader loader) {
    return shipped
        .apply(source)
        .map(image -> tried(Step.SHIPPED_PTX, image, "", rungs, loader))
        .orElseGet(() -> refused(Step.SHIPPED_PTX, rungs, "none was shipped"));
  }

  /**
   * A driver may refuse an image that a newer or older toolkit made; then the next step is tried.
   */
  private static Optional<CudaModule> tried(
      Step step, byte[] image, String about, List<Rung> rungs, Loader loader) {
    try {
      CudaModule module = loader.load(image);
      rungs.add(new Rung(step, true, about));
      return Optional.of(module);
    } catch (CudaException e) {
      if (e.isFatal() || e.isOutOfMemory()) {
        throw e;
      }
      return refused(step, rungs, String.valueOf(e.getMessage()));
    }
  }

  private static Optional<CudaModule> refused(Step step, List<Rung> rungs, String why) {
    rungs.add(new Rung(step, false, why));
    return Optional.empty();
  }
}
