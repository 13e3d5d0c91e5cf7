package dev.nacelle.nativeaccess.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.NativeException;
import dev.nacelle.nativeaccess.loader.LibTorchSource.Origin;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Opening libraries: which OpenMP runtime, and what a library that cannot be used is told. */
class NativeLibrariesTest {
  private static final ClassLoader NOTHING = new URLClassLoader(new URL[0], null);

  @TempDir Path temp = Path.of("");
  private final Map<String, String> environment = new HashMap<>();
  private Path lib = Path.of("");

  @BeforeEach
  void makeWheel() throws IOException {
    lib = Files.createDirectories(temp.resolve("site-packages/torch/lib"));
    environment.put("NACELLE_LIBTORCH", lib.toString());
    environment.put("NACELLE_CACHE", temp.resolve("cache").toString());
  }

  private NativeLibraries libraries(ClassLoader classPath) {
    return new NativeLibraries(environment::get, classPath, name -> Optional.empty());
  }

  private String failure() {
    return String.valueOf(
        assertThrows(NativeException.class, () -> libraries(NOTHING).libTorch()).getMessage());
  }

  @Test
  void aFileThatIsNoLibraryIsAnErrorWithARemedy() throws IOException {
    Files.createFile(lib.resolve("libtorch_cpu.so"));
    String message = failure();
    assertTrue(message.contains("file too short"), message);
    assertTrue(message.contains("NACELLE_LIBTORCH (" + lib + ")"), message);
  }

  @Test
  void aLibraryWithoutTheDispatcherIsTooOld() throws IOException {
    JarLibraries jar =
        JarLibraries.find(Bundle.OPENBLAS, NativeLibrariesTest.class.getClassLoader())
            .orElseThrow();
    for (JarLibraries.Entry entry : jar.entries()) {
      if (entry.name().startsWith("libquadmath")) {
        try (var in = entry.open()) {
          Files.copy(in, lib.resolve("libtorch_cpu.so"));
        }
      }
    }
    String message = failure();
    assertTrue(message.contains("too old: it lacks torch_call_dispatcher"), message);
  }

  @Test
  void openMpIsTheOneThatTheWheelShips() throws IOException {
    Files.createFile(lib.resolve("libtorch_cpu.so"));
    assertEquals("libgomp.so.1", libraries(NOTHING).openMpPath(), "none shipped: the system's");
    Path hashed =
        Files.createDirectories(temp.resolve("site-packages/torch.libs"))
            .resolve("libgomp-a34b3233.so.1.0.0");
    Files.createFile(hashed);
    assertEquals(hashed.toString(), libraries(NOTHING).openMpPath());
    Path beside = Files.createFile(lib.resolve("libgomp.so.1"));
    assertEquals(beside.toString(), libraries(NOTHING).openMpPath());
  }

  @Test
  void openMpRunsWithoutAnyLibTorch() {
    environment.put("NACELLE_LIBTORCH", "jar");
    assertEquals("libgomp.so.1", libraries(NOTHING).openMpPath());
    List<FoundLibrary> report = libraries(NOTHING).report();
    assertEquals(
        List.of("openmp", "openblas", "libtorch"),
        report.stream().map(FoundLibrary::name).toList());
    assertNotNull(report.get(2).fault());
  }

  @Test
  void whatTheProcessHasMappedIsUsed() throws IOException {
    Path other = Files.createDirectories(temp.resolve("other")).resolve("libtorch_cpu.so");
    NativeLibraries libraries =
        new NativeLibraries(
            environment::get,
            NOTHING,
            name -> name.startsWith("libtorch") ? Optional.of(other) : Optional.empty());
    LibTorchSource source = libraries.libTorchSource();
    assertEquals(Origin.PROCESS, source.origin());
    assertEquals(other.getParent(), source.folder());
    assertNull(libraries.report().get(2).fault());
  }
}
