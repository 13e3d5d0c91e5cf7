package dev.nacelle.nativeaccess.loader;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.loader.LibTorchSource.Origin;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * The shared libraries of this process, each opened at its first use. Every method that opens one
 * throws a {@link NativeException} that says what was tried and what helps.
 */
public final class NativeLibraries {
  private static final NativeLibraries SHARED =
      new NativeLibraries(
          NativeLibraries::setting, NativeLibraries.class.getClassLoader(), Platform::mapped);

  private final UnaryOperator<@Nullable String> environment;
  private final @Nullable ClassLoader classPath;
  private final Function<String, Optional<Path>> mapped;
  private final NativeCache cache;

  private @Nullable LibTorchSource source;
  private @Nullable DynamicLibrary openMp;
  private @Nullable DynamicLibrary openBlas;
  private @Nullable DynamicLibrary libTorch;

  NativeLibraries(
      UnaryOperator<@Nullable String> environment,
      @Nullable ClassLoader classPath,
      Function<String, Optional<Path>> mapped) {
    this.mapped = mapped;
    this.environment = environment;
    this.classPath = classPath;
    this.cache = NativeCache.of(environment);
  }

  /** The libraries of this process. */
  public static NativeLibraries shared() {
    return SHARED;
  }

  /** A system property of the variable's name, which tests and launchers can set, goes first. */
  private static @Nullable String setting(String name) {
    String property = System.getProperty(name);
    return property != null ? property : System.getenv(name);
  }

  /** Which LibTorch will be, or is, used; nothing is opened or unpacked for the answer. */
  public synchronized LibTorchSource libTorchSource() {
    LibTorchSource known = source;
    if (known == null) {
      Optional<Path> open = mapped.apply("libtorch_cpu.so");
      known =
          open.isPresent()
              ? mappedSource(open.get())
              : new LibTorchFinder(environment, classPath).find();
      source = known;
    }
    return known;
  }

  private static LibTorchSource mappedSource(Path library) {
    Path folder = library.resolveSibling("");
    return new LibTorchSource(Origin.PROCESS, folder, LibTorchFinder.version(folder));
  }

  /** The OpenMP runtime that LibTorch and our kernels share; see the package's description. */
  public synchronized DynamicLibrary openMp() {
    DynamicLibrary open = openMp;
    if (open == null) {
      SpinSettings.openMp();
      open = open(openMpPath(), "the OpenMP runtime", "Install libgomp1.");
      openMp = open;
    }
    return open;
  }

  String openMpPath() {
    Optional<Path> open = mapped.apply("libgomp");
    if (open.isPresent()) {
      return open.get().toString();
    }
    LibTorchSource torch;
    try {
      torch = libTorchSource();
    } catch (NativeException withoutLibTorch) {
      // Our kernels run without LibTorch; then the system's runtime is the only one there is.
      return "libgomp.so.1";
    }
    Path folder = torch.folder();
    if (folder == null) {
      return unpacked(Bundle.OPENMP)
          .map(f -> f.resolve(Bundle.OPENMP.main()).toString())
          .orElse("libgomp.so.1");
    }
    return shipped(folder)
        .or(() -> shipped(folder.resolve("../../torch.libs").normalize()))
        .map(Path::toString)
        .orElse("libgomp.so.1");
  }

