package dev.nacelle.nativeaccess.loader;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
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
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which LibTorch is chosen, by fake installations of it. */
class LibTorchFinderTest {
  private static final ClassLoader NOTHING = new URLClassLoader(new URL[0], null);

  @TempDir Path temp = Path.of("");
  private final Map<String, String> environment = new HashMap<>();

  private LibTorchSource find(@Nullable ClassLoader classPath) {
    return new LibTorchFinder(environment::get, classPath).find();
  }

  private String failure() {
    return String.valueOf(assertThrows(NativeException.class, () -> find(NOTHING)).getMessage());
  }

  private Path torch(Path site, String version) throws IOException {
    Path lib = Files.createDirectories(site.resolve("torch").resolve("lib"));
    Files.createFile(lib.resolve("libtorch_cpu.so"));
    Files.writeString(
        site.resolve("torch").resolve("version.py"),
        "from typing import Optional\n__version__ = '" + version + "'\ndebug = False\n");
    return lib;
  }

  private Path python(String prefix) throws IOException {
    Path bin = Files.createDirectories(temp.resolve(prefix).resolve("bin"));
    Files.createFile(
        bin.resolve("python3"),
        PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwxr-xr-x")));
    return bin;
  }

  @Test
  void theVariableGoesFirst() throws IOException {
    Path named = torch(temp.resolve("named"), "2.11.0");
    Path installed = temp.resolve("py").resolve("lib/python3.12/site-packages");
    torch(installed, "2.13.0");
    environment.put("PATH", python("py").toString());
    for (Path value : new Path[] {named, named.resolve(".."), temp.resolve("named")}) {
      environment.put("NACELLE_LIBTORCH", value.toString());
      assertEquals(
          new LibTorchSource(Origin.ENVIRONMENT, named, "2.11.0"), find(NOTHING), value.toString());
    }
  }

  @Test
  void aWrongVariableIsNotPassedOver() throws IOException {
    torch(temp.resolve("old"), "2.9.1+cu128");
    environment.put("NACELLE_LIBTORCH", temp.resolve("old").toString());
    String old = failure();
    assertTrue(old.contains("too old") && old.contains("2.9.1+cu128"), old);
    assertTrue(old.contains("2.10 or later"), old);
    environment.put("NACELLE_LIBTORCH", temp.resolve("missing").toString());
    String missing = failure();
    assertTrue(missing.contains("no libtorch_cpu.so") && missing.contains("missing"), missing);
  }

  @Test
  void anInstalledPyTorchIsFoundWithoutRunningPython() throws IOException {
    Path lib = torch(temp.resolve("py").resolve("lib/python3.12/site-packages"), "2.13.0+cpu");
    environment.put("PATH", temp.resolve("empty") + ":" + python("py"));
    assertEquals(new LibTorchSource(Origin.PYTHON, lib, "2.13.0+cpu"), find(NOTHING));
  }

  @Test
  void aVirtualEnvironmentAndPyenvAreUnderstood() throws IOException {
    Path inVenv = torch(temp.resolve("venv").resolve("lib/python3.11/site-packages"), "2.12.1");
    environment.put("VIRTUAL_ENV", temp.resolve("venv").toString());
    assertEquals(inVenv, find(NOTHING).folder());
    environment.clear();

    Path pyenv = temp.resolve("pyenv");
    Path shims = Files.createDirectories(pyenv.resolve("shims"));
    Files.copy(python("any").resolve("python3"), shims.resolve("python3"));
    shims.resolve("python3").toFile().setExecutable(true);
    Files.writeString(pyenv.resolve("version"), "3.13.1\n");
    Path inPyenv = torch(pyenv.resolve("versions/3.13.1/lib/python3.13/site-packages"), "2.10.0");
    environment.put("PATH", shims.toString());
    assertEquals(inPyenv, find(NOTHING).folder());
  }

  @Test
  void anOldPyTorchGivesWayToTheJar() throws IOException {
    torch(temp.resolve("py").resolve("lib/python3.8/dist-packages"), "1.13.1");
    environment.put("PATH", python("py").toString());
    LibTorchSource jar = find(LibTorchFinderTest.class.getClassLoader());
    assertEquals(Origin.JAR, jar.origin());
    assertNull(jar.folder());
    assertTrue(jar.version().startsWith("2.13"), jar.version());
    String message = failure();
    assertTrue(message.contains("version 1.13.1, 2.10 is needed"), message);
  }

  @Test
  void jarPassesOverAnInstalledPyTorch() throws IOException {
    torch(temp.resolve("py").resolve("lib/python3.12/site-packages"), "2.13.0");
    environment.put("PATH", python("py").toString());
    environment.put("NACELLE_LIBTORCH", "jar");
    assertEquals(Origin.JAR, find(LibTorchFinderTest.class.getClassLoader()).origin());
  }

  @Test
  void nothingFoundSaysWhatWasTriedAndWhatHelps() {
    environment.put("PATH", temp.toString());
    String message = failure();
    assertTrue(message.startsWith("LibTorch was not found. Tried: NACELLE_LIBTORCH: not set; "));
    assertTrue(message.contains("no python3 on PATH"), message);
    assertTrue(message.contains("org.bytedeco:pytorch with classifier"), message);
    assertTrue(message.contains("pip install torch"), message);
  }

  @Test
  void versionsAreCompared() {
    assertTrue(LibTorchFinder.tooOld("2.9.1"));
    assertTrue(LibTorchFinder.tooOld("1.13.0a0+git"));
    assertFalse(LibTorchFinder.tooOld("2.10.0"));
    assertFalse(LibTorchFinder.tooOld("2.13.0-1.5.14"));
    assertFalse(LibTorchFinder.tooOld("3.0"));
    assertFalse(LibTorchFinder.tooOld("unknown"));
  }
}
