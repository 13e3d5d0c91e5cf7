package dev.nacelle.nativeaccess.loader;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.nacelle.nativeaccess.NativeException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The cache of unpacked libraries: once, whole, and again when it was damaged. */
class NativeCacheTest {
  @TempDir Path temp = Path.of("");
  private Path root = Path.of("");
  private Path jar = Path.of("");

  @BeforeEach
  void makeJar() throws IOException {
    root = temp.resolve("cache").resolve("native");
    jar = FakeJar.write(temp.resolve("fake.jar"), 1);
  }

  private Path provide() throws IOException {
    return new NativeCache(root).provide(FakeJar.libraries(jar));
  }

  private void assertWhole(Path folder) throws IOException {
    for (JarLibraries.Entry entry : FakeJar.libraries(jar).entries()) {
      try (InputStream in = entry.open()) {
        assertArrayEquals(in.readAllBytes(), Files.readAllBytes(folder.resolve(entry.name())));
      }
    }
    try (Stream<Path> files = Files.list(root)) {
      assertEquals(
          List.of(),
          files.filter(f -> f.toString().contains(".tmp-")).toList(),
          "temporary folders left");
    }
  }

  @Test
  void unpacksOnce() throws IOException {
    Path folder = provide();
    assertWhole(folder);
    FileTime written = Files.getLastModifiedTime(folder.resolve(Manifest.FILE));
    assertEquals(folder, provide());
    assertEquals(written, Files.getLastModifiedTime(folder.resolve(Manifest.FILE)));
    assertEquals("rwx------", permissions(root));
    jar = FakeJar.write(temp.resolve("other.jar"), 2);
    assertNotEquals(folder, provide(), "another build of the libraries has its own folder");
  }

  private static String permissions(Path folder) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(folder));
  }

  @Test
  void repairsWhatWasDamaged() throws IOException {
    Path folder = provide();
    Path victim = folder.resolve(Bundle.OPENBLAS.main());
    List<Damage> kinds =
        List.of(
            () -> Files.write(victim, new byte[100]),
            () -> flipOneByte(victim),
            () -> Files.delete(victim),
            () -> Files.delete(folder.resolve(Manifest.FILE)),
            () -> Files.writeString(folder.resolve(Manifest.FILE), "nonsense"),
            () ->
                Files.writeString(
                    folder.resolve(Manifest.FILE), "nacelle native cache 1\nlibx.so 1 2\n"));
    for (Damage damage : kinds) {
      damage.happen();
      assertEquals(folder, provide());
      assertWhole(folder);
    }
  }

  private interface Damage {
    void happen() throws IOException;
  }

  private static void flipOneByte(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[bytes.length / 2] ^= 1;
    Files.write(file, bytes);
    Files.setLastModifiedTime(file, FileTime.fromMillis(12345));
  }

  @Test
  void aTouchedButWholeFileIsKept() throws IOException {
    Path folder = provide();
    Path file = folder.resolve(Bundle.OPENBLAS.main());
    Object inode = Files.getAttribute(file, "unix:ino");
    Files.setLastModifiedTime(file, FileTime.fromMillis(12345));
    provide();
    assertEquals(inode, Files.getAttribute(file, "unix:ino"));
    assertNotEquals(FileTime.fromMillis(12345), Files.getLastModifiedTime(file));
  }

  @Test
  void removesWhatADeadProcessLeft() throws IOException {
    Path stale = Files.createDirectories(root.resolve("openblas-00000000.tmp-99"));
    Files.write(stale.resolve("half"), new byte[10]);
    provide();
    assertFalse(Files.exists(stale));
  }

  @Test
  void sayWhereItCannotWrite() throws IOException {
    Files.createDirectories(temp.resolve("cache"));
    Files.createFile(root);
    NativeException e = assertThrows(NativeException.class, this::provide);
    String message = String.valueOf(e.getMessage());
    assertTrue(message.startsWith("cannot unpack openblas (" + FakeJar.BYTES + " bytes) into "));
    assertTrue(message.contains("NACELLE_CACHE"), message);
  }

  @Test
  void theCacheFolderFollowsTheEnvironment() {
    assertEquals(
        Path.of("/a/b/native"),
        NativeCache.of(Map.of("NACELLE_CACHE", "/a/b", "XDG_CACHE_HOME", "/c")::get).root());
    assertEquals(
        Path.of("/c/nacelle/native"), NativeCache.of(Map.of("XDG_CACHE_HOME", "/c")::get).root());
    assertEquals(
        Path.of(System.getProperty("user.home"), ".cache", "nacelle", "native"),
        NativeCache.of(Map.of("XDG_CACHE_HOME", "relative")::get).root());
    assertEquals(
        Path.of("/somebody/.cache/nacelle/native"),
        NativeCache.of(Map.of("HOME", "/somebody")::get).root());
  }

  @Test
  void twoProcessesThatStartAtOnceUnpackOnce() throws IOException, InterruptedException {
    Path go = temp.resolve("go");
    List<Process> racers = new ArrayList<>();
    List<Path> answers = new ArrayList<>();
    for (int i = 0; i < 2; i++) {
      Path answer = temp.resolve("answer" + i);
      answers.add(answer);
      racers.add(
          new ProcessBuilder(
                  Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                  "-Xshare:auto",
                  "-XX:TieredStopAtLevel=1",
                  "-cp",
                  System.getProperty("java.class.path"),
                  RacingProcess.class.getName(),
                  jar.toString(),
                  root.toString(),
                  go.toString(),
                  answer.toString())
              .inheritIO()
              .start());
    }
    for (int i = 0; i < 2; i++) {
      for (int waits = 0; !Files.exists(Path.of(answers.get(i) + ".ready")); waits++) {
        assertTrue(waits < 3000 && racers.get(i).isAlive(), "process " + i + " came up");
        Thread.sleep(10);
      }
    }
    Files.createFile(go);
    for (int i = 0; i < 2; i++) {
      assertTrue(racers.get(i).waitFor(60, TimeUnit.SECONDS));
      assertEquals(0, racers.get(i).exitValue());
    }
    assertEquals(Files.readString(answers.get(0)), Files.readString(answers.get(1)));
    assertWhole(Path.of(Files.readString(answers.get(0))));
  }
}
