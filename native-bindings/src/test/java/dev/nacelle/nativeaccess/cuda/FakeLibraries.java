package dev.nacelle.nativeaccess.cuda;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import dev.nacelle.nativeaccess.ffm.CString;
import dev.nacelle.nativeaccess.ffm.DynamicLibrary;
import dev.nacelle.nativeaccess.ffm.Linking;
import dev.nacelle.nativeaccess.ffm.RawMemory;
import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Libraries that stand in for NVIDIA's, built by the C compiler at hand. */
final class FakeLibraries {
  private static final Path SOURCES = Path.of("src/test/native").toAbsolutePath();

  private FakeLibraries() {}

  /** Builds one, or skips the test where there is no C compiler. */
  static DynamicLibrary build(Path folder, String source, String name, String... flags) {
    Optional<Path> compiler = onPath("cc").or(() -> onPath("gcc"));
    if (compiler.isEmpty()) {
      System.out.println("SKIPPED: no C compiler to build " + source + " with");
    }
    assumeTrue(compiler.isPresent(), "no C compiler");
    Path library = folder.resolve(name);
    List<String> command =
        new ArrayList<>(
            List.of(
                compiler.orElseThrow().toString(),
                "-shared",
                "-fPIC",
                "-Wall",
                "-Werror",
                "-o",
                library.toString()));
    command.addAll(List.of(flags));
    command.add(SOURCES.resolve(source).toString());
    try {
      Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
      String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
      assertEquals(0, process.waitFor(), said);
    } catch (IOException e) {
      throw new AssertionError(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(e);
    }
    return DynamicLibrary.open(library.toString());
  }

  static Optional<Path> onPath(String program) {
    String path = System.getenv("PATH");
    for (String folder : (path == null ? "" : path).split(File.pathSeparator, -1)) {
      Path file = Path.of(folder.isEmpty() ? "." : folder).resolve(program);
      if (Files.isExecutable(file)) {
        return Optional.of(file);
      }
    }
    return Optional.empty();
  }

  /** Calls {@code void name(const char *, int)}. */
  static void say(DynamicLibrary library, String name, String text, int number) {
    try (CString c = CString.of(text)) {
      library
          .bind(name, Linking.nothing(Linking.PTR, Linking.I32))
          .invokeExact(c.address(), number);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** Calls {@code void name(const char *)}. */
  static void say(DynamicLibrary library, String name, String text) {
    try (CString c = CString.of(text)) {
      library.bind(name, Linking.nothing(Linking.PTR)).invokeExact(c.address());
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** Calls {@code void name(int)}. */
  static void say(DynamicLibrary library, String name, int number) {
    try {
      library.bind(name, Linking.nothing(Linking.I32)).invokeExact(number);
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** What {@code const char *name(void)} returns. */
  static String text(DynamicLibrary library, String name) {
    try {
      return RawMemory.utf8((long) library.bind(name, Linking.int64()).invokeExact());
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }

  /** What {@code int name(void)} returns. */
  static int number(DynamicLibrary library, String name) {
    try {
      return (int) library.bind(name, Linking.int32()).invokeExact();
    } catch (Throwable t) {
      throw new AssertionError(t);
    }
  }
}
