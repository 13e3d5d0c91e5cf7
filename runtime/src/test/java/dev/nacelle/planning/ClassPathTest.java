package dev.nacelle.planning;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.jar.Attributes;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ClassPathTest {
  @TempDir private Path folder;

  private String jar(String name, String classPath) throws IOException {
    Manifest manifest = new Manifest();
    manifest.getMainAttributes().put(Attributes.Name.MANIFEST_VERSION, "1.0");
    manifest.getMainAttributes().put(Attributes.Name.CLASS_PATH, classPath);
    Path jar = folder.resolve(name);
    try (OutputStream file = Files.newOutputStream(jar);
        JarOutputStream empty = new JarOutputStream(file, manifest)) {
      empty.finish();
    }
    return jar.toString();
  }

  /** A jar that only names others is another one in each JVM that a build starts. */
  @Test
  void whatAJarNamesCountsAndNotItsOwnName() throws IOException {
    Path classes = Files.createDirectory(folder.resolve("classes"));
    Path one = Files.writeString(classes.resolve("One.class"), "1");
    String plain = ClassPath.digest(classes.toString());
    assertEquals(plain, ClassPath.digest(jar("a.jar", "classes/")));
    assertEquals(plain, ClassPath.digest(jar("b.jar", classes.toUri().toString())));
    Files.writeString(one, "12");
    assertNotEquals(plain, ClassPath.digest(folder.resolve("a.jar").toString()));
    String gone = ClassPath.digest(folder.resolve("gone.jar").toString());
    assertNotEquals(plain, gone);
    Files.writeString(folder.resolve("odd.jar"), "no archive");
    assertNotEquals(gone, ClassPath.digest(folder.resolve("odd.jar").toString()));
  }
}
