package dev.nacelle.nativeaccess.loader;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.loader.LibTorchSource.Origin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** Decides which LibTorch is used, by looking at files alone. */
final class LibTorchFinder {
  /** The first release with {@code torch_call_dispatcher}. */
  static final String OLDEST = "2.10";

  /** The value of NACELLE_LIBTORCH that passes over an installed PyTorch. */
  static final String JAR_ONLY = "jar";

  private static final String UNKNOWN = "unknown";
  private static final Pattern PYTHON_VERSION =
      Pattern.compile("__version__\\s*=\\s*['\"]([^'\"]+)['\"]");
  private static final Pattern NUMBERS = Pattern.compile("(\\d+)\\.(\\d+).*");

  private final UnaryOperator<@Nullable String> environment;
  private final @Nullable ClassLoader classPath;
  private final List<String> tried = new ArrayList<>();

  LibTorchFinder(UnaryOperator<@Nullable String> environment, @Nullable ClassLoader classPath) {
    this.environment = environment;
    this.classPath = classPath;
  }

  /**
   * The LibTorch to use.
   *
   * @throws NativeException if there is none, or NACELLE_LIBTORCH names one that cannot be used;
   *     the message lists what was tried
   */
  LibTorchSource find() {
    String named = environment.apply("NACELLE_LIBTORCH");
    boolean jarOnly = JAR_ONLY.equals(named);
    if (named != null && !named.isEmpty() && !jarOnly) {
      return named(named);
    }
    tried.add("NACELLE_LIBTORCH: " + (jarOnly ? JAR_ONLY : "not set"));
    return (jarOnly ? Optional.<LibTorchSource>empty() : installed())
        .or(this::packed)
        .orElseThrow(
            () ->
                failure(
                    "LibTorch was not found",
                    "Install PyTorch "
                        + OLDEST
                        + " or later (pip install torch), or set NACELLE_LIBTORCH to the folder"
                        + " that holds libtorch_cpu.so."));
  }

  private LibTorchSource named(String value) {
    Path given = Path.of(value).toAbsolutePath().normalize();
    for (Path candidate :
        new Path[] {given, given.resolve("lib"), given.resolve("torch").resolve("lib")}) {
      if (Files.isRegularFile(candidate.resolve("libtorch_cpu.so"))) {
        String version = version(candidate);
        if (tooOld(version)) {
          tried.add("NACELLE_LIBTORCH=" + value + ": version " + version);
          throw failure(
              "the LibTorch that NACELLE_LIBTORCH names is too old",
              "Point it at PyTorch " + OLDEST + " or later, or unset it.");
        }
        return new LibTorchSource(Origin.ENVIRONMENT, candidate, version);
      }
    }
    tried.add("NACELLE_LIBTORCH=" + value + ": no libtorch_cpu.so there, in lib or in torch/lib");
    throw failure(
        "NACELLE_LIBTORCH names no LibTorch",
        "Set it to the folder that holds libtorch_cpu.so, or unset it.");
  }

  private Optional<LibTorchSource> installed() {
    PythonTorch python = new PythonTorch(environment);
    List<Path> found = python.find();
    for (Path torch : found) {
      Path lib = torch.resolve("lib");
      String version = version(lib);
      if (!tooOld(version)) {
        return Optional.of(new LibTorchSource(Origin.PYTHON, lib, version));
      }
      tried.add("PyTorch in " + torch + ": version " + version + ", " + OLDEST + " is needed");
    }
    if (found.isEmpty()) {
      Set<Path> sites = python.sitePackages();
      tried.add(
          sites.isEmpty()
              ? "installed PyTorch: no python3 on PATH"
              : "installed PyTorch: none in " + sites);
    }
    return Optional.empty();
  }

  private Optional<LibTorchSource> packed() {
    try {
      if (JarLibraries.find(Bundle.LIBTORCH, classPath).isPresent()) {
        return Optional.of(new LibTorchSource(Origin.JAR, null, jarVersion()));
      }
      tried.add(
          "class path: no "
              + Bundle.LIBTORCH.resource(Bundle.LIBTORCH.main())
              + " (the jar of "
              + Bundle.LIBTORCH.artifact()
              + " with classifier "
              + Platform.name()
              + ")");
    } catch (IOException e) {
      tried.add("class path: the jar of " + Bundle.LIBTORCH.artifact() + " is unreadable: " + e);
    }
    return Optional.empty();
  }

  private String jarVersion() throws IOException {
    String path = "META-INF/maven/org.bytedeco/pytorch/pom.properties";
    try (var in =
        classPath == null
            ? ClassLoader.getSystemResourceAsStream(path)
            : classPath.getResourceAsStream(path)) {
      if (in == null) {
        return UNKNOWN;
      }
      Properties properties = new Properties();
      properties.load(in);
      return properties.getProperty("version", UNKNOWN);
    }
  }

  /** PyTorch's package says its version in version.py, the plain zip in build-version. */
  static String version(Path lib) {
    Path above = lib.resolveSibling("version.py");
    Path plain = lib.resolveSibling("build-version");
    try {
      if (Files.isRegularFile(above)) {
        Matcher m = PYTHON_VERSION.matcher(Files.readString(above));
        return m.find() ? String.valueOf(m.group(1)) : UNKNOWN;
      }
      return Files.isRegularFile(plain) ? Files.readString(plain).strip() : UNKNOWN;
    } catch (IOException e) {
      return UNKNOWN;
    }
  }

  /** An unknown version passes here; opening it finds out. */
  static boolean tooOld(String version) {
    Matcher m = NUMBERS.matcher(version);
    if (!m.matches()) {
      return false;
    }
    int major = Integer.parseInt(m.group(1));
    int minor = Integer.parseInt(m.group(2));
    return major < 2 || (major == 2 && minor < 10);
  }

  private NativeException failure(String what, String remedy) {
    return new NativeException(what + ". Tried: " + String.join("; ", tried) + ". " + remedy);
  }
}