  /** Wheels ship libgomp beside LibTorch or in torch.libs, under its own or a hashed name. */
  private static Optional<Path> shipped(Path folder) {
    if (!Files.isDirectory(folder)) {
      return Optional.empty();
    }
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "libgomp*.so*")) {
      List<Path> found = new ArrayList<>();
      files.forEach(found::add);
      return found.stream().min(Path::compareTo);
    } catch (IOException e) {
      return Optional.empty();
    }
  }

  /** OpenBLAS, with or without LibTorch. */
  public synchronized DynamicLibrary openBlas() {
    DynamicLibrary open = openBlas;
    if (open == null) {
      SpinSettings.openBlas();
      Optional<Path> there = mapped.apply("libopenblas.so");
      open = there.isPresent() ? open(there.get().toString(), "OpenBLAS", "") : openBlasFromJar();
      openBlas = open;
    }
    return open;
  }

  private DynamicLibrary openBlasFromJar() {
    Optional<Path> folder = unpacked(Bundle.OPENBLAS);
    if (folder.isEmpty()) {
      return open(
          "libopenblas.so.0",
          "OpenBLAS",
          "Put the jar of "
              + Bundle.OPENBLAS.artifact()
              + " with classifier "
              + Platform.name()
              + " on the class path, or install libopenblas0.");
    }
    return openAll(folder.get(), Bundle.OPENBLAS);
  }

  /** LibTorch's processor library, with everything that it needs. */
  public synchronized DynamicLibrary libTorch() {
    DynamicLibrary open = libTorch;
    if (open == null) {
      LibTorchSource from = libTorchSource();
      openMp();
      if (from.origin() == Origin.JAR) {
        openBlas();
        open = openAll(unpacked(Bundle.LIBTORCH).orElseThrow(), Bundle.LIBTORCH);
      } else {
        String path = from.folder() + "/libtorch_cpu.so";
        open = open(path, from.toString(), "Set NACELLE_LIBTORCH to another one.");
      }
      if (open.find("torch_call_dispatcher") == 0) {
        throw new NativeException(
            from
                + " is too old: it lacks torch_call_dispatcher. Install PyTorch "
                + LibTorchFinder.OLDEST
                + " or later, or set NACELLE_LIBTORCH to one.");
      }
      libTorch = open;
    }
    return open;
  }

  /** Where the jars' libraries are unpacked. */
  public Path cacheRoot() {
    return cache.root();
  }

  /** Where each library comes from and what was opened so far; opens nothing. */
  public synchronized List<FoundLibrary> report() {
    List<FoundLibrary> rows = new ArrayList<>();
    rows.add(
        new FoundLibrary(
            "openmp", "shared with LibTorch", path(openMp), fileVersion(path(openMp)), null));
    rows.add(
        new FoundLibrary(
            "openblas",
            Bundle.OPENBLAS.artifact(),
            path(openBlas),
            fileVersion(path(openBlas)),
            null));
    try {
      LibTorchSource from = libTorchSource();
      String opened = path(libTorch);
      rows.add(
          new FoundLibrary(
              "libtorch",
              from.toString(),
              opened == null ? unopened(from) : opened,
              from.version(),
              null));
    } catch (NativeException e) {
      rows.add(new FoundLibrary("libtorch", "not found", null, null, e.getMessage()));
    }
    return rows;
  }

  /** Where LibTorch lies before it is opened: in a folder, or still in its jar. */
  private @Nullable String unopened(LibTorchSource from) {
    if (from.folder() != null) {
      return from.folder().resolve(Bundle.LIBTORCH.main()).toString();
    }
    try {
      return JarLibraries.find(Bundle.LIBTORCH, classPath)
          .map(
              packed -> {
                Path unpacked = cache.root().resolve(packed.folderName());
                Path file = unpacked.resolve(Bundle.LIBTORCH.main());
                String jar = packed.entries().getLast().url().getPath();
                return Files.exists(file)
                    ? file.toString()
                    : jar.replaceFirst("^file:", "").replaceFirst("!.*", "");
              })
          .orElse(null);
    } catch (IOException e) {
      return null;
    }
  }

  /** The number that a library's real file name ends with, {@code libgomp.so.1.0.0} say. */
  private static @Nullable String fileVersion(@Nullable String path) {
    if (path == null) {
      return null;
    }
    try {
      String name = String.valueOf(Path.of(path).toRealPath().getFileName());
      return name.matches(".*\\.so\\.[0-9.]+") ? name.replaceFirst(".*\\.so\\.", "") : null;
    } catch (IOException e) {
      return null;
    }
  }

  private static @Nullable String path(@Nullable DynamicLibrary library) {
    return library == null ? null : library.path();
  }

  private DynamicLibrary openAll(Path folder, Bundle bundle) {
    DynamicLibrary last = null;
    for (String name : bundle.libraries()) {
      Path file = folder.resolve(name);
      if (name.startsWith("libgcc_s") && systemHas(name)) {
        continue;
      }
      if (Files.exists(file)) {
        last =
            open(
                file.toString(),
                bundle.artifact() + "'s " + name,
                "Is libstdc++6 installed? Else delete " + folder + " and start again.");
      }
    }
    if (last == null) {
      throw new NativeException("the cache folder " + folder + " is empty; delete it.");
    }
    return last;
  }

  /** The system's C++ library may need a newer libgcc than the jar's: its own goes first. */
  private static boolean systemHas(String soname) {
    try {
      DynamicLibrary.open(soname);
      return true;
    } catch (UnsatisfiedLinkError e) {
      return false;
    }
  }

  private Optional<Path> unpacked(Bundle bundle) {
    try {
      return JarLibraries.find(bundle, classPath).map(cache::provide);
    } catch (IOException e) {
      throw new NativeException(
          "the jar of "
              + bundle.artifact()
              + " cannot be read: "
              + e
              + ". Delete it from the"
              + " local Maven repository and build again.",
          e);
    }
  }

  private static DynamicLibrary open(String path, String what, String remedy) {
    try {
      return DynamicLibrary.open(path);
    } catch (UnsatisfiedLinkError e) {
      throw new NativeException(what + " cannot be opened: " + e.getMessage() + ". " + remedy, e);
    }
  }
}
